import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import type { TriggerId } from "../../kernel/ids.ts";
import type { Firing } from "../firing.ts";
import type { Trigger, TriggerStore } from "../trigger.ts";
import { FileWatch, type FileTrigger, isFileTrigger } from "./file-watch.ts";

export type FileSourceParts = {
  readonly store: TriggerStore;
  readonly clock: Clock;
  readonly firing: Firing;
  /** Directory with a folder for each workspace; undefined if it is not configured. */
  readonly root: string | undefined;
  /** Maximum bytes of a file. */
  readonly bytesMax: number;
};

const POLL_MS = 1_000;
const SWEEP_MS = 3_600_000;
/** A file that comes back within this time as it was, because its disk was away, is the same file. */
const GONE_MS = 7 * 24 * 3_600_000;
const OFF = "files.watch_root is not set [FILE_TRIGGERS_OFF]";

type Key = Pick<Trigger, "workspace" | "id">;

/**
 * Files that fire triggers, found by polling.
 * triggers.files.L1. An event and what its trigger has seen of the file are one transaction: a change fires once, also if the server ends
 *   in this moment, and a change while the server does not run is found by the next scan.
 * triggers.files.L2. Each poll looks at a limited number of entries and reads a limited number of bytes; the next one continues there.
 * triggers.files.L3. A trigger finds only regular files below the folder of its workspace, and follows no link.
 * triggers.files.L4. Without a file trigger nothing runs.
 */
export class FileSource implements AsyncDisposable {
  readonly #parts: FileSourceParts;
  readonly #watches = new Map<TriggerId, FileWatch>();
  readonly #stopping = new AbortController();
  #isStarted = false;
  #running: Promise<void> | undefined;
  #sweptAtMs = 0;

  constructor(parts: FileSourceParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#isStarted = true;
    for (const trigger of this.#parts.store.firing("file")) this.#set(trigger.id, trigger);
  }

  /** To be called after a change of a trigger. */
  changed({ workspace, id }: Key): void {
    if (this.#isStarted) this.#set(id, this.#parts.store.find(workspace, id));
  }

  /** To be called after a deployment, which changes the triggers that the definition declares. */
  agentChanged(workspace: string, agent: string): void {
    for (const { trigger } of Array.from(this.#watches.values()))
      if (trigger.workspace === workspace && trigger.agent.toLowerCase() === agent.toLowerCase()) this.changed(trigger);
    for (const trigger of this.#parts.store.ofAgent(workspace, agent)) this.changed(trigger);
  }

  #set(id: TriggerId, trigger: Trigger | undefined): void {
    const { store, clock, root } = this.#parts;
    const watch = this.#watches.get(id);
    if (trigger === undefined || !isFileTrigger(trigger)) return this.#end(id);
    if (!trigger.spec.enabled || trigger.stopped !== undefined) {
      this.#end(id);
      // What changes meanwhile is not missed when it is enabled again.
      void this.#forget(trigger);
      return;
    }
    if (root === undefined) {
      store
        .stop(trigger, { reason: OFF, atMs: clock.nowMs() })
        .catch((error: unknown) => log.warn({ err: error, trigger: id }, "a trigger without a folder was not stopped"));
      return;
    }
    if (watch !== undefined && watch.trigger.spec.path === trigger.spec.path) watch.trigger = trigger;
    else {
      this.#end(id);
      this.#watches.set(id, new FileWatch({ ...this.#parts, root }, trigger));
    }
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  #end(id: TriggerId): void {
    const watch = this.#watches.get(id);
    this.#watches.delete(id);
    void watch?.close();
  }

  async #forget(trigger: FileTrigger): Promise<void> {
    await this.#parts.store
      .forgetFiles(trigger)
      .catch((error: unknown) => log.warn({ err: error, trigger: trigger.id }, "files that a trigger saw stay stored"));
  }

  /** L4. */
  async #run(): Promise<void> {
    const { clock } = this.#parts;
    while (!this.#stopping.signal.aborted && this.#watches.size > 0) {
      await this.#poll();
      await clock.sleep(POLL_MS, this.#stopping.signal).catch(() => undefined);
    }
  }

  /** L2. */
  async #poll(): Promise<void> {
    const budget = { entries: LIMITS.triggerEntriesPerPoll, bytes: LIMITS.triggerBytesPerPoll };
    await this.#sweep();
    for (const [id, watch] of Array.from(this.#watches)) {
      if (this.#stopping.signal.aborted || budget.entries <= 0 || budget.bytes <= 0) return;
      if (this.#watches.get(id) !== watch) continue;
      try {
        await watch.poll(budget);
      } catch (error) {
        log.warn({ err: error, trigger: id }, "the files of a trigger cannot be read; they are read again");
      }
      this.changed(watch.trigger);
      // The next poll begins with another one.
      if (this.#watches.get(id) === watch) {
        this.#watches.delete(id);
        this.#watches.set(id, watch);
      }
    }
  }

  async #sweep(): Promise<void> {
    const { store, clock } = this.#parts;
    const nowMs = clock.nowMs();
    if (nowMs - this.#sweptAtMs < SWEEP_MS) return;
    this.#sweptAtMs = nowMs;
    await store
      .sweepSeen(nowMs - GONE_MS)
      .catch((error: unknown) => log.warn({ err: error }, "files that triggers saw stay stored"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    for (const watch of this.#watches.values()) await watch.close();
  }
}
