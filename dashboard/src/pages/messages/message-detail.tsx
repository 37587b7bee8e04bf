import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Redo2, X } from "lucide-react";
import { operations, type MessageRecord, type VerifiedMessage } from "../../../../src/api/contract/index.ts";
import { keptContent } from "../../api/kept-content.ts";
import { conversationRunsQuery, messageQuery, replayMessage, traceQuery } from "../../api/messages.ts";
import { ActBadge } from "../../parts/messages/act-badge.tsx";
import { Button, IconButton } from "../../parts/button.tsx";
import { Card, Fact } from "../../parts/card.tsx";
import { cx } from "../../parts/class-names.ts";
import { CopyButton } from "../../parts/content/copy.tsx";
import { Skeleton } from "../../parts/empty.tsx";
import { clockTime, fullTime } from "../../parts/format/format.ts";
import { JsonView } from "../../parts/content/json-view.tsx";
import { SignatureBadge } from "../../parts/messages/signature-badge.tsx";
import { addressWords, contentWords, deliveryTone, meantAs, shortId } from "../../parts/messages/message-words.ts";
import { notify } from "../../parts/problems/notice.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { StatePill } from "../../parts/state-pill.tsx";
import { text } from "../../text/text.ts";
import { Fold, TextBlock } from "../run/fold.tsx";
import { LargeContent } from "./large-content.tsx";

const words = text.messages;

type Props = {
  readonly id: string;
  /** Shows another message here. */
  readonly onSelect: (id: string) => void;
  readonly onClose: () => void;
};

/** Details of a message: parameters, content, deliveries, trace. */
export function MessageDetail({ id, onSelect, onClose }: Props) {
  const { data: message, error, refetch } = useQuery(messageQuery(id));
  return (
    <section aria-label={words.detail} className="space-y-4">
      {message === undefined && error === null ? <Skeleton lines={10} /> : null}
      {error === null ? null : <ProblemView error={error} onRetry={() => void refetch()} />}
      {message === undefined ? null : (
        <>
          <Card
            title={<ActBadge act={message.performative} />}
            actions={<Actions message={message} onSelect={onSelect} onClose={onClose} />}
          >
            <p className="mb-3 font-medium [overflow-wrap:anywhere]">
              {message.sender} → {addressWords(message)}
            </p>
            <Facts message={message} onSelect={onSelect} />
          </Card>
          <Content message={message} />
          <Deliveries message={message} />
          <StartedRun message={message} />
          <Trace message={message} onSelect={onSelect} />
          <Card title={words.raw} flush>
            <Fold title="JSON" content={JSON.stringify(message.message, null, 2)} />
          </Card>
        </>
      )}
    </section>
  );
}

type OfMessage = { readonly message: MessageRecord };
type Selecting = { readonly onSelect: Props["onSelect"] };

function Actions({ message, onSelect, onClose }: OfMessage & Selecting & Pick<Props, "onClose">) {
  const client = useQueryClient();
  const replay = useMutation({
    mutationFn: () => replayMessage(message.id),
    onSuccess: async (receipt) => {
      notify(receipt.error === null ? words.replayed : receipt.error.message);
      if (receipt.status !== "refused") onSelect(receipt.id);
      await client.invalidateQueries({ queryKey: ["mailboxes"] });
    },
    onError: (error) => notify(error.message),
  });
  return (
    <>
      <Button
        needs={operations.message.replay}
        size="small"
        disabled={replay.isPending}
        onClick={() => replay.mutate()}
      >
        <Redo2 aria-hidden />
        {words.replay}
      </Button>
      <IconButton label={words.close} onClick={onClose}>
        <X aria-hidden />
      </IconButton>
    </>
  );
}

function Facts({ message, onSelect }: { readonly message: VerifiedMessage } & Selecting) {
  const { facts } = words;
  const meant = meantAs(message);
  const answers = useAnswered(message);
  return (
    <>
      <dl className="grid grid-cols-2 gap-x-4 gap-y-3 sm:grid-cols-3">
        <Fact name={facts.at}>{fullTime(message.at)}</Fact>
        <Fact name={facts.conversation}>
          <Link
            to="/conversations/$id"
            params={{ id: message.conversation_id }}
            search={{ message: message.id }}
            className="text-accent hover:underline"
          >
            {shortId(message.conversation_id)}
          </Link>
        </Fact>
        <Fact name={facts.protocol}>{message.protocol ?? facts.free}</Fact>
        <Fact name={facts.priority}>{message.priority}</Fact>
        {meant === undefined ? null : <Fact name={facts.addressed}>{meant}</Fact>}
        {message.reply_by === null ? null : <Fact name={facts.replyBy}>{fullTime(message.reply_by)}</Fact>}
        {message.reply_with === null ? null : <Fact name={facts.replyWith}>{shortId(message.reply_with)}</Fact>}
        {message.in_reply_to === null ? null : (
          <Fact name={facts.inReplyTo}>
            {answers === undefined ? (
              shortId(message.in_reply_to)
            ) : (
              <button type="button" className="text-accent hover:underline" onClick={() => onSelect(answers)}>
                {shortId(message.in_reply_to)}
              </button>
            )}
          </Fact>
        )}
        <Fact name={facts.signature}>
          <SignatureBadge message={message} isValid={message.signature?.valid} />
        </Fact>
        {message.hops === 0 ? null : <Fact name={facts.hops}>{facts.hopCount(message.hops)}</Fact>}
      </dl>
      <div className="mt-3 flex flex-wrap items-end gap-2">
        <dl>
          <Fact name={facts.id}>
            <span className="font-mono text-xs">{message.id}</span>
          </Fact>
        </dl>
        <CopyButton value={message.id} />
      </div>
      {message.signature === null ? null : (
        <dl className="mt-3">
          <Fact name={facts.key}>
            <span className="font-mono text-xs">{message.signature.key_id}</span>
          </Fact>
        </dl>
      )}
    </>
  );
}

/** The id of the message that it answers, where it is in the same trace. */
function useAnswered({ id, in_reply_to: wanted }: MessageRecord): string | undefined {
  const { data } = useQuery({ ...traceQuery(id), enabled: wanted !== null });
  return data?.messages.find((other) => other.id === wanted || other.reply_with === wanted)?.id;
}

function Content({ message: { content, error } }: OfMessage) {
  const plain = typeof content === "string" ? content : undefined;
  const kept = keptContent(content);
  return (
    <>
      {error === null ? null : (
        <Card title={words.error}>
          <p className="text-sm font-medium text-bad">{error.message}</p>
          {error.hint === "" ? null : <p className="mt-1 text-sm text-muted">{error.hint}</p>}
          <p className="mt-1 font-mono text-xs text-muted">{error.code}</p>
        </Card>
      )}
      {kept === undefined ? null : <LargeContent kept={kept} />}
      <Card title={words.content} flush actions={<CopyButton value={plain ?? JSON.stringify(content, null, 2)} />}>
        {content === null || plain === "" ? (
          <p className="p-4 text-sm text-muted">{words.noContent}</p>
        ) : plain === undefined ? (
          <div className="max-h-96 overflow-y-auto p-3">
            <JsonView value={content} />
          </div>
        ) : (
          <TextBlock label={words.content}>{plain}</TextBlock>
        )}
      </Card>
    </>
  );
}

function Deliveries({ message: { deliveries } }: OfMessage) {
  return (
    <Card title={words.deliveries}>
      {deliveries.length === 0 ? <p className="text-sm text-muted">{words.noDeliveries}</p> : null}
      <ul className="space-y-1.5 text-sm">
        {deliveries.map(({ recipient, state, attempts, at, reason }) => (
          <li key={recipient}>
            <span className="font-medium">{recipient}</span>{" "}
            <span className={deliveryTone(state)}>{words.deliveryStates[state]}</span>
            <span className="text-muted">
              {attempts === 0 ? "" : `, ${words.attempt(attempts)}`}
              {at === null ? "" : `, ${clockTime(Date.parse(at))}`}
            </span>
            {reason === null ? null : <span className="block text-xs text-bad [overflow-wrap:anywhere]">{reason}</span>}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function StartedRun({ message }: OfMessage) {
  const runs = useQuery(conversationRunsQuery(message.conversation_id)).data?.items ?? [];
  const started = runs.filter((run) => run.message?.id === message.id);
  if (started.length === 0) return null;
  return (
    <Card title={words.run}>
      <ul className="space-y-1.5 text-sm">
        {started.map(({ id, agent, state }) => (
          <li key={id} className="flex flex-wrap items-center gap-2">
            <Link to="/runs/$id" params={{ id }} className="text-accent hover:underline">
              {agent}
            </Link>
            <StatePill state={state} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Trace({ message, onSelect }: OfMessage & Selecting) {
  const { data } = useQuery(traceQuery(message.id));
  if (data === undefined || data.messages.length < 2) return null;
  return (
    <Card title={words.trace(data.messages.length)} flush>
      <ol className="max-h-80 overflow-y-auto py-1" aria-label={words.trace(data.messages.length)}>
        {data.messages.map((other) => (
          <li key={other.position}>
            <button
              type="button"
              aria-current={other.id === message.id ? "true" : undefined}
              onClick={() => onSelect(other.id)}
              className={cx(
                "flex w-full items-center gap-2 px-4 py-1.5 text-left text-sm hover:bg-hover",
                other.id === message.id && "bg-accent-soft",
              )}
            >
              <ActBadge act={other.performative} />
              <span className="shrink-0">
                {other.sender} → {other.recipients.join(", ") || words.noRecipient}
              </span>
              <span className="min-w-0 truncate text-xs text-muted">{contentWords(other)}</span>
            </button>
          </li>
        ))}
      </ol>
      {data.truncated ? <p className="px-4 pb-2 text-xs text-muted">{words.traceTruncated}</p> : null}
    </Card>
  );
}
