import type { Clock } from "../kernel/clock.ts";
import { log } from "../kernel/log.ts";
import type { Firing } from "./firing.ts";
import { planAfter, slotFires } from "./slots.ts";
import type { Trigger, TriggerStore } from "./trigger.ts";

export type SlotTimerPorts = { readonly store: TriggerStore; readonly clock: Clock; readonly firing: Firing };

/** Longest sleep: the system's clock may be set while the timer sleeps. */
const CHECK_MS = 60_000;
const BATCH = 100;

/**
 * Fires slots when they are due, with one timer for all triggers.
 * triggers.timer.T1. A slot fires at most once: its fire and the time of the next slot are one transaction, and its key is its time.
 * triggers.timer.T2. A clock that is set back fires no slot a second time, and slots that have not fired fire at their time.
 * triggers.timer.T3. Without a trigger that has a slot nothing runs; otherwise one timer does.
 */
export class SlotTimer implements AsyncDisposable {
  readonly #ports: SlotTimerPorts;
  readonly #stopping = new AbortController();
  #sleep = new AbortController();
  #isStarted = false;
  #isAwake = false;
  #running: Promise<void> = Promise.resolve();

  constructor(ports: SlotTimerPorts) {
    this.#ports = ports;
  }

  start(): void {
    this.#isStarted = true;
    this.wake();
  }

  /** Fires what is due, and sets the timer. To be called after each change of triggers. */
  wake(): void {
    this.#sleep.abort();
    if (!this.#isStarted || this.#isAwake || this.#stopping.signal.aborted) return;
    this.#isAwake = true;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const { store, clock } = this.#ports;
    while (!this.#stopping.signal.aborted) {
      const sleep = new AbortController();
      this.#sleep = sleep;
      try {
        await this.#fireDue();
        const dueMs = store.nextDueMs();
        if (dueMs === undefined && !sleep.signal.aborted) break;
        const ms = Math.min(CHECK_MS, Math.max(0, (dueMs ?? 0) - clock.nowMs()));
        await this.#rest(ms, sleep.signal);
      } catch (error) {
        log.error({ err: error }, "triggers cannot be read; they are read again in a minute");
        await this.#rest(CHECK_MS, sleep.signal);
      }
    }
    this.#isAwake = false;
  }

  async #rest(ms: number, woken: AbortSignal): Promise<void> {
    if (!woken.aborted) await this.#ports.clock.sleep(ms, woken).catch(() => undefined);
  }

  async #fireDue(): Promise<void> {
    const { store, clock, firing } = this.#ports;
    // T2.
    for (const trigger of store.ahead(clock.nowMs())) {
      const plan = planAfter(trigger, clock.nowMs());
      if ((plan.nextAtMs ?? Infinity) < (trigger.nextAtMs ?? Infinity)) await store.fire(trigger, [], plan);
    }
    while (!this.#stopping.signal.aborted) {
      const due = store.due(clock.nowMs(), BATCH);
      if (due.length === 0) return;
      await Promise.all(due.map((trigger) => this.#fire(trigger, firing)));
    }
  }

  async #fire(trigger: Trigger, firing: Firing): Promise<void> {
    const { fires, plan } = slotFires(trigger, this.#ports.clock.nowMs());
    await firing.record(trigger, fires, plan);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    this.#sleep.abort();
    await this.#running;
  }
}
