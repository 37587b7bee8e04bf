import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Download, Ellipsis, GitFork, Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { operations, requestPath, type Thread } from "../../../../src/api/contract/index.ts";
import { deleteThread, forkThread, renameThread } from "../../api/threads/threads.ts";
import { inWorkspace } from "../../api/workspace.ts";
import { Button, IconButton } from "../../parts/button.tsx";
import { ConfirmDialog } from "../../parts/dialogs/confirm-dialog.tsx";
import { DialogForm } from "../../parts/dialogs/dialog-form.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { Field, Input } from "../../parts/forms/field.tsx";
import { Menu } from "../../parts/menu.tsx";
import { notify } from "../../parts/problems/notice.tsx";
import { text } from "../../text/text.ts";

const words = text.chat;
const TITLE_CHARS_MAX = 200;

type Props = { readonly thread: Thread };

/** Renames, forks, exports or deletes a thread. */
export function ThreadMenu({ thread }: Props) {
  const [dialog, setDialog] = useState<"rename" | "delete" | undefined>();
  const fork = useFork(thread.id);
  const close = () => setDialog(undefined);
  const { head } = thread;
  return (
    <>
      <Menu
        trigger={
          <IconButton label={words.threadActions}>
            <Ellipsis aria-hidden />
          </IconButton>
        }
        items={[
          {
            label: words.rename,
            icon: <Pencil aria-hidden />,
            needs: operations.thread.update,
            act: () => setDialog("rename"),
          },
          ...(head === null
            ? []
            : [
                {
                  label: words.fork,
                  icon: <GitFork aria-hidden />,
                  needs: operations.thread.fork,
                  act: () => fork(head),
                },
                {
                  label: words.export,
                  icon: <Download aria-hidden />,
                  needs: operations.thread.export,
                  act: () => save(thread.id),
                },
              ]),
          {
            label: words.delete,
            icon: <Trash2 aria-hidden />,
            danger: true,
            needs: operations.thread.delete,
            act: () => setDialog("delete"),
          },
        ]}
      />
      {dialog === "rename" ? <Rename thread={thread} onClose={close} /> : null}
      {dialog === "delete" ? <Delete thread={thread} onClose={close} /> : null}
    </>
  );
}

/** Saves the branch that is shown, as Markdown. */
function save(id: string): void {
  const link = document.createElement("a");
  link.href = inWorkspace(`${requestPath(operations.thread.export, { id })}?format=markdown`);
  link.download = "";
  link.click();
}

/** Forks a thread at a turn, and opens the fork. */
export function useFork(id: string): (at: string) => void {
  const navigate = useNavigate();
  const client = useQueryClient();
  const { mutate } = useMutation({
    mutationFn: (at: string) => forkThread(id, at),
    onSuccess: async (made) => {
      notify(words.forkedTo);
      void client.invalidateQueries({ queryKey: ["threads"] });
      await navigate({ to: "/chat/$id", params: { id: made.id } });
    },
    onError: ({ message }) => notify(message),
  });
  return mutate;
}

type DialogProps = Props & { readonly onClose: () => void };

function Rename({ thread, onClose }: DialogProps) {
  const client = useQueryClient();
  const [title, setTitle] = useState(thread.title);
  const rename = useMutation({
    mutationFn: () => renameThread(thread.id, title.trim()),
    onSuccess: (renamed) => {
      client.setQueryData(["thread", thread.id], renamed);
      onClose();
      return client.invalidateQueries({ queryKey: ["threads"] });
    },
  });
  return (
    <ConfirmDialog title={words.rename} action={words.rename} look="primary" change={rename} onClose={onClose}>
      <Field label={words.title}>
        {({ id }) => (
          <Input
            id={id}
            data-autofocus
            autoComplete="off"
            maxLength={TITLE_CHARS_MAX}
            value={title}
            onChange={({ target }) => setTitle(target.value)}
          />
        )}
      </Field>
    </ConfirmDialog>
  );
}

function Delete({ thread, onClose }: DialogProps) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => deleteThread(thread.id),
    onSuccess: async () => {
      notify(words.deleted);
      onClose();
      await navigate({ to: "/chat" });
      client.removeQueries({ queryKey: ["thread", thread.id] });
      await client.invalidateQueries({ queryKey: ["threads"] });
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
            <Button data-autofocus onClick={onClose}>
              {text.actions.cancel}
            </Button>
            <Button type="submit" look="danger" disabled={remove.isPending}>
              {words.delete}
            </Button>
          </>
        }
      >
        <p className="font-medium [overflow-wrap:anywhere]">{thread.title}</p>
        <p className="text-sm text-muted">{words.deleteNote}</p>
      </DialogForm>
    </Dialog>
  );
}
