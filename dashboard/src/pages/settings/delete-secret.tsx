import { useMutation, useQueryClient } from "@tanstack/react-query";
import { deleteSecret, refetchSecrets, type SecretPlace } from "../../api/secrets.ts";
import { ConfirmDialog } from "../../parts/dialogs/confirm-dialog.tsx";
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
    <ConfirmDialog title={words.deleteTitle} action={words.deleteAction} change={remove} onClose={onClose}>
      <p className="text-sm [overflow-wrap:anywhere]">
        {words.deleteNote(name, workspace === EVERYWHERE ? words.everywhere : words.ofWorkspace(workspace))}
      </p>
    </ConfirmDialog>
  );
}
