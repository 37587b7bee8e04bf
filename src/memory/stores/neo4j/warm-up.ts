import { EntityId, mint, ObservationId, RelationId } from "../../../kernel/ids.ts";
import type { EntityWrite, Observation, Provenance, Relation } from "../../knowledge/index.ts";
import type { Ask, Connection } from "./connection.ts";
import { forgetSome } from "./forgetting.ts";
import type { Models } from "./models.ts";
import { writeAll } from "./writing.ts";

const BY: Provenance = { source: "import", sourceId: "rehearsal", agent: undefined };
const ALWAYS = { fromMs: undefined, toMs: undefined };

/** Creates, changes, relates and deletes two entities in a rolled-back transaction, so that the server has planned the statements. */
export async function warmUp({
  connection,
  models,
}: {
  readonly connection: Connection;
  readonly models: Models;
}): Promise<void> {
  const model = await models.active();
  await connection.rollBack((ask) => play(ask, model));
}

async function play(ask: Ask, model: string | undefined): Promise<void> {
  const [one, other] = [mint(EntityId), mint(EntityId)];
  const first = observation(1);
  await writeAll(ask, [
    entityWrite(one, { expected: 0, model, added: [first], withdrawn: [] }),
    entityWrite(other, { expected: 0, model, added: [observation(1)], withdrawn: [] }),
    entityWrite(one, { expected: 1, model, added: [observation(2)], withdrawn: [first.id] }),
    { type: "relation", action: "relate", relation: relation(one, other), provenance: BY, atMs: 0 },
  ]);
  await forgetSome(ask, [one, other], { provenance: BY, atMs: 0 });
}

const observation = (since: number): Observation => ({
  id: mint(ObservationId),
  text: "",
  confidence: 1,
  validity: ALWAYS,
  provenance: BY,
  atMs: 0,
  since,
  until: undefined,
});

/** A write of an entity with a unique name. */
const entityWrite = (
  id: EntityId,
  { expected, model, added, withdrawn }: Pick<EntityWrite, "expected" | "model" | "added" | "withdrawn">,
): EntityWrite => ({
  type: "entity",
  action: expected === 0 ? "create" : "observe",
  expected,
  head: {
    id,
    scope: "rehearsal",
    name: id,
    type: "",
    confidence: 1,
    strength: 1,
    validity: ALWAYS,
    metadata: {},
    version: expected + 1,
    createdAtMs: 0,
    updatedAtMs: 0,
  },
  added,
  withdrawn,
  passages: [{ ordinal: 0, text: "", vector: model === undefined ? undefined : new Float32Array([1]) }],
  passageCount: 1,
  model,
  provenance: BY,
  details: {},
});

const relation = (from: EntityId, to: EntityId): Relation => ({
  id: mint(RelationId),
  scope: "rehearsal",
  from,
  to,
  type: "",
  strength: 1,
  confidence: 1,
  isBidirectional: false,
  validity: ALWAYS,
  metadata: {},
  provenance: BY,
  createdAtMs: 0,
});
