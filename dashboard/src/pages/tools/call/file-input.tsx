import { Upload } from "lucide-react";
import { useRef, type ReactNode } from "react";
import { Button } from "../../../parts/button.tsx";
import { cx } from "../../../parts/class-names.ts";
import { useFileDrop } from "../../../parts/forms/file-drop.ts";
import { text } from "../../../text/text.ts";

type Props = { readonly label: string; readonly input: ReactNode; readonly onFile: (file: File) => void };

/** An input for the path of a file, with a button that takes one from here; it may be dropped on it as well. */
export function FileInput({ label, input, onFile }: Props) {
  const picker = useRef<HTMLInputElement>(null);
  const take = ([file]: readonly File[]) => {
    if (file !== undefined) onFile(file);
  };
  const drop = useFileDrop(take);
  return (
    <div {...drop.handlers} className={cx("flex gap-1.5 rounded-md", drop.over && "outline-2 outline-accent")}>
      {input}
      <input
        ref={picker}
        type="file"
        hidden
        onChange={(event) => {
          take([...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
      <Button aria-label={text.call.uploadFor(label)} onClick={() => picker.current?.click()}>
        <Upload aria-hidden />
        {text.call.upload}
      </Button>
    </div>
  );
}
