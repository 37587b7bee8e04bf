import { OutboxWorker, type OutboxRest } from "../kernel/async/outbox-worker.ts";
import type { Clock } from "../kernel/clock.ts";
import type { WebhookId } from "../kernel/ids.ts";
import { log } from "../kernel/log.ts";
import { LIMITS } from "../kernel/quantities.ts";
import { type Answer, attempt } from "./attempt.ts";
import { WebhooksFullError } from "./errors.ts";
import type { Serialize } from "./message.ts";
import { FAILING_MAX_MS, pauseMs, retryDelayMs } from "./schedule.ts";
import type { Stopping } from "./stopping.ts";
import type { Delivery, Lane, Settled, Webhook, WebhookKey, WebhookStore } from "./webhook.ts";

export type SenderParts = {
  readonly store: WebhookStore;
  readonly clock: Clock;
  readonly fetch: typeof fetch;
  readonly serialize: Serialize;
  readonly stopping: Stopping;
  /** A number from 0 to 1. */
  readonly chance: () => number;
};

/** What is in memory of a webhook: nothing that a restart may not lose. */
type LaneState = {
  readonly inFlight: Map<number, Promise<void>>;
  /** Attempts that failed since the last success. */
  failures: number;
  pausedUntilMs: number;
};

/** The system's clock may be set while the sender sleeps. */
const CHECK_MS = 60_000;
const STORAGE_PAUSE_MS = 5_000;

/** Of the attempts in flight, so much is open to webhooks that fail: hanging targets leave room for those that answer. */
const FAILING_SHARE = 0.5;

/**
 * Sends the deliveries that are due.
 * webhooks.sender.S1. A delivery is due until its result is on disk: an attempt whose result was lost is repeated with the same id.
 * webhooks.sender.S2. At most 4 attempts of a webhook and 16 of a workspace are in flight, and one of a webhook after a failure; a target that
 *   fails is asked ever more rarely.
 * webhooks.sender.S3. Nothing is sent after the owner has lost the rights to read it.
 */
export class Sender implements AsyncDisposable {
  readonly #parts: SenderParts;
  readonly #worker: OutboxWorker;
  readonly #lanes = new Map<WebhookId, LaneState>();
  /** Attempts in flight, and tests that are being recorded. */
  readonly #attempts = new Map<Promise<unknown>, WebhookKey>();
  #passes = 0;
  readonly #stop = new AbortController();

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#worker = new OutboxWorker(parts.clock, () => this.#work(), "deliveries of webhooks are sent later");
  }

  /** Sends what is due, and wakes at the time of the next delivery. To be called when deliveries were recorded or webhooks changed. */
  wake(): void {
    this.#worker.due();
  }

  /** Forgets the failures of a webhook. */
  reset(id: WebhookId): void {
    Object.assign(this.#stateOf(id), { failures: 0, pausedUntilMs: 0 });
    this.wake();
  }

  /** To be called when a webhook is deleted. */
  forget(id: WebhookId): void {
    this.#lanes.delete(id);
  }

  /** Records one delivery and sends it at once. Resolves when its result is on disk. Throws WebhooksFullError. */
  async send(key: WebhookKey, record: () => Promise<Delivery | undefined>): Promise<Delivery | undefined> {
    const max = LIMITS.webhookAttemptsMax;
    if (this.#room(key, max, 1) <= 0) throw new WebhooksFullError(max, "attempts");
    const recording = record().finally(() => {
      this.#attempts.delete(recording);
      this.wake();
    });
    this.#attempts.set(recording, key);
    const delivery = await recording;
    if (delivery !== undefined) await this.#begin(delivery);
    return delivery;
  }

  async #work(): Promise<OutboxRest> {
    const { store, clock } = this.#parts;
    let nextMs = Number.POSITIVE_INFINITY;
    const lanes = store.lanes();
    // Each pass begins with another webhook, so that none waits for room behind the same ones forever.
    const first = this.#passes++ % Math.max(1, lanes.length);
    for (const lane of [...lanes.slice(first), ...lanes.slice(0, first)]) nextMs = Math.min(nextMs, this.#serve(lane));
    if (nextMs === Number.POSITIVE_INFINITY) return "done";
    return Math.min(CHECK_MS, Math.max(1, nextMs - clock.nowMs()));
  }

  /** Starts the attempts that are due and permitted. Returns when the next one is. */
  #serve(key: Lane): number {
    const { store, clock } = this.#parts;
    const nowMs = clock.nowMs();
    if (key.dueAtMs > nowMs) return key.dueAtMs;
    const state = this.#stateOf(key.id);
    if (state.pausedUntilMs > nowMs) return state.pausedUntilMs;
    const isFailing = state.failures > 0;
    // The notifications of a run arrive in their order unless one fails.
    const max = isFailing || key.isOfRun ? 1 : LIMITS.webhookAttemptsMax;
    let room = this.#room(key, max, isFailing ? FAILING_SHARE : 1);
    if (room <= 0) return Number.POSITIVE_INFINITY;
    for (const delivery of store.next(key, state.inFlight.size + room)) {
      if (state.inFlight.has(delivery.n)) continue;
      if (delivery.dueAtMs === undefined) continue;
      if (delivery.dueAtMs > nowMs) return delivery.dueAtMs;
      if (room === 0) break;
      room -= 1;
      void this.#begin(delivery);
    }
    return Number.POSITIVE_INFINITY;
  }

  /** How many attempts of a webhook may begin now, if `max` of it and a share of those of its workspace and of all may be in flight. */
  #room({ workspace, id }: WebhookKey, max: number, share: number): number {
    const all = [...this.#attempts.values()];
    const own = all.filter((each) => each.workspace === workspace);
    return Math.min(
      max - own.filter((each) => each.id === id).length,
      LIMITS.webhookAttemptsWorkspaceMax * share - own.length,
      LIMITS.webhookAttemptsAllMax * share - all.length,
    );
  }

  #begin(delivery: Delivery): Promise<void> {
    const { inFlight } = this.#stateOf(delivery.webhook);
    const before = inFlight.get(delivery.n);
    if (before !== undefined || this.#stop.signal.aborted) return before ?? Promise.resolve();
    const running = this.#try(delivery).finally(() => {
      inFlight.delete(delivery.n);
      this.#attempts.delete(running);
      // Runs are many, and most have been notified for the last time soon.
      if (inFlight.size === 0 && isIdle(this.#stateOf(delivery.webhook))) this.#lanes.delete(delivery.webhook);
      this.wake();
    });
    inFlight.set(delivery.n, running);
    this.#attempts.set(running, { workspace: delivery.workspace, id: delivery.webhook });
    return running;
  }

  /** Never rejects. */
  async #try(delivery: Delivery): Promise<void> {
    const state = this.#stateOf(delivery.webhook);
    const { store, clock, fetch, serialize, stopping } = this.#parts;
    try {
      const webhook = store.find(delivery.workspace, delivery.webhook);
      if (webhook === undefined) return;
      const outgoing = await stopping.permitted(webhook, async () => serialize(delivery, webhook, clock.nowMs()));
      if (outgoing === undefined) return;
      const answer = await attempt({ fetch, clock }, outgoing, this.#stop.signal);
      await this.#settle(webhook, delivery, answer);
      state.failures = answer.outcome === "delivered" ? 0 : state.failures + 1;
      state.pausedUntilMs = state.failures > 0 ? clock.nowMs() + pauseMs(state.failures, answer.retryAfterMs) : 0;
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      log.error({ err: error, webhook: delivery.webhook }, "a delivery of a webhook is repeated");
      state.pausedUntilMs = clock.nowMs() + STORAGE_PAUSE_MS;
    }
  }

  /** S1. */
  async #settle(webhook: Webhook, delivery: Delivery, { outcome, attempt: made, retryAfterMs }: Answer): Promise<void> {
    const { store, clock, chance, stopping } = this.#parts;
    const tries = delivery.tries + 1;
    const isTest = delivery.event.type === "webhook.test";
    const delayMs = outcome === "failed" && !isTest ? retryDelayMs(tries, retryAfterMs, chance()) : undefined;
    const state = outcome === "delivered" ? "delivered" : delayMs === undefined ? "dead" : "pending";
    const dueAtMs = delayMs === undefined ? undefined : clock.nowMs() + delayMs;
    const settled: Settled = { state, dueAtMs, tries, attempt: made };
    await store.settle(delivery, settled);
    if (outcome === "gone") await stopping.stop(webhook, "the target answered 410 Gone: it accepts no more events");
    const sinceMs = webhook.failingSinceMs ?? made.atMs;
    if (outcome === "failed" && !isTest && clock.nowMs() - sinceMs >= FAILING_MAX_MS)
      await stopping.stop(webhook, `every attempt has failed since ${new Date(sinceMs).toISOString()}: ${made.error}`);
  }

  #stateOf(id: WebhookId): LaneState {
    return this.#lanes.getOrInsertComputed(id, () => ({ inFlight: new Map(), failures: 0, pausedUntilMs: 0 }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the server stops"));
    await this.#worker[Symbol.asyncDispose]();
    await Promise.allSettled(this.#attempts.keys());
  }
}

const isIdle = ({ failures, pausedUntilMs }: LaneState): boolean => failures === 0 && pausedUntilMs === 0;
