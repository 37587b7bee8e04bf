import { strict as assert } from "node:assert";
import { systemClock } from "../../kernel/clock.ts";
import type { ExecutionDeps } from "../execution/index.ts";
import type { LanguageModel, ModelRequest } from "../../models/port/index.ts";
import type { RunFailure, RunFiles } from "../record/index.ts";
import { type ToolRunner, type ToolServer, ToolCatalogue } from "../../tools/catalogue/index.ts";
import type { TurnUsage, Lease, Meter } from "../spending/index.ts";
import type { RpcClient } from "./rpc-client.ts";
import type { RunRecordReplica } from "./run-record-replica.ts";
import type { WorkerMessage, RemoteReservation, ModelRef, RunAssignment } from "./protocol.ts";

/** Dependencies of a run in a worker: the same shape as in the server, with every operation forwarded to the server. */
export class RemoteExecutionDeps {
  readonly deps: ExecutionDeps;
  readonly #client: RpcClient;
  readonly #post: (message: WorkerMessage) => void;
  /** Which leave a request was let go with. */
  readonly #permits = new WeakMap<ModelRequest, number>();
  readonly #refs = new WeakMap<LanguageModel, number>();
  readonly #cuts = new Map<number, (failure: RunFailure | null) => void>();
  #servers: readonly ToolServer[];

  constructor(
    work: RunAssignment,
    recorder: RunRecordReplica,
    { client, post }: { client: RpcClient; post: (message: WorkerMessage) => void },
  ) {
    this.#client = client;
    this.#post = post;
    this.#servers = work.servers;
    this.deps = {
      recorder,
      models: {
        current: this.#model(work.model),
        summarizer: async () => this.#model(await client.call({ type: "summarizer" })),
        backup: async (name) => {
          const { model, settings } = await client.call({ type: "backup", name });
          return { model: this.#model(model), settings };
        },
        retry: work.retry,
        choiceTimeoutMs: work.choiceTimeoutMs,
      },
      tools: new ToolCatalogue(this.#tools()),
      artifacts: filesOf(client),
      clock: systemClock,
      // Call hooks run in the server.
      attend: () => ({}),
      meter: this.#meter(work),
      gate: {
        complete: (end, next) => client.call({ type: "complete", end, next }),
        suspend: (state, waits) => client.call({ type: "suspend", state, waits }),
        handOff: (end, handOff) => client.call({ type: "hand-off", end, handOff }),
      },
    };
  }

  /** Tool servers that are not what they were. */
  changed(servers: readonly ToolServer[]): void {
    this.#servers = servers;
  }

  cut(permit: number, failure: RunFailure | null): void {
    this.#cuts.get(permit)?.(failure);
  }

  #model({ ref, id, limits }: ModelRef): LanguageModel {
    const model: LanguageModel = {
      id,
      limits,
      stream: (request, signal) => {
        const permit = this.#permits.get(request);
        assert(permit !== undefined, "a request is sent as it was let go");
        return this.#client.parts(permit, signal);
      },
    };
    this.#refs.set(model, ref);
    return model;
  }

  #tools(): ToolRunner {
    return {
      servers: () => this.#servers,
      call: ({ id: callId, server, tool, arguments: given }, signal) =>
        this.#client.call({ type: "call", callId, server, tool, arguments: given }, signal),
      logs: () => [],
      endSession: () => undefined,
    };
  }

  #meter({ limitsCalls }: RunAssignment): Meter {
    return {
      forTurn: async (model, request, toolTokens, signal) => {
        const ref = this.#refs.get(model);
        assert(ref !== undefined, "a run has its models from the server");
        const leave = await this.#client.call({ type: "turn", model: ref, request, toolTokens }, signal);
        if (leave.type !== "granted") return leave;
        const { permit, limited, outputTokensMax } = leave;
        const sent = { ...request, settings: { ...request.settings, outputTokensMax } };
        this.#permits.set(sent, permit);
        const charge = ({ text, toolCalls, usage }: TurnUsage) =>
          this.#client.call({ type: "charge", permit, answer: { text, toolCalls, usage } });
        return { type: "granted", request: sent, limited, charge, ...this.#lease(leave, signal) };
      },
      limitsCalls,
      forCalls: async (count, signal, how) =>
        this.#reserved(await this.#client.call({ type: "calls", count, how }, signal), signal),
      forFuel: async (fuel, signal, how) =>
        this.#reserved(await this.#client.call({ type: "fuel", fuel: fuel(), how }, signal), signal),
    };
  }

  #reserved(leave: RemoteReservation, signal: AbortSignal) {
    return leave.type === "granted" ? { type: leave.type, ...this.#lease(leave, signal) } : leave;
  }

  #lease({ permit, isTimed }: { readonly permit: number; readonly isTimed: boolean }, signal: AbortSignal): Lease {
    let failure: RunFailure | null = null;
    const usedUp = new AbortController();
    this.#cuts.set(permit, (why) => {
      failure = why;
      usedUp.abort("the time of a budget is used up");
    });
    return {
      signal: isTimed ? AbortSignal.any([signal, usedUp.signal]) : signal,
      cut: () => (signal.aborted ? undefined : (failure ?? undefined)),
      release: () => {
        if (this.#cuts.delete(permit)) this.#post({ type: "release", permit });
      },
    };
  }
}

const filesOf = (client: RpcClient): RunFiles => ({
  save: (_run, file) => client.call({ type: "save", file }),
  ofRun: () => client.call({ type: "files" }),
  read: ({ id }) => client.call({ type: "read", id }),
});
