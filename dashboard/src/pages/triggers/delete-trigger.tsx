import type { Trigger } from "../../../../src/api/contract/index.ts";
import { deleteTrigger } from "./queries.ts";
import { Button } from "../../parts/button.tsx";
import { DialogForm } from "../../parts/dialogs/dialog-form.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
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
    <Dialog title={words.removeTitle(`${agent}/${trigger.name}`)} onClose={onClose}>
      <DialogForm
        onSubmit={() => {
          if (!remove.isPending) remove.mutate(undefined);
        }}
        error={remove.error}
        buttons={
          <>
            <Button onClick={onClose}>{text.actions.cancel}</Button>
            <Button type="submit" look="danger" disabled={remove.isPending}>
              {words.remove}
            </Button>
          </>
        }
      >
        <p className="text-sm">{words.removeNote}</p>
      </DialogForm>
    </Dialog>
  );
}
