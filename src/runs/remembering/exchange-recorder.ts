import type { Agents } from "../../agents/definitions/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import { mint, RunId } from "../../kernel/ids.ts";
import { log } from "../../kernel/log.ts";
import { type OutboxRest, OutboxWorker } from "../../kernel/async/outbox-worker.ts";
import { type Entity, type Memory, MemoryFullError, type Provenance } from "../../memory/knowledge/index.ts";
import { isTerminal, RunNotFoundError, type RunView } from "../record/index.ts";
import type { MemoryOutboxEntry, MemoryOutbox, Runs } from "../lifecycle/index.ts";
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
/** Interval of checks whether an extracting run has ended. */
const SCAN_MS = 1_000;

type Next = { readonly entry: MemoryOutboxEntry; readonly afterMs: number };

/**
 * Remembers the requests and answers of runs, after the answers are sent.
 * remembering.exchange-recorder.K1. The exchange of a completed run is remembered, or the reason why not is stored,
 *   also after a crash: the pending entry is written with the run's end.
 * remembering.exchange-recorder.K2. Remembering an exchange is idempotent. No model is called before the exchange is
 *   stored; facts are extracted by a separate run, once per exchange.
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
    for (const entry of outbox.due(clock.nowMs(), BATCH_MAX)) {
      if (signal.aborted) return "done";
      const next = await this.#advance(entry);
      await outbox.upsert(next.entry, clock.nowMs() + next.afterMs);
    }
    const at = outbox.nextAtMs();
    return at === undefined ? "done" : Math.max(0, at - clock.nowMs());
  }

  async #advance(entry: MemoryOutboxEntry): Promise<Next> {
    try {
      const view = this.#deps.runs.view(entry.runId);
      return entry.state === "extracting" ? await this.#extracted(entry, view) : await this.#keep(entry, view);
    } catch (error) {
      return after(entry, error);
    }
  }

  async #keep(entry: MemoryOutboxEntry, view: RunView): Promise<Next> {
    const { memory, agents } = this.#deps;
    const { definition } = await agents.prepare(view.workspace, view.agent, view.revision);
    const keeps = definition.memory?.keeps;
    if (keeps === undefined) return over(entry, "stored", "its definition keeps nothing");
    const { entity, isOutdated, text } = toExchange(view, keeps);
    const scope = storageScope(view, keeps);
    const [before] = await memory.store.find([{ scope, name: memory.changes.redact.text(entity.name) }]);
    const [remembered] = await memory.changes.remember(scope, [entity], provenanceOf(view));
    const outdated = remembered?.entity.observations.filter((one) => isOutdated(one.text)) ?? [];
    if (remembered && outdated.length > 0) {
      const texts = outdated.map((one) => one.text);
      await memory.changes.withdraw(scope, remembered.entity.name, texts, provenanceOf(view));
    }
    const stored = { ...entry, entity: remembered?.entity.id };
    if (keeps.extractor === undefined) return over(stored, "stored");
    const isRepeated = remembered?.added.length === 0 && outdated.length === 0;
    const earlier = isRepeated ? this.#extractionOf(before, view, keeps.extractor) : undefined;
    if (earlier !== undefined) return over({ ...stored, extraction: earlier }, "stored");
    // Known before it begins, so that a crash begins it no second time.
    const extracting = { ...stored, state: "extracting" as const, extraction: entry.extraction ?? mint(RunId) };
    await this.#deps.outbox.upsert(extracting, this.#deps.clock.nowMs());
    try {
      await this.#startExtraction(extracting, view, { agent: keeps.extractor, text });
      return { entry: extracting, afterMs: SCAN_MS };
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
    { workspace, caller }: RunView,
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
      caller: caller ?? undefined,
      onModelFailure: "fail",
      // An extraction is no exchange itself.
      isForgotten: true,
    });
  }

  async #extracted(entry: MemoryOutboxEntry, view: RunView): Promise<Next> {
    const extraction = entry.extraction && this.#find(entry.extraction);
    // The server ended between the note that it begins and its beginning.
    if (extraction === undefined) return this.#keep(entry, view);
    if (!isTerminal(extraction.state)) return { entry, afterMs: SCAN_MS };
    if (extraction.state !== "completed") {
      const why = extraction.failure?.message ?? extraction.state;
      return over(entry, "stored", `no facts were extracted: run ${extraction.id}: ${why}`);
    }
    const { definition } = await this.#deps.agents.prepare(view.workspace, view.agent, view.revision);
    const keeps = definition.memory?.keeps;
    if (keeps === undefined) return over(entry, "stored");
    const scope = storageScope(view, keeps);
    const { output } = extraction;
    const problem = await rememberExtracted(this.#deps.memory, { scope, output, provenance: provenanceOf(view) });
    return over(entry, "stored", problem === undefined ? "" : `not all facts were kept: ${problem}`);
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
  entry: MemoryOutboxEntry,
  state: "stored" | "failed",
  problem = "",
  level: "warn" | "debug" = "warn",
): Next => {
  if (problem !== "") log[level]({ runId: entry.runId, problem }, "not all of a run is remembered");
  return { entry: { ...entry, state, problem }, afterMs: 0 };
};

/** Retries temporary failures with backoff; the others are permanent. */
function after(entry: MemoryOutboxEntry, error: unknown): Next {
  const attempts = entry.attempts + 1;
  const message = error instanceof Error ? error.message : String(error);
  const isPassing = !(error instanceof CaxtonError) || error.kind === "unavailable" || error.kind === "exhausted";
  if (isPassing && attempts < ATTEMPTS_MAX) {
    log.warn({ runId: entry.runId, err: error, attempts }, "a run is not remembered yet; it is tried again");
    const afterMs = Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** (attempts - 1));
    return { entry: { ...entry, attempts, problem: message }, afterMs };
  }
  // A stored exchange remains, even if no facts can be extracted. A full memory logs this itself.
  const level = error instanceof MemoryFullError ? "debug" : "warn";
  return over(entry, entry.entity === undefined ? "failed" : "stored", message, level);
}

const provenanceOf = ({ id, agent }: RunView): Provenance => ({ source: "run", sourceId: id, agent });
