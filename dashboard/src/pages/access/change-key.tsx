import { useMutation, type UseMutationResult, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { type ApiKey, keysQuery, revokeKey, rotateKey } from "../../api/access.ts";
import { Button } from "../../parts/button.tsx";
import { ConfirmForm } from "../../parts/dialogs/confirm-dialog.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { Field, Select } from "../../parts/forms/field.tsx";
import { notify } from "../../parts/problems/notice.tsx";
import { text } from "../../text/text.ts";
import { NewKey, type Shown } from "./new-key.tsx";

const words = text.access.keys;

type Changed = { readonly key?: string | null };

/** A change of a key, after which the list is read again. */
export function useKeyChange<Result extends Changed>(change: () => Promise<Result>): UseMutationResult<Result> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => client.invalidateQueries({ queryKey: keysQuery.queryKey }),
  });
}

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

/** Asks before a change of a key, and shows the key that it returns. */
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

type ChosenProps = { readonly chosen: ApiKey; readonly onClose: () => void };

export function RotateKey({ chosen: { id, name }, onClose }: ChosenProps) {
  const [grace, setGrace] = useState("0");
  const rotate = useKeyChange(() => rotateKey(id, Number(grace)));
  return (
    <KeyDialog title={words.rotateTitle} action={words.rotateAction} change={rotate} onClose={onClose}>
      <p className="text-sm">{words.rotateNote(name)}</p>
      <Field label={words.grace}>
        {({ id: field }) => (
          <Select id={field} value={grace} onChange={(event) => setGrace(event.target.value)}>
            {words.graces.map(([seconds, label]) => (
              <option key={seconds} value={seconds}>
                {label}
              </option>
            ))}
          </Select>
        )}
      </Field>
    </KeyDialog>
  );
}

export function RevokeKey({ chosen: { id, name }, onClose }: ChosenProps) {
  const revoke = useKeyChange(async () => {
    await revokeKey(id);
    notify(words.revoked);
    onClose();
    return {};
  });
  return (
    <KeyDialog title={words.revokeTitle} action={words.revokeAction} look="danger" change={revoke} onClose={onClose}>
      <p className="text-sm">{words.revokeNote(name)}</p>
    </KeyDialog>
  );
}
