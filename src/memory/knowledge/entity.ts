import type { EntityId, ObservationId, RelationId } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { ScopeKey } from "./scope.ts";

/** What made somebody know a fact. */
export const SOURCE_TYPES = ["run", "message", "tool", "user", "import"] as const;

/** Who said it, and where. */
export type Provenance = {
  readonly source: (typeof SOURCE_TYPES)[number];
  /** The run, message, tool or file. */
  readonly sourceId: string | undefined;
  /** The agent, or the person's name. */
  readonly agent: string | undefined;
};

/** When something holds in the world, in epoch milliseconds; open where undefined. `to` is the first moment at which it no longer holds. */
export type Validity = { readonly fromMs: number | undefined; readonly toMs: number | undefined };

/** One thing that is said of an entity. Its text never changes; another text is another observation. */
export type Observation = {
  readonly id: ObservationId;
  readonly text: string;
  /** 0 to 1. */
  readonly confidence: number;
  readonly validity: Validity;
  readonly provenance: Provenance;
  readonly atMs: number;
  /** The version of the entity that first had it, */
  readonly since: number;
  /** and the first that no longer had it. */
  readonly until: number | undefined;
};

/** An entity without what is said of it. */
export type EntityHead = {
  readonly id: EntityId;
  readonly scope: ScopeKey;
  /** Unique within the scope; NFC, 1 to 256 characters. */
  readonly name: string;
  readonly type: string;
  readonly confidence: number;
  /** How much it counts, 0 to 1. */
  readonly strength: number;
  readonly validity: Validity;
  readonly metadata: JsonObject;
  /** 1 at first, one more with each change. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
};

/** A person, thing, place, topic; with what is said of it now, oldest first. */
export type Entity = EntityHead & {
  readonly observations: readonly Observation[];
  /** Some observations were left out, for a bound of tokens. */
  readonly isCut?: true;
};

/** Something that holds between two entities of one scope. Unique by from, type and to. */
export type Relation = {
  readonly id: RelationId;
  readonly scope: ScopeKey;
  readonly from: EntityId;
  readonly to: EntityId;
  /** In active voice, as `works_at`. */
  readonly type: string;
  /** 0 to 1. */
  readonly strength: number;
  readonly confidence: number;
  readonly isBidirectional: boolean;
  readonly validity: Validity;
  readonly metadata: JsonObject;
  readonly provenance: Provenance;
  readonly createdAtMs: number;
};

/** What was done. Of what was forgotten only numbers stay. Files keep the place in this list, so it only grows at its end. */
export const CHANGE_ACTIONS = [
  "create",
  "observe",
  "withdraw",
  "revise",
  "revert",
  "relate",
  "unrelate",
  "forget",
] as const;
export type ChangeAction = (typeof CHANGE_ACTIONS)[number];

/** One line of an entity's history. */
export type Change = {
  /** Rises with each change in one store; also the cursor of lists. */
  readonly seq: number;
  /** Undefined when a whole scope was forgotten. */
  readonly entity: EntityId | undefined;
  readonly scope: ScopeKey;
  /** The entity's version after it; relations leave it as it is, 0 when it was forgotten. */
  readonly version: number;
  readonly action: ChangeAction;
  readonly provenance: Provenance;
  readonly atMs: number;
  /** Of the head, what is otherwise than before, as `{"type":{"before":…,"after":…}}`; of relations, the relation; of forgetting, the numbers. */
  readonly details: JsonObject;
  /** Some details, or observations told with it, were left out, for a bound of tokens. */
  readonly isCut?: true;
};

/** What is otherwise in `to` than in `from`. */
export type EntityDiff = {
  readonly from: number;
  readonly to: number;
  readonly added: readonly Observation[];
  readonly withdrawn: readonly Observation[];
  /** `{"type":{"before":…,"after":…}}`; times in milliseconds. */
  readonly fields: JsonObject;
  /** Some of it was left out, for a bound of tokens. */
  readonly isCut?: true;
};
