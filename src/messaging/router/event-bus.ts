import { type Message } from "../acl/index.ts";
import { type Conversation } from "../protocols/index.ts";
import { type Outcome } from "./ports/index.ts";

/** What happens to messages, as it happens. */
export type RouterEvent =
  | {
      readonly type: "message";
      readonly seq: number;
      readonly message: Message;
      readonly recipients: readonly string[];
    }
  | {
      readonly type: "delivery";
      readonly seq: number;
      readonly workspace: string;
      readonly recipient: string;
      readonly attempt: number;
    }
  | {
      readonly type: "settlement";
      readonly seq: number;
      readonly workspace: string;
      readonly recipient: string;
      readonly outcome: Outcome;
      readonly attempt: number;
      readonly tookMs: number;
    }
  | {
      readonly type: "retry";
      readonly seq: number;
      readonly workspace: string;
      readonly recipient: string;
      readonly attempts: number;
      readonly inMs: number;
      readonly reason: string;
    }
  | { readonly type: "conversation"; readonly conversation: Conversation }
  | { readonly type: "breaker"; readonly workspace: string; readonly recipient: string; readonly isOpen: boolean }
  /** So many events were left out here, because the listener was slow. */
  | { readonly type: "gap"; readonly count: number };

/** Which events; every condition given must hold. */
export type RouterFilter = {
  readonly workspace: string;
  readonly conversation?: string | undefined;
  /** As sender or recipient. */
  readonly participant?: string | undefined;
  readonly types?: readonly RouterEvent["type"][] | undefined;
};

/** Events that wait for one listener. */
const WAITING_MAX = 1_000;

type Watcher = {
  readonly filter: RouterFilter;
  readonly listener: (events: readonly RouterEvent[]) => void;
  readonly waiting: RouterEvent[];
  missed: number;
};

/** Emits events without delaying their source: listeners are called asynchronously, and miss events beyond a limit. */
export class EventBus {
  readonly #watchers = new Set<Watcher>();
  #isScheduled = false;

  /** Whether there are listeners; without any, an event need not be created. */
  get isWatched(): boolean {
    return this.#watchers.size > 0;
  }

  /** `listener` gets events in order, several at once; it must not throw. Events of the same turn of the loop are one call. */
  watch(filter: RouterFilter, listener: (events: readonly RouterEvent[]) => void): Disposable {
    const watcher: Watcher = { filter, listener, waiting: [], missed: 0 };
    this.#watchers.add(watcher);
    return { [Symbol.dispose]: () => this.#watchers.delete(watcher) };
  }

  /** `conversation` is that of the message concerned, where it is known. */
  emit(event: RouterEvent, conversation?: string): void {
    for (const watcher of this.#watchers) {
      if (!fits(watcher.filter, event, conversation)) continue;
      if (watcher.waiting.length < WAITING_MAX) watcher.waiting.push(event);
      else watcher.missed += 1;
    }
    if (this.#isScheduled || this.#watchers.size === 0) return;
    this.#isScheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#isScheduled = false;
    for (const watcher of this.#watchers) {
      const events = watcher.waiting.splice(0);
      if (watcher.missed > 0) events.push({ type: "gap", count: watcher.missed });
      watcher.missed = 0;
      if (events.length > 0) watcher.listener(events);
    }
  }
}

function fits(filter: RouterFilter, event: RouterEvent, conversation: string | undefined): boolean {
  if (event.type === "gap") return true;
  if (filter.types !== undefined && !filter.types.includes(event.type)) return false;
  if (workspaceOf(event) !== filter.workspace) return false;
  if (filter.conversation !== undefined && filter.conversation !== (conversation ?? conversationOf(event)))
    return false;
  return filter.participant === undefined || participantsOf(event).includes(filter.participant);
}

function workspaceOf(event: Exclude<RouterEvent, { type: "gap" }>): string {
  if (event.type === "message") return event.message.workspace;
  return event.type === "conversation" ? event.conversation.workspace : event.workspace;
}

function conversationOf(event: RouterEvent): string | undefined {
  if (event.type === "message") return event.message.conversationId;
  return event.type === "conversation" ? event.conversation.id : undefined;
}

function participantsOf(event: Exclude<RouterEvent, { type: "gap" }>): readonly string[] {
  if (event.type === "message") return [event.message.sender, ...event.recipients];
  if (event.type === "conversation") {
    const { initiator, participants } = event.conversation;
    return [initiator, ...participants.map(({ name }) => name)];
  }
  return [event.recipient];
}
