import { CaxtonError } from "../../../kernel/errors.ts";
import type { EntityId } from "../../../kernel/ids.ts";
import { canonicalJson } from "../../../kernel/json.ts";
import {
  idsIn,
  type Memory,
  type Merge,
  type Provenance,
  type Relation,
  type RelationInput,
  type ScopeKey,
} from "../../knowledge/index.ts";
import type { RelationDocument } from "../document.ts";
import { relationInput } from "../records.ts";
import type { ImportCounts } from "../report.ts";

export type WaitingRelation = {
  readonly line: number;
  readonly scope: ScopeKey;
  readonly document: RelationDocument;
};

export type RelationOutcome =
  | { readonly type: keyof ImportCounts }
  /** An end does not exist, or does not exist yet. */
  | { readonly type: "hangs"; readonly end: string }
  | { readonly type: "refused" }
  | { readonly type: "wrong"; readonly error: CaxtonError };

type Placed = {
  readonly at: number;
  readonly input: RelationInput;
  readonly from: EntityId;
  readonly to: EntityId;
};

/** Maximum number of cached relations of entities at which imported relations begin. */
const KNOWN_MAX = 200_000;
const PAGE = 1_000;

/** Imports batches of relations. */
export class RelationImport {
  readonly #memory: Memory;
  readonly #how: { readonly provenance: Provenance; readonly merge: Merge; readonly isTrial: boolean };
  /** By start entity, then by type and end entity. */
  readonly #known = new Map<EntityId, Map<string, Relation>>();
  #knownCount = 0;

  constructor(of: {
    readonly memory: Memory;
    readonly how: { readonly provenance: Provenance; readonly merge: Merge; readonly isTrial: boolean };
  }) {
    this.#memory = of.memory;
    this.#how = of.how;
  }

  /** A new entity has no relations. */
  made(entity: EntityId): void {
    if (this.#known.size < KNOWN_MAX) this.#known.set(entity, new Map());
  }

  /** Returns the outcome of each relation, in order; all are on disk. Rejects with the errors of memory. */
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
    const { redact } = this.#memory.changes;
    const inputs = batch.map(([at, { document }]) => {
      const input = relationInput(document);
      // Names of ends are redacted like the names of entities.
      return {
        at,
        input: { ...input, from: redact.text(input.from), to: redact.text(input.to), type: redact.text(input.type) },
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

  /** Loads the relations of existing entities. */
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
    if (isSame(there, input)) return { type: "unchanged" };
    const { merge } = this.#how;
    return merge === "update" ? undefined : { type: merge === "skip" ? "skipped" : "refused" };
  }

  async #relate(scope: ScopeKey, placed: readonly Placed[], outcomes: RelationOutcome[]): Promise<void> {
    const isThere = ({ from, to, input }: Placed) => this.#known.get(from)?.has(keyOf(nameIn(input.type), to));
    if (this.#how.isTrial) {
      for (const one of placed) outcomes[one.at] = { type: isThere(one) ? "changed" : "created" };
      return;
    }
    const taken = new Map(await this.#taken(scope, placed));
    // Conflicts with concurrent changes are retried once.
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

  /** Returns each relation, or its error. If a store rejects a whole batch because of some relations, the batch is halved. */
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

/** Splits relations into rounds without duplicates; a repeated relation is compared with the result of the earlier round. */
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
/** Whether the error is about the input, not about the backend. */
const isOfInput = ({ kind }: CaxtonError): boolean =>
  kind === "invalid" || kind === "too-large" || kind === "not-found" || kind === "conflict";

const isContested = (result: Relation | CaxtonError | undefined): boolean =>
  result instanceof CaxtonError && result.kind === "conflict";

/** Whether the relation already has all given values; absent values do not differ. */
const isSame = (
  there: Relation,
  { strength, confidence, isBidirectional, validity, metadata }: RelationInput,
): boolean =>
  (strength === undefined || strength === there.strength) &&
  (confidence === undefined || confidence === there.confidence) &&
  (isBidirectional ?? false) === there.isBidirectional &&
  (validity === undefined || (validity.fromMs === there.validity.fromMs && validity.toMs === there.validity.toMs)) &&
  (metadata === undefined || canonicalJson(metadata) === canonicalJson(there.metadata));
