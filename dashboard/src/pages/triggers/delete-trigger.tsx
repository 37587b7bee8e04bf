import type { Trigger } from "../../../../src/api/contract/index.ts";
import { deleteTrigger } from "./queries.ts";
import { ConfirmDialog } from "../../parts/dialogs/confirm-dialog.tsx";
import { notify } from "../../parts/problems/notice.tsx";
import { text } from "../../text/text.ts";
import { useTriggerChange } from "./use-trigger-change.ts";

const words = text.triggers;

type Props = { readonly of: Trigger; readonly onClose: () => void };

/** Asks before a trigger is deleted. */
export function DeleteTrigger({ of: { id, agent, trigger }, onClose }: Props) {
  const remove = useTriggerChange(async () => {
    await deleteTrigger(id);
    notify(words.removed);
  }, id);
  return (
    <ConfirmDialog
      title={words.removeTitle(`${agent}/${trigger.name}`)}
      action={words.remove}
      change={{ ...remove, mutate: () => remove.mutate(undefined) }}
      onClose={onClose}
    >
      <p className="text-sm">{words.removeNote}</p>
    </ConfirmDialog>
  );
}
