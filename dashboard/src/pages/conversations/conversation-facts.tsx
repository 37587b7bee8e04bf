import { Link } from "@tanstack/react-router";
import type { Conversation } from "../../../../src/api/contract/index.ts";
import { Ago } from "../../parts/format/ago.tsx";
import { Fact } from "../../parts/card.tsx";
import { fullTime } from "../../parts/format/format.ts";
import { shortId } from "../../parts/messages/message-words.ts";
import { text } from "../../text/text.ts";
import { ConversationState } from "./state-badge.tsx";

const words = text.conversations;

/** How it stands. */
export function ConversationFacts({ conversation }: { readonly conversation: Conversation }) {
  const { facts } = words;
  return (
    <dl className="grid grid-cols-2 gap-x-4 gap-y-3 sm:grid-cols-4 lg:grid-cols-6">
      <Fact name={facts.state}>
        <ConversationState of={conversation} />
        {conversation.archived_at === null ? null : <span className="text-xs text-muted"> {words.archivedNote}</span>}
      </Fact>
      {conversation.outcome === null ? null : <Fact name={facts.outcome}>{conversation.outcome}</Fact>}
      <Fact name={facts.protocol}>{conversation.protocol ?? words.free}</Fact>
      {conversation.capability === null ? null : <Fact name={facts.capability}>{conversation.capability}</Fact>}
      {conversation.topic === null ? null : <Fact name={facts.topic}>{conversation.topic}</Fact>}
      <Fact name={facts.messages}>{conversation.messages}</Fact>
      <Fact name={facts.started}>
        <Ago at={conversation.started_at} />
      </Fact>
      <Fact name={facts.last}>
        <Ago at={conversation.last_activity_at} />
      </Fact>
      {conversation.due_at === null ? null : <Fact name={facts.due}>{fullTime(conversation.due_at)}</Fact>}
      {conversation.expires_at === null ? null : <Fact name={facts.expires}>{fullTime(conversation.expires_at)}</Fact>}
      <Related name={facts.parent} ids={conversation.parent === null ? [] : [conversation.parent]} />
      <Related name={facts.branches} ids={conversation.branches} />
      <Related name={facts.merged} ids={conversation.merged} />
    </dl>
  );
}

function Related({ name, ids }: { readonly name: string; readonly ids: readonly string[] }) {
  if (ids.length === 0) return null;
  return (
    <Fact name={name}>
      {ids.map((id) => (
        <Link key={id} to="/conversations/$id" params={{ id }} className="mr-2 text-accent hover:underline">
          {shortId(id)}
        </Link>
      ))}
    </Fact>
  );
}
