import { KeyedMutex } from "../kernel/async/keyed-mutex.ts";
import type { Clock } from "../kernel/clock.ts";
import { toFault } from "../kernel/errors.ts";
import type { RunId, TriggerId } from "../kernel/ids.ts";
import { log } from "../kernel/log.ts";
import { LIMITS } from "../kernel/quantities.ts";
import { TriggerBusyError } from "./errors.ts";
import type { SeenFile } from "./files/seen-file.ts";
import type { RunStarter } from "./run-starter.ts";
import { isTemporary } from "./temporary.ts";
import type { Fire, Settled, Trigger, TriggerPlan, TriggerStore } from "./trigger.ts";

export type FiringPorts = { readonly store: TriggerStore; readonly clock: Clock; readonly starter: RunStarter };

const RETRY_MS = 5_000;

/**
 * From events of triggers to runs.
 * triggers.firing.F1. An event is on disk before its run starts, with the id of the run: after a crash the same run is started, once.
 * triggers.firing.F2. At most `parallel` runs of a trigger have not ended.
 * triggers.firing.F3. A trigger whose owner may not start the run stops, with the reason.
 * triggers.firing.F4. Events of a trigger that is disabled or has stopped wait until it continues; those fired by hand start.
 */
export class Firing implements AsyncDisposable {
  readonly #ports: FiringPorts;
  readonly #starting = new KeyedMutex<TriggerId>();
  readonly #stopping = new AbortController();
  readonly #recording = new KeyedMutex<TriggerId>();
  /** Triggers whose next event waits for the end of one of their runs. */
  readonly #following = new Map<TriggerId, Disposable>();
  readonly #retrying = new Set<TriggerId>();
  #changed: (trigger: Pick<Trigger, "workspace" | "id">) => void = () => undefined;

  constructor(ports: FiringPorts) {
    this.#ports = ports;
  }

  /** Starts the runs of events that were recorded before the server ended. */
  resume(): void {
    for (const trigger of this.#ports.store.withWaiting()) void this.pump(trigger);
  }

  /** Records events, and the plan of the slot after them. Those for which there is no room are skipped. Returns those that are new; their runs start in the background. */
  record(
    trigger: Trigger,
    fires: readonly Fire[],
    plan: TriggerPlan | undefined,
    seen?: SeenFile,
  ): Promise<readonly Fire[]> {
    return this.#recording.run(trigger.id, async () => {
      const room = LIMITS.triggerEventsWaitingMax - this.#ports.store.waitingCount(trigger, "all");
      const limited = fires.map((fire, index) =>
        fire.outcome !== "waiting" || index < room ? fire : { ...fire, ...FULL, event: undefined },
      );
      const recorded = await this.#ports.store.fire(trigger, limited, plan, seen);
      if (recorded.length > 0) void this.pump(trigger);
      return recorded;
    });
  }

  /** Calls back after an event was settled or a trigger has stopped. */
  onChange(changed: (trigger: Pick<Trigger, "workspace" | "id">) => void): void {
    this.#changed = changed;
  }

  /** Records an event that is not a slot, and starts its run. Throws TriggerBusyError if too many events of the trigger wait. */
  async recordEvent(trigger: Trigger, fire: Fire): Promise<void> {
    if (!(await this.admit(trigger, fire)))
      throw new TriggerBusyError(trigger.spec.name, LIMITS.triggerEventsWaitingMax);
    await this.pump(trigger);
  }

  /** Records an event that is not a slot; its run starts in the background. False if too many events of the trigger wait. */
  admit(trigger: Trigger, fire: Fire, seen?: SeenFile): Promise<boolean> {
    return this.#recording.run(trigger.id, async () => {
      const { store } = this.#ports;
      if (this.isFull(trigger)) return false;
      await store.fire(trigger, [fire], undefined, seen);
      void this.pump(trigger);
      return true;
    });
  }

  /** Whether no more events of a trigger may wait. */
  isFull(trigger: Pick<Trigger, "workspace" | "id">): boolean {
    return this.#ports.store.waitingCount(trigger, "all") >= LIMITS.triggerEventsWaitingMax;
  }

  /** Starts runs of waiting events, as far as the trigger's concurrency permits. Never rejects. */
  pump({ workspace, id }: Pick<Trigger, "workspace" | "id">): Promise<void> {
    return this.#starting.run(id, async () => {
      try {
        while (!this.#stopping.signal.aborted && (await this.#step(workspace, id))) this.#changed({ workspace, id });
      } catch (error) {
        log.error({ err: error, workspace, trigger: id }, "the runs of a trigger are started later");
        this.#retryLater({ workspace, id }, RETRY_MS);
      }
    });
  }

  /** Returns whether another event may follow at once. */
  async #step(workspace: string, id: TriggerId): Promise<boolean> {
    const { store, starter } = this.#ports;
    const trigger = store.find(workspace, id);
    if (trigger === undefined) return false;
    const startable = trigger.spec.enabled && trigger.stopped === undefined ? "all" : "by-hand";
    const fire = store.firstWaiting(trigger, startable);
    if (fire === undefined) return false;
    const { concurrency, parallel } = trigger.spec;
    const open = store.openRuns(trigger);
    const [oldest] = open;
    if (oldest === undefined || open.length < parallel) return this.#start(trigger, fire);
    if (concurrency === "queue") return this.#follow(trigger, open);
    if (concurrency === "skip") await store.settle(fire, skipped(`${parallel} runs of the trigger had not ended`));
    else if (store.waitingCount(trigger, startable) > 1)
      await store.settle(fire, skipped("a later event of the trigger replaced it"));
    else await starter.cancel(oldest, `a later event of the trigger ${trigger.spec.name} replaces it`);
    return true;
  }

  #follow(trigger: Trigger, open: readonly RunId[]): boolean {
    this.#following.get(trigger.id)?.[Symbol.dispose]();
    const following = this.#ports.starter.onEnd(open, () => {
      this.#following.delete(trigger.id);
      void this.pump(trigger);
    });
    this.#following.set(trigger.id, following);
    return false;
  }

  async #start(trigger: Trigger, fire: Fire): Promise<boolean> {
    const { store, starter } = this.#ports;
    try {
      await store.settle(fire, await starter.start(trigger, fire));
    } catch (error) {
      const fault = toFault(error);
      if (isTemporary(fault)) return this.#retryLater(trigger, fault.retryAfterMs ?? RETRY_MS);
      if (fault.kind === "bug") log.error({ err: error, trigger: trigger.id }, "a trigger cannot start a run");
      await store.settle(fire, { outcome: "failed", code: fault.code, reason: fault.message });
      if (fault.kind === "denied" || fault.kind === "unauthenticated" || fault.kind === "not-found")
        await this.#stop(trigger, `${fault.message} [${fault.code}]`);
    }
    return true;
  }

  /** F3. */
  async #stop(trigger: Trigger, reason: string): Promise<void> {
    const { store, clock } = this.#ports;
    const atMs = clock.nowMs();
    log.warn({ workspace: trigger.workspace, trigger: trigger.id, reason }, "a trigger stopped");
    await store.stop(trigger, { reason, atMs });
  }

  #retryLater(trigger: Pick<Trigger, "workspace" | "id">, delayMs: number): boolean {
    if (this.#retrying.has(trigger.id)) return false;
    this.#retrying.add(trigger.id);
    void this.#retry(trigger, delayMs);
    return false;
  }

  async #retry(trigger: Pick<Trigger, "workspace" | "id">, delayMs: number): Promise<void> {
    await this.#ports.clock.sleep(delayMs, this.#stopping.signal).catch(() => undefined);
    this.#retrying.delete(trigger.id);
    await this.pump(trigger);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    for (const following of this.#following.values()) following[Symbol.dispose]();
    await this.#starting.settled();
  }
}

const FULL = { outcome: "skipped", reason: "too many events of the trigger waited for its runs" } as const;
const skipped = (reason: string): Settled => ({ outcome: "skipped", code: undefined, reason });
