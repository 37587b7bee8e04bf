import { Download, FileText } from "lucide-react";
import type { ArtifactSummary } from "../../../../src/api/contract/index.ts";
import { inWorkspace } from "../../api/workspace.ts";
import { cx } from "../../parts/class-names.ts";
import { bytes } from "../../parts/format/format.ts";
import { text } from "../../text/text.ts";

export type Made = Pick<ArtifactSummary, "id" | "name" | "media_type" | "bytes" | "url">;

/** Files created by a run: images through <img>, where their scripts cannot run; other files as links. */
export function MadeFiles({ files }: { readonly files: readonly Made[] }) {
  if (files.length === 0) return null;
  return (
    <ul aria-label={text.run.made} className="space-y-3">
      {files.map((file) => (
        <li key={file.id}>
          {file.media_type.startsWith("image/") ? <ImageFile file={file} /> : <FileLink file={file} />}
        </li>
      ))}
    </ul>
  );
}

const ImageFile = ({ file }: { readonly file: Made }) => (
  <figure className="overflow-hidden rounded-lg border border-line">
    {/* A drawing may follow the page's theme, a photograph is made for white paper. */}
    <a
      href={inWorkspace(file.url)}
      target="_blank"
      rel="noreferrer"
      className={cx("block p-3", file.media_type === "image/svg+xml" ? "bg-surface" : "bg-paper")}
    >
      <img src={inWorkspace(file.url)} alt={text.run.image(file.name)} className="mx-auto max-h-96 max-w-full" />
    </a>
    <figcaption className="flex items-center gap-3 border-t border-line bg-surface px-3 py-1.5 text-xs text-muted">
      <span className="min-w-0 flex-1 truncate font-mono">{file.name}</span>
      <span>{bytes(file.bytes)}</span>
      <DownloadLink file={file} />
    </figcaption>
  </figure>
);

const FileLink = ({ file }: { readonly file: Made }) => (
  <div className="flex items-center gap-2 rounded-lg border border-line px-3 py-2 text-sm">
    <FileText aria-hidden className="size-4 text-muted" />
    <a
      href={inWorkspace(file.url)}
      target="_blank"
      rel="noreferrer"
      className="min-w-0 flex-1 truncate text-accent hover:underline"
    >
      {file.name}
    </a>
    <span className="text-xs text-muted">{bytes(file.bytes)}</span>
    <DownloadLink file={file} />
  </div>
);

const DownloadLink = ({ file }: { readonly file: Made }) => (
  <a
    href={inWorkspace(file.url)}
    download={file.name}
    aria-label={text.run.download(file.name)}
    title={text.run.download(file.name)}
    className="inline-flex size-6 items-center justify-center rounded hover:bg-hover hover:text-ink"
  >
    <Download aria-hidden className="size-3.5" />
  </a>
);
