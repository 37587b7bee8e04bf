import type { KeyboardEventHandler, ReactNode } from "react";
import { ProblemView } from "../problems/problem-view.tsx";

type Props = {
  readonly onSubmit: () => void;
  readonly onKeyDown?: KeyboardEventHandler<HTMLFormElement>;
  /** What no field of the form can show. */
  readonly error: Error | null;
  /** What is said of it as a whole, such as that it would be refused. */
  readonly remark?: ReactNode;
  readonly buttons: ReactNode;
  readonly children: ReactNode;
};

/** The form of a dialog: what is asked scrolls where it is too long; what went wrong and the buttons are always seen below it. */
export function DialogForm({ onSubmit, onKeyDown, error, remark, buttons, children }: Props) {
  return (
    <form
      className="flex min-h-0 flex-col"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
      onKeyDown={onKeyDown}
    >
      <div className="min-h-0 flex-1 space-y-4 overflow-y-auto p-5">{children}</div>
      <div className="shrink-0 space-y-3 border-t border-line px-5 py-3">
        {remark}
        {error === null ? null : <ProblemView error={error} />}
        <div className="flex flex-wrap justify-end gap-2">{buttons}</div>
      </div>
    </form>
  );
}
