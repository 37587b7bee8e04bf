import { useMutation, useQueryClient } from "@tanstack/react-query";
import { deleteSecret, refetchSecrets, type SecretPlace } from "../../api/secrets.ts";
import { Button } from "../../parts/button.tsx";
import { DialogForm } from "../../parts/dialogs/dialog-form.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { notify } from "../../parts/problems/notice.tsx";
import { EVERYWHERE } from "../../parts/permission.ts";
import { text } from "../../text/text.ts";

const words = text.settings.secrets;

type Props = { readonly secret: SecretPlace; readonly onClose: () => void };

/** Asks before a secret is deleted. */
export function DeleteSecret({ secret, onClose }: Props) {
  const client = useQueryClient();
  const { name, workspace } = secret;
  const remove = useMutation({
    mutationFn: () => deleteSecret(secret),
    onSuccess: () => {
      notify(words.deleted);
      onClose();
      return refetchSecrets(client);
    },
  });
  return (
    <Dialog title={words.deleteTitle} onClose={onClose}>
      <DialogForm
        onSubmit={() => {
          if (!remove.isPending) remove.mutate();
        }}
        error={remove.error}
        buttons={
          <>
            <Button onClick={onClose}>{text.actions.cancel}</Button>
            <Button type="submit" look="danger" disabled={remove.isPending}>
              {words.deleteAction}
            </Button>
          </>
        }
      >
        <p className="text-sm [overflow-wrap:anywhere]">
          {words.deleteNote(name, workspace === EVERYWHERE ? words.everywhere : words.ofWorkspace(workspace))}
        </p>
      </DialogForm>
    </Dialog>
  );
}
