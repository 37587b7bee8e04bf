import { rotateTriggerSecret } from "./queries.ts";
import { Button } from "../../parts/button.tsx";
import { Fact } from "../../parts/card.tsx";
import { DialogForm } from "../../parts/dialogs/dialog-form.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { text } from "../../text/text.ts";
import { useTriggerChange } from "./use-trigger-change.ts";

const words = text.triggers;

type Props = { readonly id: string; readonly onClose: () => void };

/** Replaces the secret of a webhook and shows it once. */
export function HookSecret({ id, onClose }: Props) {
  const rotate = useTriggerChange(() => rotateTriggerSecret(id), id);
  return (
    <Dialog title={words.secretTitle} onClose={onClose}>
      <DialogForm
        onSubmit={() => {
          if (!rotate.isPending) rotate.mutate(undefined);
        }}
        error={rotate.error}
        buttons={
          <>
            <Button onClick={onClose}>{text.actions.close}</Button>
            {rotate.data === undefined ? (
              <Button type="submit" look="primary" disabled={rotate.isPending}>
                {words.secret}
              </Button>
            ) : null}
          </>
        }
      >
        <p className="text-sm">{words.secretNote}</p>
        {rotate.data === undefined ? null : (
          <dl className="space-y-3">
            <Fact name={words.address}>POST {rotate.data.url}</Fact>
            <Fact name={words.secretTitle}>
              <code className="font-mono text-xs">{rotate.data.secret}</code>
            </Fact>
          </dl>
        )}
      </DialogForm>
    </Dialog>
  );
}
