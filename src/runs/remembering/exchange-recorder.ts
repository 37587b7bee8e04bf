import type { Agents } from "../../agents/definitions/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import { mint, RunId } from "../../kernel/ids.ts";
import { log } from "../../kernel/log.ts";
import { type OutboxRest, OutboxWorker } from "../../kernel/outbox-worker.ts";
import { type Entity, type Memory, MemoryFullError, type Provenance } from "../../memory/knowledge/index.ts";
import {
  isTerminal,
  RunNotFoundError,
  type MemoryOutboxEntry,
  type MemoryOutbox,
  type Runs,
  type RunView,
} from "../index.ts";
import { toExchange, storageScope } from "./exchange.ts";
import { EXTRACTION_SCHEMA, rememberExtracted } from "./extraction.ts";

export type ExchangeRecorderDeps = {
  readonly runs: Pick<Runs, "hub" | "view" | "start">;
  readonly outbox: MemoryOutbox;
  readonly agents: Pick<Agents, "prepare">;
  readonly memory: Pick<Memory, "changes" | "store">;
  readonly clock: Clock;
};

const BATCH_MAX = 50;
const ATTEMPTS_MAX = 10;
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 5 * 60_000;
/** How often it is looked whether an extracting run has ended. */
const SCAN_MS = 1_000;

type Next = { readonly keeping: MemoryOutboxEntry; readonly afterMs: number };

/**
 * Remembers what runs were asked and answered, after their answers are out.
 * remembering.exchange-recorder.K1. A run that completed is remembered, or says why not, also over a crash: what is due is on
 *   disk with the run's end.
 * remembering.exchange-recorder.K2. Remembered twice it is there once. No model is called before it is kept; facts are taken out
 *   of it by a run of their own, and out of the same exchange once.
 */
export class ExchangeRecorder implements AsyncDisposable {
  readonly #deps: ExchangeRecorderDeps;
  readonly #worker: OutboxWorker;
  #watching: Disposable | undefined;

  constructor(deps: ExchangeRecorderDeps) {
    this.#deps = deps;
    const failure = "exchanges to remember could not be read; they are retried";
    this.#worker = new OutboxWorker(deps.clock, (signal) => this.#recordDue(signal), failure);
  }

  /** Keeps what is due, of runs that ended before too, and from now on. */
  start(): void {
    this.#watching = this.#deps.runs.hub.watchAll((news) => {
      if (news.type === "entry" && news.entry.event.type === "run-complete") this.#worker.due();
    });
    this.#worker.due();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watching?.[Symbol.dispose]();
    await this.#worker[Symbol.asyncDispose]();
  }

  async #recordDue(signal: AbortSignal): Promise<OutboxRest> {
    const { outbox, clock } = this.#deps;
    for (const keeping of outbox.due(clock.nowMs(), BATCH_MAX)) {
      if (signal.aborted) return "done";
      const next = await this.#advance(keeping);
      await outbox.put(next.keeping, clock.nowMs() + next.afterMs);
    }
    const at = outbox.nextAtMs();
    return at === undefined ? "done" : Math.max(0, at - clock.nowMs());
  }

  async #advance(keeping: MemoryOutboxEntry): Promise<Next> {
    try {
      const view = this.#deps.runs.view(keeping.runId);
      return keeping.state === "extracting" ? await this.#extracted(keeping, view) : await this.#keep(keeping, view);
    } catch (error) {
      return after(keeping, error);
    }
  }

  async #keep(keeping: MemoryOutboxEntry, view: RunView): Promise<Next> {
    const { memory, agents } = this.#deps;
    const { definition } = await agents.prepare(view.workspace, view.agent, view.revision);
    const keeps = definition.memory?.keeps;
    if (keeps === undefined) return over(keeping, "kept", "its definition keeps nothing");
    const { entity, isOutdated, text } = toExchange(view, keeps);
    const scope = storageScope(view, keeps);
    const [before] = await memory.store.find([{ scope, name: memory.changes.hide.text(entity.name) }]);
    const [remembered] = await memory.changes.remember(scope, [entity], provenanceOf(view));
    const outdated = remembered?.entity.observations.filter((one) => isOutdated(one.text)) ?? [];
    if (remembered && outdated.length > 0) {
      const texts = outdated.map((one) => one.text);
      await memory.changes.withdraw(scope, remembered.entity.name, texts, provenanceOf(view));
    }
    const stored = { ...keeping, entity: remembered?.entity.id };
    if (keeps.extractor === undefined) return over(stored, "kept");
    const isRepeated = remembered?.added.length === 0 && outdated.length === 0;
    const earlier = isRepeated ? this.#extractionOf(before, view, keeps.extractor) : undefined;
    if (earlier !== undefined) return over({ ...stored, extraction: earlier }, "kept");
    // Known before it begins, so that a crash begins it no second time.
    const extracting = { ...stored, state: "extracting" as const, extraction: keeping.extraction ?? mint(RunId) };
    await this.#deps.outbox.put(extracting, this.#deps.clock.nowMs());
    try {
      await this.#startExtraction(extracting, view, { agent: keeps.extractor, text });
      return { keeping: extracting, afterMs: SCAN_MS };
    } catch (error) {
      return after(extracting, error);
    }
  }

  /** The run by which this agent took, or takes, facts out of an exchange that another run left; undefined where it has to be done. */
  #extractionOf(exchange: Entity | undefined, { id }: RunView, extractor: string): RunId | undefined {
    const left = RunId.safeParse(exchange?.metadata["run"]);
    if (!left.success || left.data === id) return undefined;
    const { extraction, problem = "" } = this.#deps.outbox.get(left.data) ?? {};
    const run = extraction && this.#find(extraction);
    if (!run || problem !== "" || run.agent.toLowerCase() !== extractor.toLowerCase()) return undefined;
    return run.state === "completed" || !isTerminal(run.state) ? run.id : undefined;
  }

  async #startExtraction(
    { extraction }: { readonly extraction: RunId },
    { workspace }: RunView,
    { agent, text }: { readonly agent: string; readonly text: string },
  ): Promise<void> {
    await this.#deps.runs.start({
      id: extraction,
      workspace,
      agent,
      input: text,
      model: undefined,
      files: [],
      outputSchema: EXTRACTION_SCHEMA,
      onModelFailure: "fail",
      // What is taken out of an exchange is no exchange itself.
      isForgotten: true,
    });
  }

  async #extracted(keeping: MemoryOutboxEntry, view: RunView): Promise<Next> {
    const extraction = keeping.extraction && this.#find(keeping.extraction);
    // The server ended between the note that it begins and its beginning.
    if (extraction === undefined) return this.#keep(keeping, view);
    if (!isTerminal(extraction.state)) return { keeping, afterMs: SCAN_MS };
    if (extraction.state !== "completed") {
      const why = extraction.failure?.message ?? extraction.state;
      return over(keeping, "kept", `no facts were taken out of it: run ${extraction.id}: ${why}`);
    }
    const { definition } = await this.#deps.agents.prepare(view.workspace, view.agent, view.revision);
    const keeps = definition.memory?.keeps;
    if (keeps === undefined) return over(keeping, "kept");
    const scope = storageScope(view, keeps);
    const { output } = extraction;
    const problem = await rememberExtracted(this.#deps.memory, { scope, output, provenance: provenanceOf(view) });
    return over(keeping, "kept", problem === undefined ? "" : `not all facts were kept: ${problem}`);
  }

  #find(id: RunId): RunView | undefined {
    try {
      return this.#deps.runs.view(id);
    } catch (error) {
      if (error instanceof RunNotFoundError) return undefined;
      throw error;
    }
  }
}

const over = (
  keeping: MemoryOutboxEntry,
  state: "kept" | "failed",
  problem = "",
  level: "warn" | "debug" = "warn",
): Next => {
  if (problem !== "") log[level]({ runId: keeping.runId, problem }, "not all of a run is remembered");
  return { keeping: { ...keeping, state, problem }, afterMs: 0 };
};

/** What may go away is tried again, ever more rarely; the rest never works. */
function after(keeping: MemoryOutboxEntry, error: unknown): Next {
  const attempts = keeping.attempts + 1;
  const message = error instanceof Error ? error.message : String(error);
  const isPassing = !(error instanceof CaxtonError) || error.kind === "unavailable" || error.kind === "exhausted";
  if (isPassing && attempts < ATTEMPTS_MAX) {
    log.warn({ runId: keeping.runId, err: error, attempts }, "a run is not remembered yet; it is tried again");
    const afterMs = Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** (attempts - 1));
    return { keeping: { ...keeping, attempts, problem: message }, afterMs };
  }
  // What is kept stays so, though nobody can take facts out of it. A full memory has said so itself.
  const level = error instanceof MemoryFullError ? "debug" : "warn";
  return over(keeping, keeping.entity === undefined ? "failed" : "kept", message, level);
}

const provenanceOf = ({ id, agent }: RunView): Provenance => ({ source: "run", sourceId: id, agent });
