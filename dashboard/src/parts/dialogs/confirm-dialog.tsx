import type { ReactNode } from "react";
import { text } from "../../text/text.ts";
import { Button } from "../button.tsx";
import { DialogForm } from "./dialog-form.tsx";
import { Dialog } from "./dialog.tsx";

/** What is done when the dialog is confirmed: a mutation without variables. */
type Change = { readonly mutate: () => void; readonly isPending: boolean; readonly error: Error | null };

type FormProps = {
  /** What the button says. */
  readonly action: string;
  readonly look?: "primary" | "danger";
  readonly change: Change;
  readonly isReady?: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
};

/** The form of a dialog that asks before a change. */
export function ConfirmForm({ action, look = "danger", change, isReady = true, onClose, children }: FormProps) {
  return (
    <DialogForm
      onSubmit={() => {
        if (isReady && !change.isPending) change.mutate();
      }}
      error={change.error}
      buttons={
        <>
          <Button onClick={onClose}>{text.actions.cancel}</Button>
          <Button type="submit" look={look} disabled={!isReady || change.isPending}>
            {action}
          </Button>
        </>
      }
    >
      {children}
    </DialogForm>
  );
}

/** Asks before a change. */
export function ConfirmDialog({ title, ...form }: FormProps & { readonly title: string }) {
  return (
    <Dialog title={title} onClose={form.onClose}>
      <ConfirmForm {...form} />
    </Dialog>
  );
}
