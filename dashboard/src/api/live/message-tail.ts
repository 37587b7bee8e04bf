import { useEffect, useState } from "react";
import type { MessageDelivery, MessageEvent, MessageRecord } from "../../../../src/api/contract/index.ts";
import { subscribe } from "./subscribe.ts";

/** Default maximum of messages in the page; the oldest are dropped first. */
const TAIL_KEPT_MAX = 1_000;
/** How often what came in is shown: agents that talk fast must not keep the page from being used. */
const SHOW_EVERY_MS = 100;

export type MessageTail = {
  /** In the order in which the server accepted them. */
  readonly messages: readonly MessageRecord[];
  /** Left out since the page is open, because they came faster than it reads. */
  readonly missed: number;
  /** Undefined until a connection stood for the first time. */
  readonly live: boolean | undefined;
  /** What came before the page looked is there. */
  readonly isRead: boolean;
};

const NOTHING: MessageTail = { messages: [], missed: 0, live: undefined, isRead: false };

/** Adds what came; deliveries replace those known of the same recipient. */
function withEvents(tail: MessageTail, events: readonly MessageEvent[], keptMax: number): MessageTail {
  let { missed } = tail;
  const messages = [...tail.messages];
  const known = new Set(messages.map(({ position }) => position));
  const settled = new Map<string, MessageDelivery[]>();
  for (const event of events) {
    if (event.type === "lagged") missed += event.missed;
    else if (event.type === "delivery")
      settled.set(event.position, [...(settled.get(event.position) ?? []), event.delivery]);
    // Taken up again, a stream may begin with messages that are known.
    else if (!known.has(event.message.position)) messages.push(event.message);
  }
  const kept = messages.slice(-keptMax);
  if (settled.size === 0) return { ...tail, missed, messages: kept };
  return { ...tail, missed, messages: kept.map((message) => withDeliveries(message, settled.get(message.position))) };
}

function withDeliveries(message: MessageRecord, changed: readonly MessageDelivery[] | undefined): MessageRecord {
  if (changed === undefined) return message;
  const deliveries = new Map([...message.deliveries, ...changed].map((delivery) => [delivery.recipient, delivery]));
  return { ...message, deliveries: [...deliveries.values()] };
}

/** Streams messages. Use `path` as the key of the component, so that another path starts a new stream. */
export function useMessageTail(path: string, keptMax = TAIL_KEPT_MAX): MessageTail {
  const [tail, setTail] = useState(NOTHING);
  useEffect(() => {
    const controller = new AbortController();
    let arrived: MessageEvent[] = [];
    const timer = setInterval(() => {
      if (arrived.length === 0) return;
      const taken = arrived;
      arrived = [];
      setTail((before) => withEvents({ ...before, isRead: true }, taken, keptMax));
    }, SHOW_EVERY_MS);
    // Without messages the stream sends nothing, so the empty state is assumed after a moment.
    let quiet: ReturnType<typeof setTimeout> | undefined;
    void subscribe<MessageEvent>(
      {
        path,
        after: "",
        onEvent: (event) => arrived.push(event),
        onLive: (live) => {
          setTail((before) => ({ ...before, live }));
          quiet ??= setTimeout(() => setTail((before) => ({ ...before, isRead: true })), 4 * SHOW_EVERY_MS);
        },
      },
      controller.signal,
    );
    return () => {
      controller.abort();
      clearInterval(timer);
      clearTimeout(quiet);
    };
  }, [path, keptMax]);
  return tail;
}
