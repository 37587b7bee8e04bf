import { useEffect, type ReactNode } from "react";
import { text } from "../text/text.ts";

type Props = {
  readonly title: string;
  readonly note?: ReactNode;
  /** Before the title: where this page hangs. */
  readonly above?: ReactNode;
  readonly children?: ReactNode;
};

/** The one h1 of a page, its line of explanation, and to the right what can be done. Names the browser's tab too. */
export function PageHeading({ title, note, above, children }: Props) {
  useEffect(() => {
    document.title = text.titleOf(title);
  }, [title]);
  return (
    <div className="mb-5 flex flex-wrap items-start gap-x-4 gap-y-3">
      <div className="min-w-0 flex-1 basis-80">
        {above}
        <h1 className="text-xl font-semibold tracking-tight [overflow-wrap:anywhere]">{title}</h1>
        {note === undefined ? null : <div className="mt-0.5 max-w-3xl text-sm text-muted">{note}</div>}
      </div>
      {children === undefined ? null : <div className="flex flex-wrap items-center gap-2">{children}</div>}
    </div>
  );
}
