import { Link } from "@tanstack/react-router";
import type { RunDetail } from "../../../../src/api/contract/index.ts";
import { Card, Chip } from "../../parts/card.tsx";
import { text } from "../../text/text.ts";

/** The message that started the run. */
export function StartedBy({ run: { message } }: { readonly run: RunDetail }) {
  if (message === null) return null;
  return (
    <p className="mt-3 text-xs text-muted [overflow-wrap:anywhere]">
      {text.run.startedBy(message.performative, message.sender)}{" "}
      <Link to="/messages" search={{ message: message.id }} className="font-mono text-accent hover:underline">
        {message.id}
      </Link>
      <br />
      {text.run.inConversation}{" "}
      <Link
        to="/conversations/$id"
        params={{ id: message.conversation }}
        className="font-mono text-accent hover:underline"
      >
        {message.conversation}
      </Link>
    </p>
  );
}

/** Agents that the run asked, with the state of each request. */
export function Replies({ run }: { readonly run: RunDetail }) {
  if (run.replies.length === 0) return null;
  return (
    <Card title={text.run.asked}>
      <ul aria-label={text.run.asked} className="space-y-1.5">
        {run.replies.map(({ reply_with: id, to, state, conversation }) => (
          <li key={id} className="flex flex-wrap items-center gap-2">
            <span className="font-medium">{to}</span>
            <Chip>{text.replyStates[state]}</Chip>
            <span className="text-xs text-muted [overflow-wrap:anywhere]">{conversation}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
