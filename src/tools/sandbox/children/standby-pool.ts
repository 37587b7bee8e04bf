import { MANIFEST_MAXIMA } from "../../catalogue/index.ts";
import type { SandboxOptions } from "../sandbox-options.ts";
import type { SandboxChild, SandboxChildOptions } from "./sandbox-child.ts";
import { GuestProcess } from "./guest-process.ts";
import { GuestWorker } from "./guest-worker.ts";
import { FROM_CHILD } from "../wire/index.ts";

/**
 * Longest frame of a child: an answer is sent as it is and again as a text in JSON, where each byte may become two; and
 * numbers of some values may be longer when they are written out.
 */
const PAYLOAD_BYTES_MAX = 3 * MANIFEST_MAXIMA.resultBytes + 4 * 1024 * 1024;
/** After the first call, and after one was taken: not in the way of those who wait now. */
const PREPARE_AFTER_MS = 500;

/** Callbacks of a child for its owner. */
export type ChildListener = Pick<SandboxChildOptions, "onReady" | "onFrame" | "onExit">;

export type StandbyPoolOptions = {
  /** Starts a child. */
  readonly open: (options: SandboxChildOptions) => SandboxChild;
  /** Whether one is started before it is needed. */
  readonly prestart: boolean;
};

type Standby = { readonly home: SandboxChild; isReady: boolean; listener: ChildListener | undefined };

/**
 * Supplies sandbox children. Keeps at most one pre-started standby child, for the next supervisor that needs one. Nothing has run in it, so that it may go to any trust group.
 *
 * sandbox.standby-pool.N1. At most one child is on standby, and it is started only while there are calls.
 * sandbox.standby-pool.N2. A standby child differs from a newly started one only in that it is ready sooner.
 * sandbox.standby-pool.N3. One that ends before it is taken is not missed; the next is prepared after as long as the
 *   first.
 */
export class StandbyPool {
  readonly #open: (parent: ChildListener) => SandboxChild;
  readonly #prestart: boolean;
  #standby: Standby | undefined;
  #dueAtMs: number | undefined;
  #isClosed = false;

  constructor({ open, prestart }: StandbyPoolOptions) {
    this.#open = (parent) => open({ use: "run", payloadBytesMax: PAYLOAD_BYTES_MAX, kinds: FROM_CHILD, ...parent });
    this.#prestart = prestart;
  }

  /** Where children are processes or threads. */
  static of(
    { isolation = "process", confinement, standby = true }: SandboxOptions,
    onConfined: SandboxChildOptions["onConfined"],
  ): StandbyPool {
    const open = (options: SandboxChildOptions): SandboxChild =>
      isolation === "worker" ? new GuestWorker(options) : new GuestProcess({ ...options, confinement, onConfined });
    return new StandbyPool({ open, prestart: standby });
  }

  /** The pid of the standby child. */
  get pid(): number | undefined {
    return this.#standby?.home.pid;
  }

  /** Returns a child: the standby child, if there is one. Its listener is not called before this has returned. */
  child(parent: ChildListener): SandboxChild {
    const standby = this.#standby;
    this.#forget();
    if (standby === undefined) return this.#open(parent);
    standby.listener = parent;
    if (standby.isReady) process.nextTick(() => parent.onReady());
    return standby.home;
  }

  /** To be called periodically while there are calls: prepares a child when it is time. */
  prepare(nowMs: number): void {
    if (!this.#prestart || this.#isClosed || this.#standby !== undefined) return;
    this.#dueAtMs ??= nowMs + PREPARE_AFTER_MS;
    if (nowMs < this.#dueAtMs) return;
    const home = this.#open({
      onReady: () => {
        standby.isReady = true;
        standby.listener?.onReady();
      },
      onFrame: (frame) => standby.listener?.onFrame(frame),
      onExit: (reason) => {
        if (this.#standby === standby) this.#forget();
        standby.listener?.onExit(reason);
      },
    });
    const standby: Standby = { home, isReady: false, listener: undefined };
    this.#standby = standby;
  }

  /** Ends the standby child when it is unlikely to be needed. */
  release(): void {
    const standby = this.#standby;
    this.#forget();
    standby?.home.kill("surplus standby child");
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const standby = this.#standby;
    this.release();
    await standby?.home.exited;
  }

  #forget(): void {
    this.#standby = undefined;
    this.#dueAtMs = undefined;
  }
}
