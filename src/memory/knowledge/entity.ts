import type { EntityId, ObservationId, RelationId } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { ScopeKey } from "./scope.ts";

/** Sources of a fact. */
export const SOURCE_TYPES = ["run", "message", "tool", "user", "import"] as const;

/** Who stated a fact, and where. */
export type Provenance = {
  readonly source: (typeof SOURCE_TYPES)[number];
  /** Id or name of the run, message, tool or file. */
  readonly sourceId: string | undefined;
  /** Name of the agent or person. */
  readonly agent: string | undefined;
};

/** The time during which a fact is valid, in epoch milliseconds; open if undefined. `to` is exclusive. */
export type Validity = { readonly fromMs: number | undefined; readonly toMs: number | undefined };

/** A fact about an entity. Its text never changes; another text is another observation. */
export type Observation = {
  readonly id: ObservationId;
  readonly text: string;
  /** 0 to 1. */
  readonly confidence: number;
  readonly validity: Validity;
  readonly provenance: Provenance;
  readonly atMs: number;
  /** The first version of the entity that contains it. */
  readonly since: number;
  /** The first version that no longer contains it. */
  readonly until: number | undefined;
};

/** An entity without its observations. */
export type EntityHead = {
  readonly id: EntityId;
  readonly scope: ScopeKey;
  /** Unique within the scope; NFC, 1 to 256 characters. */
  readonly name: string;
  readonly type: string;
  readonly confidence: number;
  /** Importance, 0 to 1. */
  readonly strength: number;
  readonly validity: Validity;
  readonly metadata: JsonObject;
  /** Starts at 1 and increases by 1 with each change. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
};

/** A person, thing, place or topic, with its current observations, oldest first. */
export type Entity = EntityHead & {
  readonly observations: readonly Observation[];
  /** Observations were left out because of a token limit. */
  readonly isCut?: true;
};

/** A relation between two entities of one scope. Unique by from, type and to. */
export type Relation = {
  readonly id: RelationId;
  readonly scope: ScopeKey;
  readonly from: EntityId;
  readonly to: EntityId;
  /** A verb in active voice, for example `works_at`. */
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

/** Actions of the change log. Of deleted facts only counts remain. Files store the index in this list, so it only grows at its end. */
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

/** An entry in the change log of an entity. */
export type Change = {
  /** Increases with each change in a store; also the cursor of lists. */
  readonly seq: number;
  /** Undefined if a whole scope was deleted. */
  readonly entity: EntityId | undefined;
  readonly scope: ScopeKey;
  /** The version of the entity after the change. A relation does not change it; 0 if the entity was deleted. */
  readonly version: number;
  readonly action: ChangeAction;
  readonly provenance: Provenance;
  readonly atMs: number;
  /** Changed fields of the head as `{"type":{"before":…,"after":…}}`; for relations the relation; for deletions the counts. */
  readonly details: JsonObject;
  /** Details or listed observations were left out because of a token limit. */
  readonly isCut?: true;
};

/** Differences between the versions `from` and `to`. */
export type EntityDiff = {
  readonly from: number;
  readonly to: number;
  readonly added: readonly Observation[];
  readonly withdrawn: readonly Observation[];
  /** `{"type":{"before":…,"after":…}}`; times in milliseconds. */
  readonly fields: JsonObject;
  /** Parts were left out because of a token limit. */
  readonly isCut?: true;
};
