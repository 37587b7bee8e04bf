import type { MessageReceipt } from "../../../../src/api/contract/index.ts";
import { useMessageTail } from "../../api/live/message-tail.ts";
import { tailPath } from "../../api/messages.ts";
import { ActBadge } from "../../parts/messages/act-badge.tsx";
import { Card, Fact } from "../../parts/card.tsx";
import { clockTime } from "../../parts/format/format.ts";
import { contentWords, shortId } from "../../parts/messages/message-words.ts";
import { text } from "../../text/text.ts";

const words = text.messages.composer;
/** Of what was said before in the same conversation. */
const PAST = 50;

/** Receipt of a sent message, with its deliveries and replies, live. */
export const Receipt = ({ receipt }: { readonly receipt: MessageReceipt }) => (
  <>
    <Card title={words.receipt}>
      <p className={`mb-3 font-medium ${receipt.status === "accepted" ? "text-good" : "text-bad"}`}>
        {words.status[receipt.status]}
      </p>
      {receipt.duplicate ? <p className="mb-3 text-sm text-warn">{words.duplicate}</p> : null}
      {receipt.error === null ? null : (
        <p className="mb-3 text-sm">
          {receipt.error.message} <span className="text-muted">{receipt.error.hint}</span>{" "}
          <code className="font-mono text-xs">{receipt.error.code}</code>
        </p>
      )}
      <dl className="grid gap-3 sm:grid-cols-3">
        <Fact name={text.messages.columns.to}>{receipt.recipients.join(", ") || text.messages.noRecipient}</Fact>
        {receipt.nearest === null ? null : (
          <Fact name={words.nearest}>
            {receipt.nearest.capability} <span className="text-muted">{receipt.nearest.similarity.toFixed(2)}</span>
          </Fact>
        )}
        {receipt.unchecked_protocol === null ? null : <Fact name={words.unchecked}>{receipt.unchecked_protocol}</Fact>}
        <Fact name={text.messages.facts.conversation}>{shortId(receipt.conversation_id)}</Fact>
        <Fact name={text.messages.facts.id}>{shortId(receipt.id)}</Fact>
      </dl>
    </Card>
    {receipt.status === "refused" ? null : <Thread receipt={receipt} />}
  </>
);

function Thread({ receipt }: { readonly receipt: MessageReceipt }) {
  const { messages } = useMessageTail(tailPath({ conversation_id: receipt.conversation_id }, PAST));
  const at = messages.findIndex(({ id }) => id === receipt.id);
  const since = at === -1 ? [] : messages.slice(at + 1);
  return (
    <Card title={words.thread}>
      <div role="status" className="space-y-3">
        {since.length === 0 ? <p className="animate-pulse-soft text-sm text-muted">{words.waits}</p> : null}
        {since.map((message) => (
          <div key={message.position} className="text-sm">
            <p className="flex flex-wrap items-center gap-2">
              <ActBadge act={message.performative} />
              <span className="font-medium">{message.sender}</span>
              <span className="text-xs text-muted">{clockTime(Date.parse(message.at))}</span>
            </p>
            <p className="mt-1 max-h-60 overflow-y-auto whitespace-pre-wrap [overflow-wrap:anywhere]">
              {contentWords(message)}
            </p>
          </div>
        ))}
      </div>
    </Card>
  );
}
