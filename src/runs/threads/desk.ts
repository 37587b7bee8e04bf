import { strict as assert } from "node:assert";
import { toFault } from "../../kernel/errors.ts";
import { log } from "../../kernel/log.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { callContext } from "../calls/index.ts";
import type { ExecutionDeps } from "../execution/index.ts";
import type { ExecutionPlan, Recorder } from "../record/index.ts";
import type { LanguageModel, ModelRequest } from "../../models/port/index.ts";
import type { Lease, Permit, TurnPermit } from "../spending/index.ts";
import { Credit } from "./credit.ts";
import type { Answers, Ask, Leave, ModelRef, TurnLeave, Work } from "./protocol.ts";
import { SealedHeaders } from "./sealed-headers.ts";
import type { Thread } from "./thread.ts";
import { printOf, snapshotOf } from "./tool-snapshot.ts";

/** What the server has for a run in a thread. */
export type ThreadDeps = ExecutionDeps & { readonly recorder: Recorder };

type Turn = Pick<Extract<TurnPermit, { type: "granted" }>, "charge" | "request"> & { readonly model: LanguageModel };
type Given = { readonly lease: Lease; readonly turn: Turn | undefined };

/**
 * Answers what a run's thread asks.
 * threads.desk.D1. Models, keys, tools, files, budgets and the journal stay on this side; the thread has numbers for
 *   them.
 * threads.desk.D2. An answer goes out after the entries that were on disk before it.
 * threads.desk.D3. Once it is closed nothing that the thread asked for is under way.
 */
export class Desk {
  readonly #thread: Thread;
  readonly #deps: ThreadDeps;
  readonly #plan: ExecutionPlan;
  readonly #signal: AbortSignal;
  readonly #flush: () => void;
  readonly #headers = new SealedHeaders();
  readonly #models: LanguageModel[] = [];
  readonly #permits = new Map<number, Given>();
  readonly #asked = new Map<number, AbortController>();
  readonly #credits = new Map<number, Credit>();
  readonly #underWay = new Set<Promise<void>>();
  #lastPermit = 0;
  #print: string;

  /** `flush` sends the entries that are on disk. */
  constructor(
    { thread, deps, flush }: { readonly thread: Thread; readonly deps: ThreadDeps; readonly flush: () => void },
    plan: ExecutionPlan,
    signal: AbortSignal,
  ) {
    this.#thread = thread;
    this.#deps = deps;
    this.#plan = plan;
    this.#signal = signal;
    this.#flush = flush;
    this.#print = printOf(this.#servers());
  }

  /** What the thread begins with. */
  work(): Work {
    const { recorder, model, retry, choiceTimeoutMs, meter } = this.#deps;
    return {
      plan: { ...this.#plan, settings: this.#headers.seal(this.#plan.settings) },
      view: recorder.view(),
      servers: this.#servers(),
      model: this.#ref(model),
      retry,
      choiceTimeoutMs,
      limitsCalls: meter.limitsCalls,
    };
  }

  /** Answers when it can. */
  take(id: number, ask: Ask): void {
    const given = new AbortController();
    this.#asked.set(id, given);
    const done = this.#settle(id, ask, given.signal).finally(() => {
      this.#asked.delete(id);
      this.#underWay.delete(done);
    });
    this.#underWay.add(done);
  }

  stop(id: number): void {
    this.#asked.get(id)?.abort("nobody waits for it");
    this.#credits.get(id)?.give(Infinity);
  }

  taken(id: number, parts: number): void {
    this.#credits.get(id)?.give(parts);
  }

  release(permit: number): void {
    this.#permits.get(permit)?.lease.release();
    this.#permits.delete(permit);
  }

  /** Breaks off what is under way, and returns when it is over. */
  async close(): Promise<void> {
    for (const id of this.#asked.keys()) this.stop(id);
    await Promise.all(this.#underWay);
  }

  async #settle(id: number, ask: Ask, signal: AbortSignal): Promise<void> {
    try {
      const answer = await this.#answer(id, ask, signal);
      this.#flush();
      this.#tellOfServers(ask);
      this.#thread.post({ type: "answer", id, answer });
    } catch (error) {
      const fault = toFault(error);
      if (fault.code === "BUG") log.error({ runId: this.#deps.recorder.runId, err: error, ask: ask.type }, "a bug");
      this.#flush();
      this.#thread.post({ type: "failed", id, fault });
    }
  }

  async #answer(id: number, ask: Ask, given: AbortSignal): Promise<Answers[Ask["type"]]> {
    const { recorder, meter, artifacts } = this.#deps;
    switch (ask.type) {
      case "record":
        await recorder.record(...ask.events);
        return undefined;
      case "turn":
        return this.#turn(ask, this.#until(given));
      case "calls": {
        const signal = this.#until(given);
        return this.#leave(await meter.forCalls(ask.count, signal, ask.how), signal);
      }
      case "fuel": {
        const signal = this.#until(given);
        return this.#leave(await meter.forFuel(() => ask.fuel, signal, ask.how), signal);
      }
      case "charge":
        return this.#turnOf(ask.permit).turn.charge(ask.answer);
      case "stream":
        return this.#stream(id, ask.permit, given);
      case "backup": {
        const { model, settings } = await this.#deps.backup(ask.name);
        return { model: this.#ref(model), settings: this.#headers.seal(settings) };
      }
      case "summariser":
        return this.#ref(await this.#deps.summariser());
      case "call":
        return this.#call(ask, this.#until(given));
      case "save":
        return artifacts.save(recorder.runId, ask.file);
      case "files":
        return artifacts.ofRun(recorder.runId);
      case "read": {
        const artifact = (await artifacts.ofRun(recorder.runId)).find((each) => each.id === ask.id);
        assert(artifact, "a run reads its own artifacts");
        return artifacts.read(artifact);
      }
      case "rest":
        return this.#deps.rest(ask.state, ask.waits);
    }
  }

  async #turn(ask: Extract<Ask, { type: "turn" }>, signal: AbortSignal): Promise<TurnLeave> {
    const model = this.#models[ask.model];
    assert(model, "a run has its models from here");
    const request: ModelRequest = { ...ask.request, settings: this.#headers.open(ask.request.settings) };
    const permit = await this.#deps.meter.forTurn(model, request, ask.toolTokens, signal);
    if (permit.type !== "granted") return permit;
    const { limited, charge } = permit;
    const { outputTokensMax } = permit.request.settings;
    return {
      type: "granted",
      limited,
      outputTokensMax,
      ...this.#keep(permit, signal, { model, request: permit.request, charge }),
    };
  }

  #leave(permit: Permit<object>, signal: AbortSignal): Leave {
    return permit.type === "granted" ? { type: permit.type, ...this.#keep(permit, signal, undefined) } : permit;
  }

  #keep({ signal, cut, release }: Lease, asked: AbortSignal, turn: Turn | undefined) {
    const permit = (this.#lastPermit += 1);
    this.#permits.set(permit, { lease: { signal, cut, release }, turn });
    const isTimed = signal !== asked;
    if (isTimed) {
      const tell = () => this.#thread.post({ type: "cut", permit, failure: cut() ?? null });
      signal.addEventListener("abort", tell, { once: true });
    }
    return { permit, isTimed };
  }

  async #stream(id: number, permit: number, given: AbortSignal): Promise<undefined> {
    const { lease, turn } = this.#turnOf(permit);
    const credit = new Credit(LIMITS.threadPartsMax);
    this.#credits.set(id, credit);
    try {
      for await (const part of turn.model.stream(turn.request, AbortSignal.any([lease.signal, given]))) {
        await credit.take();
        this.#thread.post({ type: "part", id, part });
      }
    } finally {
      this.#credits.delete(id);
    }
  }

  #call(ask: Extract<Ask, { type: "call" }>, signal: AbortSignal) {
    const { recorder, tools, attend } = this.#deps;
    const { callId, server, tool } = ask;
    const view = recorder.view();
    const started = view.steps.findLast((step) => step.kind === "tool" && step.callId === callId);
    assert(started, "a call is on disk before it is made");
    const context = { ...callContext(view), ...attend({ step: started.turn, callId }) };
    return tools.run({ id: callId, server, tool, arguments: ask.arguments, context }, signal);
  }

  #until(given: AbortSignal): AbortSignal {
    return AbortSignal.any([this.#signal, given]);
  }

  #turnOf(permit: number): Given & { readonly turn: Turn } {
    const { lease, turn } = this.#permits.get(permit) ?? {};
    assert(lease && turn, "a turn is taken with leave");
    return { lease, turn };
  }

  #ref(model: LanguageModel): ModelRef {
    const ref = this.#models.push(model) - 1;
    return { ref, id: model.id, limits: model.limits };
  }

  #servers() {
    return snapshotOf(this.#deps.tools.servers(), this.#plan.tools);
  }

  /** What calls are judged by may have changed while somebody was waited for. */
  #tellOfServers({ type }: Ask): void {
    if (type !== "record" && type !== "rest") return;
    const print = printOf(this.#deps.tools.servers());
    if (print === this.#print) return;
    this.#print = print;
    this.#thread.post({ type: "servers", servers: this.#servers() });
  }
}
