import { strict as assert } from "node:assert";
import { toFault } from "../../kernel/errors.ts";
import { log } from "../../kernel/log.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { callContext } from "../calls/index.ts";
import type { ExecutionDeps } from "../execution/index.ts";
import type { ExecutionPlan, Recorder } from "../record/index.ts";
import type { LanguageModel, ModelRequest } from "../../models/port/index.ts";
import type { Lease, BudgetPermit, TurnPermit } from "../spending/index.ts";
import { Credit } from "./credit.ts";
import type {
  WorkerResponses,
  WorkerRequest,
  RemoteReservation,
  ModelRef,
  TurnReservation,
  RunAssignment,
} from "./protocol.ts";
import { SealedHeaders } from "./sealed-headers.ts";
import type { RunWorker } from "./run-worker.ts";
import { fingerprintOf, snapshotOf } from "./tool-snapshot.ts";

/** Server side of a run in a worker. */
export type WorkerDeps = ExecutionDeps & { readonly recorder: Recorder };

type Turn = Pick<Extract<TurnPermit, { type: "granted" }>, "charge" | "request"> & { readonly model: LanguageModel };
type GrantedLease = { readonly lease: Lease; readonly turn: Turn | undefined };

/**
 * Serves the requests of one run's worker.
 * workers.worker-rpc-server.D1. Models, keys, tools, files, budgets and the journal stay in the server; the worker refers
 *   to them by number.
 * workers.worker-rpc-server.D2. A response is sent after the entries that became durable before it.
 * workers.worker-rpc-server.D3. After `close` resolves, no operation of the worker is running.
 */
export class WorkerRpcServer {
  readonly #worker: RunWorker;
  readonly #deps: WorkerDeps;
  readonly #plan: ExecutionPlan;
  readonly #signal: AbortSignal;
  readonly #flush: () => void;
  readonly #headers = new SealedHeaders();
  readonly #models: LanguageModel[] = [];
  readonly #permits = new Map<number, GrantedLease>();
  readonly #requests = new Map<number, AbortController>();
  readonly #credits = new Map<number, Credit>();
  readonly #running = new Set<Promise<void>>();
  #lastPermit = 0;
  #fingerprint: string;

  /** `flush` sends the entries that are on disk. */
  constructor(
    { worker, deps, flush }: { readonly worker: RunWorker; readonly deps: WorkerDeps; readonly flush: () => void },
    plan: ExecutionPlan,
    signal: AbortSignal,
  ) {
    this.#worker = worker;
    this.#deps = deps;
    this.#plan = plan;
    this.#signal = signal;
    this.#flush = flush;
    this.#fingerprint = fingerprintOf(this.#servers());
  }

  /** Assignment of the worker. */
  work(): RunAssignment {
    const { recorder, models, meter } = this.#deps;
    const { current, retry, choiceTimeoutMs } = models;
    return {
      plan: { ...this.#plan, settings: this.#headers.seal(this.#plan.settings) },
      view: recorder.view(),
      servers: this.#servers(),
      model: this.#ref(current),
      retry,
      choiceTimeoutMs,
      limitsCalls: meter.limitsCalls,
    };
  }

  /** Answers when it can. */
  handle(id: number, ask: WorkerRequest): void {
    const given = new AbortController();
    this.#requests.set(id, given);
    const done = this.#respond(id, ask, given.signal).finally(() => {
      this.#requests.delete(id);
      this.#running.delete(done);
    });
    this.#running.add(done);
  }

  stop(id: number): void {
    this.#requests.get(id)?.abort("the worker stopped waiting");
    this.#credits.get(id)?.give(Infinity);
  }

  acknowledge(id: number, parts: number): void {
    this.#credits.get(id)?.give(parts);
  }

  release(permit: number): void {
    this.#permits.get(permit)?.lease.release();
    this.#permits.delete(permit);
  }

  /** Aborts running operations, and resolves when they have ended. */
  async close(): Promise<void> {
    for (const id of this.#requests.keys()) this.stop(id);
    await Promise.all(this.#running);
  }

  async #respond(id: number, ask: WorkerRequest, signal: AbortSignal): Promise<void> {
    try {
      const answer = await this.#handle(id, ask, signal);
      this.#flush();
      this.#sendChangedServers(ask);
      this.#worker.post({ type: "answer", id, answer });
    } catch (error) {
      const fault = toFault(error);
      if (fault.code === "BUG") log.error({ runId: this.#deps.recorder.runId, err: error, ask: ask.type }, "a bug");
      this.#flush();
      this.#worker.post({ type: "failed", id, fault });
    }
  }

  async #handle(id: number, ask: WorkerRequest, given: AbortSignal): Promise<WorkerResponses[WorkerRequest["type"]]> {
    const { recorder, meter, artifacts } = this.#deps;
    switch (ask.type) {
      case "record":
        await recorder.append(...ask.events);
        return undefined;
      case "turn":
        return this.#turn(ask, this.#withRunSignal(given));
      case "calls": {
        const signal = this.#withRunSignal(given);
        return this.#reservation(await meter.forCalls(ask.count, signal, ask.how), signal);
      }
      case "fuel": {
        const signal = this.#withRunSignal(given);
        return this.#reservation(await meter.forFuel(() => ask.fuel, signal, ask.how), signal);
      }
      case "charge":
        return this.#turnOf(ask.permit).turn.charge(ask.answer);
      case "stream":
        return this.#stream(id, ask.permit, given);
      case "backup": {
        const { model, settings } = await this.#deps.models.backup(ask.name);
        return { model: this.#ref(model), settings: this.#headers.seal(settings) };
      }
      case "summarizer":
        return this.#ref(await this.#deps.models.summarizer());
      case "call":
        return this.#call(ask, this.#withRunSignal(given));
      case "save":
        return artifacts.save(recorder.runId, ask.file);
      case "files":
        return artifacts.ofRun(recorder.runId);
      case "read": {
        const artifact = (await artifacts.ofRun(recorder.runId)).find((each) => each.id === ask.id);
        assert(artifact, "a run reads its own artifacts");
        return artifacts.read(artifact);
      }
      case "complete":
        return this.#deps.gate.complete(ask.end, ask.next);
      case "suspend":
        return this.#deps.gate.suspend(ask.state, ask.waits);
      case "hand-off":
        return this.#deps.gate.handOff(ask.end, ask.handOff);
    }
  }

  async #turn(ask: Extract<WorkerRequest, { type: "turn" }>, signal: AbortSignal): Promise<TurnReservation> {
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
      ...this.#register(permit, signal, { model, request: permit.request, charge }),
    };
  }

  #reservation(permit: BudgetPermit<object>, signal: AbortSignal): RemoteReservation {
    return permit.type === "granted" ? { type: permit.type, ...this.#register(permit, signal, undefined) } : permit;
  }

  #register({ signal, cut, release }: Lease, asked: AbortSignal, turn: Turn | undefined) {
    const permit = (this.#lastPermit += 1);
    this.#permits.set(permit, { lease: { signal, cut, release }, turn });
    const isTimed = signal !== asked;
    if (isTimed) {
      const notify = () => this.#worker.post({ type: "cut", permit, failure: cut() ?? null });
      signal.addEventListener("abort", notify, { once: true });
    }
    return { permit, isTimed };
  }

  async #stream(id: number, permit: number, given: AbortSignal): Promise<undefined> {
    const { lease, turn } = this.#turnOf(permit);
    const credit = new Credit(LIMITS.workerPartsMax);
    this.#credits.set(id, credit);
    try {
      for await (const part of turn.model.stream(turn.request, AbortSignal.any([lease.signal, given]))) {
        await credit.take();
        this.#worker.post({ type: "part", id, part });
      }
    } finally {
      this.#credits.delete(id);
    }
  }

  #call(ask: Extract<WorkerRequest, { type: "call" }>, signal: AbortSignal) {
    const { recorder, tools, attend } = this.#deps;
    const { callId, server, tool } = ask;
    const view = recorder.view();
    const started = view.steps.findLast((step) => step.kind === "tool" && step.callId === callId);
    assert(started, "a call is on disk before it is made");
    const context = { ...callContext(view, this.#plan), ...attend({ step: started.turn, callId }) };
    return tools.run({ id: callId, server, tool, arguments: ask.arguments, context }, signal);
  }

  #withRunSignal(given: AbortSignal): AbortSignal {
    return AbortSignal.any([this.#signal, given]);
  }

  #turnOf(permit: number): GrantedLease & { readonly turn: Turn } {
    const { lease, turn } = this.#permits.get(permit) ?? {};
    assert(lease && turn, "a turn is taken with leave");
    return { lease, turn };
  }

  #ref(model: LanguageModel): ModelRef {
    const ref = this.#models.push(model) - 1;
    return { ref, id: model.id, limits: model.limits };
  }

  #servers() {
    return snapshotOf(this.#deps.tools.servers(), this.#plan.tools, this.#plan.agentTools);
  }

  /** The state that calls are checked against may have changed during the wait. */
  #sendChangedServers({ type }: WorkerRequest): void {
    if (type !== "record" && type !== "suspend") return;
    const print = fingerprintOf(this.#deps.tools.servers());
    if (print === this.#fingerprint) return;
    this.#fingerprint = print;
    this.#worker.post({ type: "servers", servers: this.#servers() });
  }
}
