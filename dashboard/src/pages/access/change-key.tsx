import { useMutation, type UseMutationResult, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type ApiKey, keysQuery, revokeKey, rotateKey } from "../../api/access.ts";
import { Field, Select } from "../../parts/forms/field.tsx";
import { notify } from "../../parts/problems/notice.tsx";
import { type Changed, KeyDialog } from "../../parts/keys/key-dialog.tsx";
import { text } from "../../text/text.ts";

const words = text.access.keys;

/** A change of a key, after which the list is read again. */
export function useKeyChange<Result extends Changed>(change: () => Promise<Result>): UseMutationResult<Result> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => client.invalidateQueries({ queryKey: keysQuery.queryKey }),
  });
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
