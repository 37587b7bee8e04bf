import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Archive, CircleStop, GitBranch, Merge, Send } from "lucide-react";
import { useState } from "react";
import { operations, type Conversation } from "../../../../src/api/contract/index.ts";
import {
  archiveConversation,
  conversationsQuery,
  endConversation,
  isOver,
  mergeConversation,
} from "../../api/conversations.ts";
import { Button, buttonClass } from "../../parts/button.tsx";
import { DialogForm } from "../../parts/dialogs/dialog-form.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { Field, Input } from "../../parts/forms/field.tsx";
import { notify } from "../../parts/problems/notice.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { text } from "../../text/text.ts";

const words = text.conversations;

type Props = { readonly conversation: Conversation };

/** Actions of a conversation: reply, branch, merge, end while it is open, archive when it has ended. */
export function ConversationActions({ conversation }: Props) {
  const [asking, setAsking] = useState<"end" | "merge">();
  const close = () => setAsking(undefined);
  return (
    <>
      {isOver(conversation) ? null : (
        <Link to="/messages" search={{ conversation: conversation.id, compose: true }} className={buttonClass("plain")}>
          <Send aria-hidden />
          {words.reply}
        </Link>
      )}
      <Link to="/messages" search={{ parent: conversation.id, compose: true }} className={buttonClass("plain")}>
        <GitBranch aria-hidden />
        {words.branch}
      </Link>
      {conversation.state === "merged" ? null : (
        <Button needs={operations.conversation.merge} onClick={() => setAsking("merge")}>
          <Merge aria-hidden />
          {words.merge}
        </Button>
      )}
      {isOver(conversation) ? (
        <ArchiveButton conversation={conversation} />
      ) : (
        <Button needs={operations.conversation.end} look="danger" onClick={() => setAsking("end")}>
          <CircleStop aria-hidden />
          {words.end}
        </Button>
      )}
      {asking === "end" ? <EndDialog conversation={conversation} onClose={close} /> : null}
      {asking === "merge" ? <MergeDialog conversation={conversation} onClose={close} /> : null}
    </>
  );
}

function ArchiveButton({ conversation }: Props) {
  const archive = useChange(archiveConversation, words.archivedNow);
  if (conversation.archived_at !== null) return null;
  return (
    <Button
      needs={operations.conversation.archive}
      disabled={archive.isPending}
      onClick={() => archive.mutate(conversation.id, { onError: (error) => notify(error.message) })}
    >
      <Archive aria-hidden />
      {words.archive}
    </Button>
  );
}

function useChange(change: (id: string) => Promise<Conversation>, done: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: async (conversation) => {
      notify(done);
      client.setQueryData(["conversation", conversation.id], conversation);
      await client.invalidateQueries({ queryKey: ["conversations"] });
    },
  });
}

function EndDialog({ conversation, onClose }: Props & { readonly onClose: () => void }) {
  const end = useChange(endConversation, words.ended);
  return (
    <Dialog title={words.endTitle} onClose={onClose}>
      <div className="space-y-4 p-5">
        <p className="text-sm">{words.endNote}</p>
        {end.error === null ? null : <ProblemView error={end.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{text.actions.cancel}</Button>
          <Button
            look="danger"
            disabled={end.isPending}
            onClick={() => end.mutate(conversation.id, { onSuccess: onClose })}
          >
            {words.end}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

function MergeDialog({ conversation: { id }, onClose }: Props & { readonly onClose: () => void }) {
  const [into, setInto] = useState("");
  const merge = useChange(() => mergeConversation(id, into.trim()), words.mergedNow);
  const others = useInfiniteQuery(conversationsQuery({})).data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Dialog title={words.mergeTitle} onClose={onClose}>
      <DialogForm
        onSubmit={() => {
          if (!merge.isPending && into.trim() !== "") merge.mutate(id, { onSuccess: onClose });
        }}
        error={merge.error}
        buttons={
          <>
            <Button onClick={onClose}>{text.actions.cancel}</Button>
            <Button type="submit" look="primary" disabled={merge.isPending || into.trim() === ""}>
              {words.merge}
            </Button>
          </>
        }
      >
        <p className="text-sm">{words.mergeNote}</p>
        <Field label={words.mergeInto} note={words.mergeIntoNote} required>
          {({ id: field, describedBy }) => (
            <>
              <Input
                id={field}
                data-autofocus
                autoComplete="off"
                aria-describedby={describedBy}
                list={`${field}-others`}
                value={into}
                onChange={({ target }) => setInto(target.value)}
              />
              <datalist id={`${field}-others`}>
                {others
                  .filter((other) => other.id !== id && !isOver(other))
                  .map((other) => (
                    <option key={other.id} value={other.id}>
                      {words.title(
                        other.initiator,
                        other.participants.map(({ name }) => name),
                      )}
                    </option>
                  ))}
              </datalist>
            </>
          )}
        </Field>
      </DialogForm>
    </Dialog>
  );
}
