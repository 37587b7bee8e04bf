import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Archive, CircleStop, Send } from "lucide-react";
import { useState } from "react";
import type { Conversation } from "../../../../src/api/contract/index.ts";
import { archiveConversation, endConversation, isOver } from "../../api/conversations.ts";
import { Button, buttonClass } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { notify } from "../../parts/notice.tsx";
import { ProblemView } from "../../parts/problem-view.tsx";
import { text } from "../../text.ts";

const words = text.conversations;

type Props = { readonly conversation: Conversation };

/** What can be done with it: say something, end it while it is open, put it away when it is over. */
export function ConversationActions({ conversation }: Props) {
  const [ending, setEnding] = useState(false);
  const archive = useChange(archiveConversation, words.archivedNow);
  if (isOver(conversation)) {
    return conversation.archived_at === null ? (
      <Button disabled={archive.isPending} onClick={() => archive.mutate(conversation.id)}>
        <Archive aria-hidden />
        {words.archive}
      </Button>
    ) : null;
  }
  return (
    <>
      <Link to="/messages" search={{ conversation: conversation.id, compose: true }} className={buttonClass("plain")}>
        <Send aria-hidden />
        {words.reply}
      </Link>
      <Button look="danger" onClick={() => setEnding(true)}>
        <CircleStop aria-hidden />
        {words.end}
      </Button>
      {ending ? <EndDialog conversation={conversation} onClose={() => setEnding(false)} /> : null}
    </>
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
    onError: (error) => notify(error.message),
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
