import { FileText } from "lucide-react";
import { operations, requestPath, type RunDetail } from "../../../../src/api/contract/index.ts";
import { inWorkspace } from "../../api/workspace.ts";
import { bytes } from "../../parts/format/format.ts";
import { text } from "../../text/text.ts";

export type SentFile = RunDetail["files"][number];

/** Larger images are not loaded before a user wants them. */
const SHOWN_BYTES_MAX = 20_000_000;

type Props = { readonly run: string; readonly files: readonly SentFile[] };

/** Files that were sent with a run: images through <img>, where their scripts cannot run; other files as links. */
export function SentFiles({ run, files }: Props) {
  if (files.length === 0) return null;
  return (
    <ul aria-label={text.run.attached} className="mt-2 flex flex-wrap items-end gap-1.5">
      {files.map((file) => {
        const address = inWorkspace(requestPath(operations.run.file, { id: run, name: file.name }));
        const isImage = file.media_type.startsWith("image/") && file.bytes <= SHOWN_BYTES_MAX;
        return (
          <li
            key={file.name}
            className="flex max-w-full flex-col overflow-hidden rounded-md border border-line bg-surface text-xs"
          >
            {isImage ? <ImagePreview name={file.name} address={address} /> : null}
            <a
              href={address}
              download={file.name}
              title={text.run.download(file.name)}
              className="flex min-h-6 min-w-0 items-center gap-1.5 px-2 py-0.5 hover:bg-hover"
            >
              <FileText aria-hidden className="size-3 shrink-0 text-muted" />
              <span className="truncate text-accent">{file.name}</span>
              <span className="whitespace-nowrap text-muted">{bytes(file.bytes)}</span>
            </a>
          </li>
        );
      })}
    </ul>
  );
}

const ImagePreview = ({ name, address }: { readonly name: string; readonly address: string }) => (
  <a href={address} target="_blank" rel="noreferrer" className="block border-b border-line bg-paper p-1">
    <img src={address} alt={text.run.sentImage(name)} loading="lazy" className="mx-auto max-h-48 max-w-full" />
  </a>
);
