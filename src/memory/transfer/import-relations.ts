import { CaxtonError } from "../../kernel/errors.ts";
import type { EntityId } from "../../kernel/ids.ts";
import { canonicalJson } from "../../kernel/json.ts";
import {
  idsIn,
  type Memory,
  type Merge,
  type Provenance,
  type Relation,
  type RelationInput,
  type ScopeKey,
} from "../knowledge/index.ts";
import type { RelationDocument } from "./document.ts";
import { relationInput } from "./records.ts";
import type { ImportCounts } from "./report.ts";

export type WaitingRelation = {
  readonly line: number;
  readonly scope: ScopeKey;
  readonly document: RelationDocument;
};

export type RelationOutcome =
  | { readonly type: keyof ImportCounts }
  /** An end of it is not there, or not there yet. */
  | { readonly type: "hangs"; readonly end: string }
  | { readonly type: "refused" }
  | { readonly type: "wrong"; readonly error: CaxtonError };

type Placed = {
  readonly at: number;
  readonly input: RelationInput;
  readonly from: EntityId;
  readonly to: EntityId;
};

/** Relations that are known here, of the entities that relations of the import begin at. */
const KNOWN_MAX = 200_000;
const PAGE = 1_000;

/** Puts batches of relations into memory. */
export class RelationImport {
  readonly #memory: Memory;
  readonly #how: { readonly provenance: Provenance; readonly merge: Merge; readonly isTrial: boolean };
  /** By where they begin; then by type and where they end. */
  readonly #known = new Map<EntityId, Map<string, Relation>>();
  #knownCount = 0;

  constructor(of: {
    readonly memory: Memory;
    readonly how: { readonly provenance: Provenance; readonly merge: Merge; readonly isTrial: boolean };
  }) {
    this.#memory = of.memory;
    this.#how = of.how;
  }

  /** Nothing begins at an entity that was made just now. */
  made(entity: EntityId): void {
    if (this.#known.size < KNOWN_MAX) this.#known.set(entity, new Map());
  }

  /** What became of each, in order; all of it is on disk. Rejects with what memory rejects with. */
  async put(batch: readonly WaitingRelation[]): Promise<readonly RelationOutcome[]> {
    const outcomes: RelationOutcome[] = [];
    const entries = [...batch.entries()];
    for (const [scope, own] of Map.groupBy(entries, ([, waiting]) => waiting.scope)) {
      const placed = await this.#placed(scope, own, outcomes);
      await this.#learn(scope, placed);
      for (const round of rounds(placed)) {
        const wanted = round.filter((one) => {
          const outcome = this.#judge(one);
          if (outcome) outcomes[one.at] = outcome;
          return outcome === undefined;
        });
        await this.#relate(scope, wanted, outcomes);
      }
    }
    return outcomes;
  }

  async #placed(
    scope: ScopeKey,
    batch: readonly (readonly [number, WaitingRelation])[],
    outcomes: RelationOutcome[],
  ): Promise<readonly Placed[]> {
    const { hide } = this.#memory.changes;
    const inputs = batch.map(([at, { document }]) => {
      const input = relationInput(document);
      // Its ends were named without what must not be kept.
      return {
        at,
        input: { ...input, from: hide.text(input.from), to: hide.text(input.to), type: hide.text(input.type) },
      };
    });
    const names = [...new Set(inputs.flatMap(({ input: { from, to } }) => [nameIn(from), nameIn(to)]))];
    const found = await idsIn(this.#memory.store, scope, names);
    const ids = new Map(names.map((name, index) => [name, found[index]]));
    return inputs.flatMap(({ at, input }) => {
      const [from, to] = [ids.get(nameIn(input.from)), ids.get(nameIn(input.to))];
      if (from !== undefined && to !== undefined) return [{ at, input, from, to }];
      outcomes[at] = { type: "hangs", end: from === undefined ? input.from : input.to };
      return [];
    });
  }

  /** Looks up what begins at entities that were there before. */
  async #learn(scope: ScopeKey, placed: readonly Placed[]): Promise<void> {
    if (this.#knownCount > KNOWN_MAX) {
      this.#known.clear();
      this.#knownCount = 0;
    }
    const entities = [...new Set(placed.map(({ from }) => from))].filter((from) => !this.#known.has(from));
    if (entities.length === 0) return;
    for (const entity of entities) this.#known.set(entity, new Map());
    let cursor: string | undefined;
    do {
      const page = await this.#memory.store.relations({ scopes: [scope], entities }, { limit: PAGE, cursor });
      for (const relation of page.entries) this.#note(relation);
      cursor = page.next;
    } while (cursor !== undefined);
  }

  #note(relation: Relation): void {
    this.#known.get(relation.from)?.set(keyOf(relation.type, relation.to), relation);
    this.#knownCount += 1;
  }

  #judge({ input, from, to }: Placed): RelationOutcome | undefined {
    const there = this.#known.get(from)?.get(keyOf(nameIn(input.type), to));
    if (!there) return undefined;
    if (isSame(there, input)) return { type: "known" };
    const { merge } = this.#how;
    return merge === "update" ? undefined : { type: merge === "skip" ? "kept" : "refused" };
  }

  async #relate(scope: ScopeKey, placed: readonly Placed[], outcomes: RelationOutcome[]): Promise<void> {
    const isThere = ({ from, to, input }: Placed) => this.#known.get(from)?.has(keyOf(nameIn(input.type), to));
    if (this.#how.isTrial) {
      for (const one of placed) outcomes[one.at] = { type: isThere(one) ? "changed" : "created" };
      return;
    }
    const taken = new Map(await this.#taken(scope, placed));
    // What somebody else changed at that moment is told once more.
    const contested = placed.filter((one) => isContested(taken.get(one)));
    for (const [one, result] of await this.#taken(scope, contested)) taken.set(one, result);
    for (const [one, result] of taken) {
      if (result instanceof CaxtonError) outcomes[one.at] = { type: "wrong", error: result };
      else {
        outcomes[one.at] = { type: isThere(one) ? "changed" : "created" };
        this.#note(result);
      }
    }
  }

  /** Each relation, or why it is not there. A store that refuses all of them for the sake of some is given them in halves. */
  async #taken(
    scope: ScopeKey,
    placed: readonly Placed[],
  ): Promise<readonly (readonly [Placed, Relation | CaxtonError])[]> {
    if (placed.length === 0) return [];
    try {
      const inputs = placed.map(({ input, from, to }) => ({ ...input, ends: { from, to } }));
      const results = await this.#memory.changes.relateEach(scope, inputs, this.#how.provenance);
      return placed.flatMap((one, at) => (results[at] ? [[one, results[at]] as const] : []));
    } catch (error) {
      if (!(error instanceof CaxtonError) || !isOfInput(error)) throw error;
      const [first] = placed;
      if (placed.length === 1 && first) return [[first, error]];
      const half = Math.ceil(placed.length / 2);
      return [...(await this.#taken(scope, placed.slice(0, half))), ...(await this.#taken(scope, placed.slice(half)))];
    }
  }
}

/** Each relation once in a round: what is said of it again meets what it was made by then. */
function rounds(placed: readonly Placed[]): readonly (readonly Placed[])[] {
  const all: Placed[][] = [];
  const times = new Map<string, number>();
  for (const one of placed) {
    const key = `${one.from} ${keyOf(nameIn(one.input.type), one.to)}`;
    const round = times.get(key) ?? 0;
    times.set(key, round + 1);
    (all[round] ??= []).push(one);
  }
  return all;
}

const nameIn = (name: string): string => name.normalize("NFC").trim();
const keyOf = (type: string, to: EntityId): string => `${to} ${type}`;
/** It is about what was given, not about where memory is kept. */
const isOfInput = ({ kind }: CaxtonError): boolean =>
  kind === "invalid" || kind === "too-large" || kind === "not-found" || kind === "conflict";

const isContested = (result: Relation | CaxtonError | undefined): boolean =>
  result instanceof CaxtonError && result.kind === "conflict";

/** Whether what the input says is so already; what it does not say does not differ. */
const isSame = (
  there: Relation,
  { strength, confidence, isBidirectional, validity, metadata }: RelationInput,
): boolean =>
  (strength === undefined || strength === there.strength) &&
  (confidence === undefined || confidence === there.confidence) &&
  (isBidirectional ?? false) === there.isBidirectional &&
  (validity === undefined || (validity.fromMs === there.validity.fromMs && validity.toMs === there.validity.toMs)) &&
  (metadata === undefined || canonicalJson(metadata) === canonicalJson(there.metadata));
