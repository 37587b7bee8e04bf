import { Paperclip, X } from "lucide-react";
import { useRef } from "react";
import { Button, IconButton } from "../../parts/button.tsx";
import { bytes } from "../../parts/format/format.ts";
import { text } from "../../text/text.ts";

type FilesProps = { readonly files: readonly File[]; readonly onRemove: (file: File) => void };

/** Files that will be sent, each to be taken off again. */
export function Files({ files, onRemove }: FilesProps) {
  if (files.length === 0) return null;
  return (
    <ul aria-label={text.run.attached} className="flex flex-wrap gap-1.5 px-4 pt-1">
      {files.map((file) => (
        <li
          key={`${file.name} ${file.size} ${file.lastModified}`}
          className="flex max-w-full items-center gap-1.5 rounded-md border border-line bg-sunken py-0.5 pr-0.5 pl-2 text-xs"
        >
          <Paperclip aria-hidden className="size-3 shrink-0 text-muted" />
          <span className="truncate">{file.name}</span>
          <span className="text-muted">{bytes(file.size)}</span>
          <IconButton
            label={text.tryIt.remove(file.name)}
            onClick={() => onRemove(file)}
            className="size-5! [&_svg]:size-3!"
          >
            <X aria-hidden />
          </IconButton>
        </li>
      ))}
    </ul>
  );
}

export function AttachButton({ onFiles }: { readonly onFiles: (files: readonly File[]) => void }) {
  const picker = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
      <Button look="quiet" onClick={() => picker.current?.click()}>
        <Paperclip aria-hidden />
        {text.tryIt.attach}
      </Button>
    </>
  );
}
