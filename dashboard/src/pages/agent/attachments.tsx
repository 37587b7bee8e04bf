import { Paperclip, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
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
          <Preview file={file} />
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

/** An image as such, a PDF as a link to it, another file by its name. */
function Preview({ file }: { readonly file: File }) {
  const address = useAddress(file);
  if (file.type.startsWith("image/") && address !== undefined) {
    return (
      <>
        <img
          src={address}
          alt={text.tryIt.preview(file.name)}
          className="-ml-1 size-10 rounded bg-paper object-cover"
        />
        <span className="truncate">{file.name}</span>
      </>
    );
  }
  return (
    <>
      <Paperclip aria-hidden className="size-3 shrink-0 text-muted" />
      {file.type === PDF && address !== undefined ? (
        <a
          href={address}
          target="_blank"
          rel="noreferrer"
          aria-label={text.tryIt.preview(file.name)}
          className="truncate text-accent hover:underline"
        >
          {file.name}
        </a>
      ) : (
        <span className="truncate">{file.name}</span>
      )}
    </>
  );
}

const PDF = "application/pdf";
/** A larger image is not shown before it is sent. */
const IMAGE_BYTES_MAX = 20 * 1_024 * 1_024;

/** An address of a local image or PDF; undefined while it is read, and for other files. */
function useAddress(file: File): string | undefined {
  const [address, setAddress] = useState<string | undefined>();
  useEffect(() => {
    if (file.type === PDF) {
      const url = URL.createObjectURL(file);
      setAddress(url);
      return () => URL.revokeObjectURL(url);
    }
    if (!file.type.startsWith("image/") || file.size > IMAGE_BYTES_MAX) return undefined;
    // The content security policy permits images of data addresses, not of blobs.
    const reader = new FileReader();
    reader.addEventListener("load", () => setAddress(typeof reader.result === "string" ? reader.result : undefined));
    reader.readAsDataURL(file);
    return () => reader.abort();
  }, [file]);
  return address;
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
