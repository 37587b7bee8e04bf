import type { FileClient, SystemSettings } from "../wasi/index.ts";
import { encodeWithBytes, type GuestTool, type LoadSpec, type Outcome } from "../wire/index.ts";
import type { Guest, GuestAnswer, GuestExports, GuestHost, Opener } from "./abis/abi.ts";
import { TailBuffer } from "./tail-buffer.ts";
import type { Turns } from "./turns.ts";

/**
 * One live guest.
 *
 * guest.instance.I1. Fuel is set before the guest is started and before each call; below nothing it traps.
 * guest.instance.I2. The guest waits for at most one thing, and what it waits for is always settled: an instance that
 *   is ended has its fuel taken and its wait broken, so that its stack unwinds. A stack that is merely dropped would
 *   never be freed.
 * guest.instance.I3. After anything but an answer the instance is of no use.
 * guest.instance.I4. A guest of several modules has a counter in each. Every counter starts at what is left of the
 *   budget, so none goes past it, and what all have used together decides: it is added up at each call into the host
 *   and at the end.
 */
export type ExitReason = { readonly outcome: Outcome; readonly detail: string };

export type CallOutcome = (
  | { readonly type: "answered"; readonly answer: GuestAnswer }
  | ({ readonly type: "ended" } & ExitReason)
) & { readonly fuel: number; readonly memoryBytes: number };

export type InstanceDeps = {
  readonly turns: Turns;
  readonly open: Opener;
  /** File requests of the running call. */
  readonly files: FileClient;
  readonly log: (bytes: Uint8Array) => void;
  /** Called each time the guest resumes, with the fuel that it may use before the next call of it. */
  readonly onTurn?: ((fuel: number) => void) | undefined;
};

/** Unwinds the guest's stack when the instance is ended; no caller sees it. */
export class GuestTerminated extends Error {
  override readonly name = "GuestTerminated";
}

type Waiting = { readonly reject: (error: Error) => void; cancel: (() => void) | void };

/** The fuel counter of one module, and what it was last set to. */
type Counter = { readonly global: WebAssembly.Global; given: number };

const UNEXPLAINED: ExitReason = { outcome: "trap", detail: "" };

const DEBT_MAX = 10_000;
const PAGE_BYTES = 65_536;
/** Go prints the traces of its goroutines after the reason. */
const RECENT_BYTES = 16 * 1024;
/** What allocators of common languages print before they give up. */
const OUT_OF_MEMORY = /memory allocation of \d+ bytes failed|out of memory|cannot allocate|bad_alloc|OutOfMemory/i;

export class Instance implements GuestHost {
  readonly settings: SystemSettings;
  readonly resultBytesMax: number;
  readonly memoryBytesMax: number;
  readonly files: FileClient;
  readonly #spec: LoadSpec;
  readonly #callFuel: bigint;
  readonly #turns: Turns;
  readonly #guest: Guest;
  readonly #log: (bytes: Uint8Array) => void;
  readonly #onTurn: ((fuel: number) => void) | undefined;
  readonly #errors = new TailBuffer(RECENT_BYTES);
  /** System interfaces that the guest used, and the number of them reported to the server. */
  readonly #used = new Set<string>();
  #reportedCount = 0;
  readonly #counters: Counter[] = [];
  readonly #memories: WebAssembly.Memory[] = [];
  readonly #promised = new Map<WebAssembly.Callable, (...values: readonly unknown[]) => Promise<unknown>>();
  #exports: GuestExports = {};
  #budget = 0;
  /** Fuel of host work that was not yet taken from the guest's counter. */
  #debt = 0;
  #waiting: Waiting | undefined;
  #ending: ExitReason | undefined;
  /** Ends the running step of the ABI, without its answer. */
  #giveUp: (() => void) | undefined;
  #leftAtEnd: number | undefined;

  constructor({ turns, open, files, log, onTurn }: InstanceDeps, spec: LoadSpec) {
    this.files = files;
    this.resultBytesMax = spec.resultBytesMax;
    this.memoryBytesMax = spec.memoryBytesMax;
    this.settings = {
      arguments: ["tool"],
      environment: spec.environment,
      clock: spec.clock,
      random: spec.random,
      used: (what) => this.#used.add(what),
    };
    this.#spec = spec;
    this.#callFuel = BigInt(spec.fuelPerCall);
    this.#turns = turns;
    this.#log = log;
    this.#onTurn = onTurn;
    this.#guest = open(this);
  }

  get ending(): ExitReason | undefined {
    return this.#ending;
  }

  get memoryBytes(): number {
    let bytes = 0;
    for (const memory of this.#memories) bytes += memory.buffer.byteLength;
    return bytes;
  }

  /** Brings the guest to where it can take calls. Undefined when it got there. */
  async start(): Promise<ExitReason | undefined> {
    this.#setFuel(this.#spec.startFuel);
    return this.#until(() => this.#guest.start()).then(
      () => undefined,
      () => this.#ending,
    );
  }

  /** The tools the guest names, after `start`, from what is left of the start's fuel. */
  async listTools(toolsMax: number, declared: readonly GuestTool[]): ReturnType<Guest["listTools"]> {
    return this.#until(() => this.#guest.listTools(toolsMax, declared));
  }

  /** Never rejects. */
  call(tool: string, argumentsText: Uint8Array): Promise<CallOutcome> {
    this.#setFuel(this.#spec.fuelPerCall);
    return new Promise((resolve) => {
      this.#giveUp = () => resolve(this.#lost());
      if (this.#ending !== undefined) return resolve(this.#lost());
      this.#guest.call(tool, argumentsText).then(
        (answer) => resolve(this.#answered(answer)),
        (error: unknown) => {
          this.#endWith(error);
          resolve(this.#lost());
        },
      );
    });
  }

  /** One module alone would have been stopped; several can have used more than the budget together. */
  #answered(answer: GuestAnswer): CallOutcome {
    if (this.#counters.length < 2 || this.#fuelLeft() >= 0) {
      return this.#over({ type: "answered", answer, ...this.#usage() });
    }
    this.#markEnded({ outcome: "fuel", detail: "" });
    this.#stop();
    return this.#lost();
  }

  #lost(): CallOutcome {
    const { outcome, detail } = this.#ending ?? UNEXPLAINED;
    return this.#over({ type: "ended", outcome, detail, ...this.#usage() });
  }

  #over(outcome: CallOutcome): CallOutcome {
    this.#giveUp = undefined;
    if (this.#used.size > this.#reportedCount) this.#reportUses();
    this.#guest.endCall();
    this.#errors.clear();
    return outcome;
  }

  /** Races a step of the ABI against the instance's end; an error of the ABI's own ends the instance. */
  async #until<Value>(step: () => Promise<Value>): Promise<Value> {
    try {
      return await new Promise<Value>((resolve, reject) => {
        this.#giveUp = () => reject(new GuestTerminated());
        if (this.#ending === undefined) step().then(resolve, reject);
        else reject(new GuestTerminated());
      });
    } catch (error) {
      this.#endWith(error);
      throw error;
    } finally {
      this.#giveUp = undefined;
    }
  }

  /** Once for each thing in the life of an instance, before its call's answer. */
  #reportUses(): void {
    const kinds = [...this.#used].slice(this.#reportedCount);
    this.#reportedCount = this.#used.size;
    const body = Buffer.concat(encodeWithBytes({ kinds }, new Uint8Array(0)));
    this.files({ op: "request", name: "grants.used", body }, () => {});
  }

  #endWith(error: unknown): void {
    if (this.#ending !== undefined) return;
    const { outcome, detail } = this.#fault(error);
    this.end(outcome, detail);
  }

  #usage(): { readonly fuel: number; readonly memoryBytes: number } {
    const left = this.#ending?.outcome === "fuel" ? 0 : Math.max(0, this.#fuelLeft());
    const fuel = Math.min(this.#budget, this.#budget - left);
    return { fuel, memoryBytes: this.memoryBytes };
  }

  instantiate(module: WebAssembly.Module, imports: WebAssembly.Imports): GuestExports {
    const { exports } = new WebAssembly.Instance(module, imports);
    this.#exports = exports;
    const global = exports[this.#spec.fuelExport];
    if (!(global instanceof WebAssembly.Global)) throw new Error("the module was not metered");
    const given = Math.max(0, this.#fuelLeft());
    this.#counters.push({ global, given });
    global.value = this.#ending === undefined ? BigInt(given) : -1n;
    // A module may have imported the memory of another, and export it again.
    for (const memory of Object.values(exports)) {
      if (memory instanceof WebAssembly.Memory && !this.#memories.includes(memory)) this.#memories.push(memory);
    }
    return exports;
  }

  get startFunction(): WebAssembly.ExportValue | undefined {
    return this.#exports[this.#spec.startExport];
  }

  run(exported: WebAssembly.ExportValue | undefined, ...values: readonly unknown[]): Promise<unknown> {
    return this.runWithin(
      exported,
      () => values,
      (returned) => returned,
    );
  }

  runWithin<Result>(
    exported: WebAssembly.ExportValue | undefined,
    begin: () => readonly unknown[],
    finish: (returned: unknown) => Result,
  ): Promise<Result> {
    if (typeof exported !== "function") return Promise.reject(new Error("the export is not a function"));
    const settled = Promise.withResolvers<Result>();
    this.#turns.enter(() => {
      try {
        if (this.#ending !== undefined) throw new GuestTerminated();
        this.#onTurn?.(this.#budget);
        void this.#follow(this.#promising(exported)(...begin()), finish, settled);
      } catch (error) {
        settled.reject(error);
        this.#turns.parked();
      }
    });
    return settled.promise;
  }

  plain(exported: WebAssembly.ExportValue | undefined, ...values: readonly unknown[]): unknown {
    if (this.#ending !== undefined) throw new GuestTerminated();
    if (typeof exported !== "function") throw this.end("trap", "a function that it needs is not there");
    try {
      return exported(...values);
    } catch (error) {
      const { outcome, detail } = this.#fault(error);
      throw this.end(outcome, detail);
    }
  }

  /** Making one takes longer than calling it. */
  #promising(exported: WebAssembly.Callable): (...values: readonly unknown[]) => Promise<unknown> {
    let known = this.#promised.get(exported);
    if (known === undefined) {
      known = WebAssembly.promising(exported);
      this.#promised.set(exported, known);
    }
    return known;
  }

  async #follow<Result>(
    running: Promise<unknown>,
    finish: (returned: unknown) => Result,
    settled: PromiseWithResolvers<Result>,
  ): Promise<void> {
    try {
      settled.resolve(finish(await running));
    } catch (error) {
      if (this.#ending === undefined) {
        this.#markEnded(this.#fault(error));
        this.#giveUp?.();
      }
      settled.reject(new GuestTerminated());
    }
    this.#turns.parked();
  }

  async enter(exported: WebAssembly.ExportValue | undefined, ...values: readonly unknown[]): Promise<unknown> {
    if (this.#ending !== undefined) throw new GuestTerminated();
    if (typeof exported !== "function") throw this.end("trap", "a function that it needs is not there");
    try {
      return await this.#promising(exported)(...values);
    } catch (error) {
      const { outcome, detail } = this.#fault(error);
      throw this.end(outcome, detail);
    }
  }

  suspend<Value, Result>(
    begin: (settle: (value: Value) => void) => (() => void) | void,
    finish: (value: Value) => Result,
  ): Promise<Result> {
    if (this.#ending !== undefined) throw new GuestTerminated();
    return new Promise<Result>((resolve, reject) => {
      const waiting: Waiting = { reject, cancel: undefined };
      this.#waiting = waiting;
      try {
        waiting.cancel = begin((value) => {
          if (this.#waiting !== waiting) return;
          this.#waiting = undefined;
          this.#turns.enter(() => {
            this.#onTurn?.(this.#budget);
            try {
              resolve(finish(value));
            } catch (error) {
              reject(error);
            }
          });
        });
      } catch (error) {
        // Nothing was begun, so the guest continues in its turn; unless it was settled or ended meanwhile, which
        // has asked for a turn that must not be in vain.
        if (this.#waiting === waiting) {
          this.#waiting = undefined;
          throw error;
        }
      }
      this.#turns.parked();
    });
  }

  charge(fuel: number): void {
    if (this.#ending !== undefined) throw new GuestTerminated();
    this.#debt += fuel;
    if (this.#debt > DEBT_MAX) this.#payDebt();
    if (this.#counters.length > 1 && this.#fuelLeft() < 0) throw this.end("fuel", "");
  }

  end(outcome: Outcome, detail: string): Error {
    if (this.#ending !== undefined) return new GuestTerminated();
    this.#markEnded(outcome === "trap" && this.#ranOutOfMemory() ? { outcome: "memory", detail } : { outcome, detail });
    this.#giveUp?.();
    return this.#stop();
  }

  finish(): Error {
    this.#markEnded({ outcome: "trap", detail: "it has ended itself" });
    return this.#stop();
  }

  #stop(): Error {
    for (const { global } of this.#counters) global.value = -1n;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) {
      waiting.cancel?.();
      this.#turns.enter(() => waiting.reject(new GuestTerminated()));
    }
    return new GuestTerminated();
  }

  log(bytes: Uint8Array): void {
    this.#errors.append(bytes);
    this.#log(bytes);
  }

  #markEnded(ending: ExitReason): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#leftAtEnd = this.#fuelLeft();
  }

  /** What an error that came out of the guest's stack means. */
  #fault(error: unknown): ExitReason {
    if (this.#ending !== undefined) return this.#ending;
    if (this.#fuelLeft() < 0) return { outcome: "fuel", detail: "" };
    const said = this.#errors.lastLine();
    const detail = [error instanceof Error ? error.message : String(error), said]
      .filter((part) => part !== "")
      .join("; ");
    if (error instanceof RangeError)
      return { outcome: "trap", detail: "its stack is full: it calls itself too deeply" };
    return { outcome: this.#ranOutOfMemory() ? "memory" : "trap", detail };
  }

  /** The guest cannot be asked for the reason; a memory at its limit, or its last output, is sufficient evidence. */
  #ranOutOfMemory(): boolean {
    const isFull = this.memoryBytes > 0 && this.memoryBytes + PAGE_BYTES > this.#spec.memoryBytesMax;
    return isFull || OUT_OF_MEMORY.test(this.#errors.text());
  }

  /** Of the budget, after what every counter has lost and what the host did. */
  #fuelLeft(): number {
    if (this.#leftAtEnd !== undefined) return this.#leftAtEnd;
    let left = this.#budget - this.#debt;
    for (const { global, given } of this.#counters) left += Number(global.value) - given;
    return left;
  }

  #setFuel(fuel: number): void {
    this.#budget = fuel;
    this.#debt = 0;
    if (this.#ending !== undefined) return;
    const value = fuel === this.#spec.fuelPerCall ? this.#callFuel : BigInt(fuel);
    for (const counter of this.#counters) {
      counter.given = fuel;
      counter.global.value = value;
    }
  }

  #payDebt(): void {
    const [first] = this.#counters;
    if (first !== undefined) first.global.value = BigInt(Number(first.global.value) - this.#debt);
    this.#debt = 0;
  }
}
