import type { Clock } from "../../../kernel/clock.ts";
import type { MessagingServices } from "../../../messaging/index.ts";
import type { MessageView, RouterEvent } from "../../../messaging/router/index.ts";
import type * as z from "zod";
import type * as contract from "../../contract/index.ts";
import { presentMessage, presentView } from "./present-message.ts";
import { handles } from "../handles.ts";
import type { Call, Streamed } from "../perform.ts";
import { instant } from "../instant.ts";

/** What reads stored messages and conversations. */
export type RecordServices = {
  readonly messaging: Pick<MessagingServices, "router">;
  readonly server: { readonly clock: Clock };
};
type Tail = z.output<typeof contract.messages.TailQuery>;

/** What waits for one reader; past that the rest is counted. */
const WAITING_MAX = 2_000;
/** Maximum missed messages sent to a client that reconnects. */
const MISSED_MAX = 2_000;

type Sent = Streamed<contract.MessageEvent>;

/**
 * Yields messages as they are accepted, with changes of their deliveries. An event's id is the message's position, after which a
 * reader can resume: then messages since that one come first, instead of the `last` ones. A slow reader misses events and
 * receives their number; it never blocks the router. Ends when the signal aborts.
 */
export async function* watchMessages(
  { messaging: { router }, server: { clock } }: RecordServices,
  tail: Tail,
  { signal, lastEventId, principal: { workspace } }: Pick<Call, "signal" | "lastEventId" | "principal">,
): AsyncGenerator<Sent, void, undefined> {
  const waiting: RouterEvent[] = [];
  let missed = 0;
  let bell = Promise.withResolvers<void>();
  const gone = () => bell.resolve();
  signal.addEventListener("abort", gone, { once: true });
  // Subscribe first, then read: what is written in between arrives twice and is sent once.
  using watching = router.watch(
    { workspace, conversation: tail.conversation_id, types: ["message", "settlement", "retry"] },
    (events) => {
      for (const event of events) {
        if (event.type === "gap") missed += event.count;
        else if (waiting.length < WAITING_MAX) waiting.push(event);
        else missed += 1;
      }
      bell.resolve();
    },
  );
  void watching;
  let seen = 0;
  const shown = new Set<number>();
  for (const view of await past(
    router,
    { ...tail, workspace },
    handles.messagePosition.decode(lastEventId ?? "")?.[0],
  )) {
    seen = view.seq;
    shown.add(seen);
    yield sent(presentView(view));
  }
  while (!signal.aborted) {
    await bell.promise;
    bell = Promise.withResolvers();
    for (const event of waiting.splice(0)) {
      const sent = eventOf(event, tail, { seen, shown, nowMs: clock.nowMs() });
      if (sent !== undefined) yield sent;
    }
    if (missed > 0) yield { id: undefined, event: { type: "lagged", missed } };
    missed = 0;
  }
}

const sent = (message: contract.MessageRecord): Sent => ({ id: message.position, event: { type: "message", message } });

async function past(
  router: MessagingServices["router"],
  tail: Tail & { readonly workspace: string },
  afterSeq: number | undefined,
): Promise<readonly MessageView[]> {
  const limit = afterSeq === undefined ? tail.last : MISSED_MAX;
  if (limit === 0) return [];
  const found = await router.records.messages({
    workspace: tail.workspace,
    sender: tail.sender,
    recipient: tail.recipient,
    conversation: tail.conversation_id,
    performative: tail.performative,
    limit,
  });
  return found.filter(({ seq }) => seq > (afterSeq ?? 0)).toReversed();
}

/** Maximum messages whose deliveries a filtered tail reports. */
const SHOWN_MAX = 10_000;

function eventOf(
  event: RouterEvent,
  tail: Tail,
  known: { readonly seen: number; readonly shown: Set<number>; readonly nowMs: number },
): Sent | undefined {
  const { shown, seen, nowMs } = known;
  switch (event.type) {
    case "message": {
      if (event.seq <= seen || !fits(event, tail)) return undefined;
      if (shown.size >= SHOWN_MAX) shown.delete(shown.values().next().value ?? 0);
      shown.add(event.seq);
      return sent(presentMessage(event));
    }
    case "settlement": {
      if (!shown.has(event.seq)) return undefined;
      const { recipient, outcome, attempt } = event;
      const position = handles.messagePosition.encode(event.seq);
      const delivery = { recipient, state: outcome, attempts: attempt, at: instant(nowMs), reason: null };
      return { id: undefined, event: { type: "delivery", position, delivery } };
    }
    case "retry": {
      if (!shown.has(event.seq)) return undefined;
      const { recipient, attempts, inMs, reason } = event;
      const position = handles.messagePosition.encode(event.seq);
      const delivery = { recipient, state: "retrying" as const, attempts, at: instant(nowMs + inMs), reason };
      return { id: undefined, event: { type: "delivery", position, delivery } };
    }
    case "delivery":
    case "conversation":
    case "breaker":
    case "gap":
      return undefined;
  }
}

const fits = ({ message, recipients }: Extract<RouterEvent, { type: "message" }>, tail: Tail): boolean =>
  (tail.sender === undefined || tail.sender === message.sender) &&
  (tail.performative === undefined || tail.performative === message.performative) &&
  (tail.recipient === undefined || recipients.includes(tail.recipient));
