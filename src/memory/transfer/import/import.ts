import type { Clock } from "../../../kernel/clock.ts";
import { CaxtonError } from "../../../kernel/errors.ts";
import type { Memory, Merge, ScopeKey } from "../../knowledge/index.ts";
import { MemoryMergeConflictError } from "../errors.ts";
import { EntityImport, type WaitingEntity } from "./import-entities.ts";
import { RelationImport, type WaitingRelation } from "./import-relations.ts";
import { type ImportRecord, readRecord } from "../records.ts";
import { type ImportCounts, type ImportProblem, type ImportProgress, type ImportReport, NONE } from "../report.ts";
import { readRecords } from "./streaming-json-reader.ts";

export type ImportOptions = {
  readonly merge: Merge;
  /** The scope of all records; undefined: the scope that each record names. */
  readonly scope: ScopeKey | undefined;
  /** Parses a scope as written in documents. Throws MemoryScopeError. */
  readonly scopeKey: (text: string) => ScopeKey;
  /** Dry run: computes outcomes and writes nothing. */
  readonly isTrial: boolean;
  /** Source name in the provenance of records without one. */
  readonly source: string | undefined;
  /** Progress of an earlier attempt at the same import. */
  readonly from: ImportProgress | undefined;
  readonly clock: Clock;
  /** Called after each batch: all records up to there are durably stored. */
  readonly onProgress?: (progress: ImportProgress) => void | Promise<void>;
  readonly signal?: AbortSignal | undefined;
};

/** Entities per batch, and relations, which are ten times cheaper. */
const BATCH = 200;
const RELATIONS_BATCH = 500;
const BATCH_CHARS = 2 * 1024 * 1024;
const SHOWN_MAX = 1_000;
/** Maximum number of relations that wait for an end that comes later. */
const WAITING_RELATIONS_MAX = 100_000;
const SCOPE = "workspace";

/**
 * Imports an export in any supported format, in batches. Idempotent. Invalid records are reported and skipped. Rejects with
 * MemoryImportInvalidError, MemoryExportVersionError, MemoryMergeConflictError, CancelledError and the errors of memory; records reported
 * to `onProgress` are stored then.
 */
export async function importMemory(
  memory: Memory,
  pieces: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<ImportReport> {
  const work = new Import(memory, options);
  const records = readRecords(pieces);
  for (;;) {
    const raw = await records.next().catch(async (error: unknown) => {
      // Import the records that were complete before the error.
      await work.flush();
      throw error;
    });
    if (raw.done) return work.finish();
    options.signal?.throwIfAborted();
    await work.take(readRecord(raw.value));
  }
}

type Numbered = { readonly record: number };

class Import {
  readonly #options: ImportOptions;
  readonly #entityImport: EntityImport;
  readonly #relationImport: RelationImport;
  #entities: (WaitingEntity & Numbered)[] = [];
  #chars = 0;
  #relations: (WaitingRelation & Numbered)[] = [];
  readonly #waitingForEnds: (WaitingRelation & Numbered)[] = [];
  readonly #counts: { entities: ImportCounts; relations: ImportCounts };
  #problems: number;
  readonly #shown: ImportProblem[] = [];
  #records = 0;
  /** Exports of Caxton end with a mark of completeness. */
  #hasHead = false;
  #hasEnd = false;

  constructor(memory: Memory, options: ImportOptions) {
    this.#options = options;
    const provenance = { source: "import", sourceId: options.source, agent: undefined } as const;
    const how = { provenance, merge: options.merge, isTrial: options.isTrial };
    this.#entityImport = new EntityImport({ memory, how, nowMs: () => options.clock.nowMs() });
    this.#relationImport = new RelationImport({ memory, how });
    this.#counts = { entities: options.from?.entities ?? NONE, relations: options.from?.relations ?? NONE };
    this.#problems = options.from?.problems ?? 0;
  }

  async take(record: ImportRecord): Promise<void> {
    if (record.type === "head") this.#hasHead ||= record.isOfLines;
    else if (record.type === "end") this.#hasEnd = true;
    else {
      this.#records += 1;
      if (this.#records > (this.#options.from?.records ?? 0)) await this.#takeThing(record);
    }
  }

  async #takeThing(record: Exclude<ImportRecord, { type: "head" | "end" }>): Promise<void> {
    const { line } = record;
    if (record.type === "malformed") {
      const hint = "Correct or delete the line.";
      return this.#problem({ line, code: "MEMORY_IMPORT_INVALID", message: record.reason, hint });
    }
    try {
      const { document } = record;
      const scope = this.#options.scope ?? this.#options.scopeKey(document.scope ?? SCOPE);
      const at = { line, scope, record: this.#records };
      if (record.type === "entity") {
        this.#entities.push({ ...at, isOwnScope: this.#options.scope === undefined, document: record.document });
        this.#chars += record.document.observations.reduce((sum, one) => sum + charsOf(one), 0);
      } else this.#relations.push({ ...at, document: record.document });
    } catch (error) {
      if (!(error instanceof CaxtonError)) throw error;
      this.#problem({ line, ...problemOf(error) });
    }
    if (this.#entities.length >= BATCH || this.#chars > BATCH_CHARS || this.#relations.length >= RELATIONS_BATCH) {
      await this.flush();
    }
  }

  /** Writes all waiting records. */
  async flush(): Promise<void> {
    await this.#flushEntities();
    const relations = this.#relations;
    this.#relations = [];
    await this.#putRelations(relations, (one, end) => {
      // In a dry run the ends may be entities that would have been created.
      if (this.#options.isTrial) this.#count("relations", "created");
      else if (this.#waitingForEnds.length < WAITING_RELATIONS_MAX) this.#waitingForEnds.push(one);
      else this.#hangs(one, end);
    });
    await this.#options.onProgress?.(this.#progress());
  }

  async #flushEntities(): Promise<void> {
    const batch = this.#entities;
    this.#entities = [];
    this.#chars = 0;
    const outcomes = await this.#entityImport.put(batch);
    for (const [at, outcome] of outcomes.entries()) {
      const { line = 0, document } = batch[at] ?? {};
      const name = document?.name ?? "";
      if (outcome.type === "wrong") this.#problem({ line, ...problemOf(outcome.error) });
      else if (outcome.type === "refused") {
        const { type } = outcome.there;
        const wanted = document?.type ?? document?.entityType ?? type;
        const what = wanted === type ? "and would change" : `as a ${type}, not as a ${wanted}`;
        this.#reject(line, name, `${name} exists already, ${what}`);
      } else {
        this.#count("entities", outcome.type);
        if (outcome.type === "created" && outcome.entity !== undefined) this.#relationImport.made(outcome.entity);
      }
    }
  }

  async #putRelations(
    batch: readonly (WaitingRelation & Numbered)[],
    hangs: (one: WaitingRelation & Numbered, end: string) => void,
  ): Promise<void> {
    const outcomes = await this.#relationImport.put(batch);
    for (const [at, outcome] of outcomes.entries()) {
      const one = batch[at];
      if (!one) continue;
      const { line, document } = one;
      if (outcome.type === "hangs") hangs(one, outcome.end);
      else if (outcome.type === "wrong") this.#problem({ line, ...problemOf(outcome.error) });
      else if (outcome.type === "refused") {
        const { from, to, type, relationType } = document;
        const name = `${from} ${type ?? relationType ?? ""} ${to}`;
        this.#reject(line, name, `that ${name} exists already, and would change`);
      } else this.#count("relations", outcome.type);
    }
  }

  #count(kind: "entities" | "relations", outcome: keyof ImportCounts): void {
    const counts = this.#counts[kind];
    this.#counts[kind] = { ...counts, [outcome]: counts[outcome] + 1 };
  }

  #problem(problem: ImportProblem): void {
    this.#problems += 1;
    if (this.#shown.length < SHOWN_MAX) this.#shown.push(problem);
  }

  /** Throws MemoryMergeConflictError if the merge policy is `error`. */
  #reject(line: number, name: string, message: string): void {
    const hint =
      this.#options.merge === "error"
        ? "With --merge update new facts are added, with --merge skip the entity is not changed."
        : "Give it another name in the export, or change its type here with `caxton memory revise`.";
    if (this.#options.merge === "error" && !this.#options.isTrial)
      throw new MemoryMergeConflictError(`line ${line}: ${message}`, hint, { line, name });
    this.#problem({ line, code: "MEMORY_MERGE_CONFLICT", message, hint });
  }

  #hangs({ line, document: { from, to } }: WaitingRelation, end: string): void {
    this.#problem({
      line,
      code: "ENTITY_NOT_FOUND",
      message: `${from} cannot be related to ${to}: there is no ${end}`,
      hint: "Entities must precede the relations between them.",
    });
  }

  /** Progress up to the first record that still waits. */
  #progress(): ImportProgress {
    const waiting = [
      ...this.#entities.slice(0, 1),
      ...this.#relations.slice(0, 1),
      ...this.#waitingForEnds.slice(0, 1),
    ];
    const records = Math.min(this.#records, ...waiting.map(({ record }) => record - 1));
    return { records, ...this.#counts, problems: this.#problems };
  }

  async finish(): Promise<ImportReport> {
    await this.flush();
    const held = this.#waitingForEnds.splice(0);
    for (let at = 0; at < held.length; at += RELATIONS_BATCH) {
      await this.#putRelations(held.slice(at, at + RELATIONS_BATCH), (one, end) => this.#hangs(one, end));
    }
    const progress = this.#progress();
    await this.#options.onProgress?.(progress);
    return {
      ...progress,
      shown: this.#shown,
      resumed: Math.min(this.#options.from?.records ?? 0, this.#records),
      isWhole: !this.#hasHead || this.#hasEnd,
    };
  }
}

const charsOf = (one: string | { readonly text: string }): number =>
  typeof one === "string" ? one.length : one.text.length;

const problemOf = ({ code, message, hint }: CaxtonError): Omit<ImportProblem, "line"> => ({ code, message, hint });
