import { setImmediate } from "node:timers/promises";
import { OutboxWorker, type OutboxRest } from "../kernel/async/outbox-worker.ts";
import type { ChangeLog } from "../kernel/changes/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { log } from "../kernel/log.ts";
import { changeEvent } from "./change-events.ts";
import { JOURNAL_TYPES, journalEvent } from "./journal-events.ts";
import { isNotified } from "./notifications.ts";
import type { Subscribers } from "./subscribers.ts";
import type { NewDelivery, Position, WebhookEvent, WebhookStore } from "./webhook.ts";

export type DispatcherParts = {
  readonly store: WebhookStore;
  readonly changes: ChangeLog;
  readonly clock: Clock;
  readonly subscribers: Subscribers;
  /** Calls the listener with the type of each entry that the journal gains. */
  readonly watchJournal: (listener: (type: string) => void) => Disposable;
  /** Called when deliveries were recorded. */
  readonly recorded: () => void;
};

const BATCH = 500;
const FAILURE = "events are recorded for webhooks later";

/**
 * Follows the journal and the change log, and records a delivery of each event for each webhook that wants it.
 * webhooks.dispatcher.W1. The position is written in the transaction of the deliveries before it: after a crash no event is left out, and
 *   none is recorded twice.
 * webhooks.dispatcher.W2. What writes the journal waits for no webhook: the dispatcher reads what is on disk.
 * webhooks.dispatcher.W3. Without an active webhook nothing is read or written.
 */
export class Dispatcher implements AsyncDisposable {
  readonly #parts: DispatcherParts;
  readonly #worker: OutboxWorker;
  readonly #watching = new DisposableStack();

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.#worker = new OutboxWorker(parts.clock, () => this.#work(), FAILURE);
  }

  /** Records what happened since the last start. Resolves when that is on disk, before retention may delete it. Never rejects: it is repeated. */
  async start(): Promise<void> {
    const { changes, watchJournal } = this.#parts;
    const types = new Set(JOURNAL_TYPES);
    this.#watching.use(watchJournal((type) => void (types.has(type) && this.#worker.due())));
    this.#watching.use(changes.watch(() => this.#worker.due()));
    try {
      while ((await this.#work()) !== "done");
    } catch (error) {
      log.error({ err: error }, FAILURE);
      this.#worker.due();
    }
  }

  async #work(): Promise<OutboxRest> {
    const { store, clock, subscribers, recorded } = this.#parts;
    const all = subscribers.all();
    if (all.length === 0 && !store.isNotifying()) return "done";
    const before = store.position();
    const { events, position, isMore } = this.#read(before);
    const deliveries: NewDelivery[] = [];
    for (const event of events) {
      for (const { webhook, wants } of all) {
        const { workspace, id } = webhook;
        if (workspace !== event.workspace || !wants(event)) continue;
        if (event.type === "webhook.stopped" && event.data["webhook"] === id) continue;
        deliveries.push({ workspace, id, event, dueAtMs: clock.nowMs() });
      }
      // The filters of many webhooks take time that others may not wait for.
      await setImmediate();
    }
    if (position.journal === before.journal && position.changes === before.changes) return "done";
    const notified = events.filter(isNotified).map((event) => ({ event, dueAtMs: clock.nowMs() }));
    if (await store.record({ deliveries, notified }, position)) recorded();
    return isMore ? 0 : "done";
  }

  #read(before: Position): {
    readonly events: readonly WebhookEvent[];
    readonly position: Position;
    readonly isMore: boolean;
  } {
    const { store, changes, clock } = this.#parts;
    const newest = store.newest();
    const rows = store.entries(JOURNAL_TYPES, { after: before.journal, through: newest.journal }, BATCH);
    const logged = changes.read(before.changes, BATCH);
    const nowMs = clock.nowMs();
    const events = [
      ...rows.flatMap((row) => journalEvent(row) ?? []),
      ...logged.map((change) => changeEvent(change, nowMs)),
    ];
    const position = {
      journal: rows.length < BATCH ? newest.journal : (rows.at(-1)?.seq ?? newest.journal),
      changes: logged.at(-1)?.seq ?? before.changes,
    };
    return { events, position, isMore: rows.length === BATCH || logged.length === BATCH };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watching.dispose();
    await this.#worker[Symbol.asyncDispose]();
  }
}
