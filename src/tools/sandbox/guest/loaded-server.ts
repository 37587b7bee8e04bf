import type { FileClient } from "../wasi/index.ts";
import type { IoReply, IoRequest, LoadSpec, Outcome } from "../wire/index.ts";
import type { Opener } from "./abis/abi.ts";
import { type CallOutcome, Instance } from "./instance.ts";
import type { Turns } from "./turns.ts";

/**
 * One tool server in this child: its compiled module, an instance for each session, and one that waits ready-made.
 *
 * guest.loaded-server.L1. An instance serves one session only.
 * guest.loaded-server.L2. Calls of a session run one after another, in their order.
 * guest.loaded-server.L3. At most `instancesMax` instances. A session that needs one and finds none free takes that
 *   of the session that has been idle longest, or waits.
 * guest.loaded-server.L4. A start ends with the call it is for; one that is for no call yet, within `START_MS_MAX`.
 */
export type ServerDeps = {
  readonly turns: Turns;
  readonly open: Opener;
  /** Instances in this child, of all servers. */
  readonly room: InstanceRoom;
  readonly send: (call: number, outcome: CallOutcome) => void;
  readonly requestFile: (call: number, request: IoRequest, settle: (reply: IoReply) => void) => void;
  readonly log: (call: number, bytes: Uint8Array) => void;
  /** Called when a guest resumes, for a call or, with 0, for none, with the fuel it may use. */
  readonly onTurn?: ((call: number, fuel: number) => void) | undefined;
};

export type InstanceRoom = { count: number; readonly max: number };

type Call = {
  readonly id: number;
  readonly tool: string;
  readonly argumentsText: Uint8Array;
  /** It was answered before it was made. */
  isOver: boolean;
};
type Lane = {
  readonly session: number;
  readonly queue: Call[];
  current: Call | undefined;
  instance: Holder | undefined;
  /** What is being started for the current call. */
  starting: Holder | undefined;
  isOver: boolean;
  /** Grows with each use; the smallest has been idle longest. */
  used: number;
};
/** An instance, the call that it serves, and the call that it was started for. */
type Holder = { readonly instance: Instance; call: number; startedFor: number; logged: number; isDiscarded: boolean };

/** Standard error of one call, or of a start, that is passed on. */
const LOG_BYTES_MAX = 64 * 1024;
/** Time limit of an instance's start that no call waits for. */
export const START_MS_MAX = 15_000;
const NOTHING_USED = { fuel: 0, memoryBytes: 0 };
const DENIED: IoReply = { type: "refused", reason: "denied" };

export class LoadedServer {
  readonly #deps: ServerDeps;
  readonly #spec: LoadSpec;
  readonly #lanes = new Map<number, Lane>();
  readonly #waiting: Lane[] = [];
  #spare: Holder | undefined;
  #startingSpare: Holder | undefined;
  #isSpareDue = false;
  #live = 0;
  #uses = 0;
  #isUnloaded = false;

  constructor(deps: ServerDeps, spec: LoadSpec) {
    this.#deps = deps;
    this.#spec = spec;
    this.#makeSpareSoon();
  }

  call(id: number, session: number, tool: number, argumentsText: Uint8Array): void {
    const name = this.#spec.tools[tool];
    if (name === undefined)
      return this.#refuse(id, "bad-output", "the call is for a tool that the server does not have");
    const lane = this.#lane(session);
    const call = { id, tool: name, argumentsText, isOver: false };
    if (lane.current === undefined) this.#begin(lane, call);
    else lane.queue.push(call);
  }

  /** Ends a call that waits or runs. */
  cancel(id: number, outcome: Outcome): void {
    for (const lane of this.#lanes.values()) {
      const { current, queue, instance } = lane;
      if (current?.id === id && instance?.call === id) return void instance.instance.end(outcome, "");
      const call = current?.id === id ? current : queue.find((each) => each.id === id);
      if (call === undefined) continue;
      if (call !== current) queue.splice(queue.indexOf(call), 1);
      if (!call.isOver) this.#refuse(id, outcome, "");
      call.isOver = true;
      if (call === current) lane.starting?.instance.end(outcome, "");
      return;
    }
  }

  endSession(session: number): void {
    const lane = this.#lanes.get(session);
    if (lane === undefined) return;
    lane.isOver = true;
    if (lane.current === undefined) this.#close(lane);
  }

  /** Ends everything; waiting and running calls get that result. */
  unload(): void {
    this.#isUnloaded = true;
    for (const lane of this.#lanes.values()) {
      for (const { id } of [...lane.queue, ...(lane.current === undefined ? [] : [lane.current])]) {
        this.cancel(id, "cancelled");
      }
      this.#drop(lane);
    }
    this.#lanes.clear();
    if (this.#startingSpare !== undefined) this.#discard(this.#startingSpare);
    if (this.#spare !== undefined) this.#discard(this.#spare);
    this.#spare = undefined;
  }

  /** Lets go of the instance that waits ready-made; the next call that needs one starts it. */
  trim(): void {
    if (this.#spare !== undefined) this.#discard(this.#spare);
    this.#spare = undefined;
  }

  get live(): number {
    return this.#live;
  }

  #lane(session: number): Lane {
    let lane = this.#lanes.get(session);
    if (lane === undefined) {
      lane = {
        session,
        queue: [],
        current: undefined,
        instance: undefined,
        starting: undefined,
        isOver: false,
        used: 0,
      };
      this.#lanes.set(session, lane);
    }
    this.#uses += 1;
    lane.used = this.#uses;
    lane.isOver = false;
    return lane;
  }

  #advance(lane: Lane): void {
    const call = lane.queue.length === 0 ? undefined : lane.queue.shift();
    if (call !== undefined) this.#begin(lane, call);
    else if (lane.isOver) this.#close(lane);
  }

  #begin(lane: Lane, call: Call): void {
    lane.current = call;
    if (!this.#hasBegun(lane, call)) this.#waiting.push(lane);
  }

  /** Begins a call when there is an instance for it, or may be one. */
  #hasBegun(lane: Lane, call: Call): boolean {
    if (lane.instance === undefined && this.#spare !== undefined) {
      lane.instance = this.#spare;
      this.#spare = undefined;
      this.#makeSpareSoon();
    }
    if (lane.instance !== undefined) void this.#run(lane, lane.instance, call);
    else if (this.#hasRoom() || this.#evict()) void this.#startFor(lane, call);
    else return false;
    return true;
  }

  #hasRoom(): boolean {
    const { room } = this.#deps;
    return this.#live < this.#spec.instancesMax && room.count < room.max;
  }

  #evict(): boolean {
    let oldest: Lane | undefined;
    for (const lane of this.#lanes.values()) {
      const isIdle = lane.current === undefined && lane.instance !== undefined;
      if (isIdle && lane.used < (oldest?.used ?? Infinity)) oldest = lane;
    }
    if (oldest !== undefined) this.#drop(oldest);
    return oldest !== undefined;
  }

  async #startFor(lane: Lane, call: Call): Promise<void> {
    const holder = this.#create(call.id);
    lane.starting = holder;
    const failed = await holder.instance.start();
    lane.starting = undefined;
    if (failed === undefined && !this.#isUnloaded) {
      lane.instance = holder;
      // The call may have been cancelled while its instance was started.
      if (!call.isOver) return void this.#run(lane, holder, call);
    } else {
      this.#discard(holder);
      const { outcome, detail } = failed ?? { outcome: "cancelled", detail: "" };
      const usage = { fuel: 0, memoryBytes: holder.instance.memoryBytes };
      const why = outcome === "fuel" ? `it used all ${this.#spec.startFuel} fuel of a start` : detail;
      // A start that takes longer than a call may still come to an end for the calls after it.
      if (outcome === "deadline") this.#makeSpareSoon();
      const said = outcome === "fuel" || outcome === "trap" ? "trap" : outcome;
      return this.#finish(lane, call, {
        type: "ended",
        outcome: said,
        detail: `while it was started: ${why}`,
        ...usage,
      });
    }
    lane.current = undefined;
    this.#advance(lane);
    this.#serveWaiting();
  }

  async #run(lane: Lane, holder: Holder, call: Call): Promise<void> {
    holder.call = call.id;
    holder.logged = 0;
    const outcome = await holder.instance.call(call.tool, call.argumentsText);
    holder.call = 0;
    if (holder.instance.ending !== undefined) {
      this.#discard(holder);
      lane.instance = undefined;
    }
    this.#finish(lane, call, outcome);
  }

  #finish(lane: Lane, call: Call, outcome: CallOutcome): void {
    if (!call.isOver) this.#deps.send(call.id, outcome);
    lane.current = undefined;
    if (this.#isUnloaded) return;
    this.#advance(lane);
    this.#serveWaiting();
  }

  /** Gives a session that waits for an instance its chance, once one may have become free. */
  #serveWaiting(): void {
    const lane = this.#waiting[0];
    if (lane === undefined) return;
    const call = lane.current;
    if (call !== undefined && !call.isOver) {
      if (this.#hasBegun(lane, call)) this.#waiting.shift();
      return;
    }
    this.#waiting.shift();
    lane.current = undefined;
    this.#advance(lane);
    this.#serveWaiting();
  }

  #refuse(id: number, outcome: Outcome, detail: string): void {
    this.#deps.send(id, { type: "ended", outcome, detail, ...NOTHING_USED });
  }

  #close(lane: Lane): void {
    this.#drop(lane);
    this.#lanes.delete(lane.session);
    this.#serveWaiting();
  }

  #drop(lane: Lane): void {
    if (lane.starting !== undefined) this.#discard(lane.starting);
    if (lane.instance !== undefined) this.#discard(lane.instance);
    lane.instance = undefined;
  }

  #create(startedFor = 0): Holder {
    const { turns, open, room, log, requestFile, onTurn } = this.#deps;
    const files: FileClient = (request, settle) => {
      if (holder.call === 0) settle(DENIED);
      else requestFile(holder.call, request, settle);
    };
    const keep = (bytes: Uint8Array): void => {
      const part = bytes.subarray(0, LOG_BYTES_MAX - holder.logged);
      holder.logged += part.length;
      if (part.length > 0) log(holder.call, part);
    };
    const turned = onTurn && ((fuel: number): void => onTurn(holder.call || holder.startedFor, fuel));
    const deps = { turns, open, files, log: keep, onTurn: turned };
    const instance = new Instance(deps, this.#spec);
    const holder: Holder = { instance, call: 0, startedFor, logged: 0, isDiscarded: false };
    this.#live += 1;
    room.count += 1;
    return holder;
  }

  #discard(holder: Holder): void {
    if (holder.isDiscarded) return;
    holder.isDiscarded = true;
    this.#live -= 1;
    this.#deps.room.count -= 1;
    holder.instance.end("cancelled", "");
  }

  /** After the calls that are here already, since those are waited for and the spare is not. */
  #makeSpareSoon(): void {
    if (this.#isSpareDue || !this.#spec.startsAhead) return;
    this.#isSpareDue = true;
    setImmediate(() => void this.#makeSpare());
  }

  async #makeSpare(): Promise<void> {
    if (this.#isUnloaded || this.#spare !== undefined || !this.#hasRoom()) {
      this.#isSpareDue = false;
      return;
    }
    const holder = this.#create();
    this.#startingSpare = holder;
    const limit = setTimeout(() => holder.instance.end("deadline", ""), START_MS_MAX);
    const failed = await holder.instance.start();
    clearTimeout(limit);
    this.#startingSpare = undefined;
    this.#isSpareDue = false;
    if (failed === undefined && !this.#isUnloaded && this.#spare === undefined) this.#spare = holder;
    else this.#discard(holder);
    if (!this.#isUnloaded) this.#serveWaiting();
  }
}
