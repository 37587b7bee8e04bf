import type { ReactNode } from "react";
import { Button } from "../../../parts/button.tsx";
import { DialogForm } from "../../../parts/dialogs/dialog-form.tsx";
import { Dialog } from "../../../parts/dialogs/dialog.tsx";
import { text } from "../../../text/text.ts";

type Props = {
  readonly title: string;
  readonly action: string;
  readonly onClose: () => void;
  readonly onSubmit: () => void;
  readonly isReady: boolean;
  readonly look?: "primary" | "danger";
  /** What no field of the form can show. */
  readonly error: Error | null;
  readonly remark?: ReactNode;
  readonly children: ReactNode;
};

/** A dialog with a form, what failed in it, and its two buttons. */
export function ChangeForm({
  title,
  action,
  onClose,
  onSubmit,
  isReady,
  look = "primary",
  error,
  remark,
  children,
}: Props) {
  return (
    <Dialog title={title} onClose={onClose}>
      <DialogForm
        onSubmit={() => {
          if (isReady) onSubmit();
        }}
        error={error}
        remark={remark}
        buttons={
          <>
            <Button onClick={onClose}>{text.actions.cancel}</Button>
            <Button type="submit" look={look} disabled={!isReady}>
              {action}
            </Button>
          </>
        }
      >
        {children}
      </DialogForm>
    </Dialog>
  );
}
