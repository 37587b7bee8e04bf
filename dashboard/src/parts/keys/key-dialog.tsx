import type { UseMutationResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { text } from "../../text/text.ts";
import { Button } from "../button.tsx";
import { ConfirmForm } from "../dialogs/confirm-dialog.tsx";
import { Dialog } from "../dialogs/dialog.tsx";
import { NewKey, type Shown } from "./new-key.tsx";

/** Result of a change: a key or secret that is shown once. */
export type Changed = { readonly key?: string | null };

type Props = {
  readonly title: string;
  readonly action: string;
  readonly look?: "primary" | "danger";
  readonly change: UseMutationResult<Changed>;
  readonly isReady?: boolean;
  /** Words for the result; default: those for a key. */
  readonly shown?: Shown;
  readonly onClose: () => void;
  readonly children: ReactNode;
};

/** Asks before a change, and shows the key or secret that it returns. */
export function KeyDialog({ title, action, look = "primary", change, onClose, children, ...rest }: Props) {
  const { isReady = true, shown } = rest;
  const key = change.data?.key;
  return (
    <Dialog title={title} onClose={onClose}>
      {key == null ? (
        <ConfirmForm action={action} look={look} change={change} isReady={isReady} onClose={onClose}>
          {children}
        </ConfirmForm>
      ) : (
        <div className="space-y-4 p-5">
          <NewKey value={key} shown={shown} />
          <Button onClick={onClose}>{text.actions.close}</Button>
        </div>
      )}
    </Dialog>
  );
}
