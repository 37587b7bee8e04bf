import type { ReactNode } from "react";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { ProblemView } from "../../parts/problem-view.tsx";
import { text } from "../../text.ts";

type Props = {
  readonly title: string;
  readonly action: string;
  readonly onClose: () => void;
  readonly onSubmit: () => void;
  readonly isReady: boolean;
  readonly look?: "primary" | "danger";
  /** What no field of the form can show. */
  readonly error: Error | null;
  readonly children: ReactNode;
};

/** A dialog with a form, what failed in it, and its two buttons. */
export function ChangeForm({ title, action, onClose, onSubmit, isReady, look = "primary", error, children }: Props) {
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className="space-y-4 overflow-y-auto p-5"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) onSubmit();
        }}
      >
        {children}
        {error === null ? null : <ProblemView error={error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{text.actions.cancel}</Button>
          <Button type="submit" look={look} disabled={!isReady}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
