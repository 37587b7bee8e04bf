import * as z from "zod";
import { EntityId, RelationId } from "../../../kernel/ids.ts";
import type { StoreWalk, StoreWalked, WalkStep } from "../../knowledge/index.ts";
import type { Connection } from "./connection.ts";
import { NEO4J_LIMITS } from "./limits.ts";

const Reached = z.object({ id: EntityId, via: RelationId, parent: z.number(), isExhausted: z.boolean() });

/** Follows relations from some entities, a step at a time: each entity once, by a shortest way. */
export async function walk(connection: Connection, options: StoreWalk): Promise<StoreWalked> {
  const steps: WalkStep[] = [];
  const parents: number[] = [];
  const seen = new Set<EntityId>();
  const begun = await connection.read(
    "UNWIND $p.ids AS id MATCH (e:CaxtonEntity {id: id}) WHERE e.scope IN $p.scopes RETURN collect(e.id) AS ids",
    { ids: [...new Set(options.start)], scopes: options.scopes },
  );
  const there = new Set(z.array(EntityId).parse(begun[0]?.["ids"] ?? []));
  let frontier: EntityId[] = [];
  let from = 0;
  for (const id of new Set(options.start)) {
    if (!there.has(id)) continue;
    if (steps.length >= options.visitsMax) return { steps, isCut: true };
    seen.add(id);
    frontier.push(id);
    steps.push({ entity: id, depth: 0, via: undefined });
    parents.push(-1);
  }
  let isCut = false;
  for (let depth = 1; depth <= options.depth && frontier.length > 0 && !isCut; depth += 1) {
    const { reached, hasMore } = await step(connection, options, {
      frontier,
      seen,
      room: options.visitsMax - steps.length,
    });
    isCut = hasMore;
    const base = from;
    from = steps.length;
    frontier = reached.map(({ id }) => id);
    for (const { id, via, parent } of reached) {
      seen.add(id);
      steps.push({ entity: id, depth, via });
      parents.push(base + parent);
    }
  }
  return { steps: options.order === "depth" ? depthFirst(steps, parents) : steps, isCut };
}

/** What is one relation away from the frontier and was not seen yet. */
async function step(
  connection: Connection,
  options: StoreWalk,
  at: { readonly frontier: readonly EntityId[]; readonly seen: ReadonlySet<EntityId>; readonly room: number },
) {
  const rows = await connection.read(
    `UNWIND range(0, size($p.frontier) - 1) AS parent
     MATCH (e:CaxtonEntity {id: $p.frontier[parent]})-[r:CAXTON_RELATION]-(n:CaxtonEntity)
     WHERE r.strength >= $p.strengthMin AND ($p.types IS NULL OR r.type IN $p.types)
       AND ($p.direction = 'both' OR r.isBidirectional OR (startNode(r) = e) = ($p.direction = 'outgoing'))
     WITH parent, r, n LIMIT toInteger($p.looks)
     WITH collect({parent: parent, r: r, n: n}) AS looked
     UNWIND looked AS one
     WITH one.parent AS parent, one.r AS r, one.n AS n, size(looked) >= $p.looks AS isExhausted
     WHERE n.scope IN $p.scopes AND NOT n.id IN $p.seen
     WITH n, parent, r, isExhausted ORDER BY parent, r.seq
     WITH n, isExhausted, collect({parent: parent, via: r.id})[0] AS first
     RETURN n.id AS id, first.parent AS parent, first.via AS via, isExhausted
     ORDER BY parent, id LIMIT toInteger($p.limit)`,
    {
      frontier: at.frontier,
      seen: [...at.seen],
      scopes: options.scopes,
      types: options.types ?? null,
      strengthMin: options.strengthMin,
      direction: options.direction,
      looks: options.visitsMax * NEO4J_LIMITS.looksPerVisit,
      limit: at.room + 1,
    },
  );
  const reached = rows.map((row) => Reached.parse(row));
  const isExhausted = reached.some((one) => one.isExhausted);
  return { reached: reached.slice(0, Math.max(0, at.room)), hasMore: isExhausted || reached.length > at.room };
}

/** The same steps, each followed by those that were reached from it. */
function depthFirst(steps: readonly WalkStep[], parents: readonly number[]): readonly WalkStep[] {
  const children: number[][] = steps.map(() => []);
  const stack: number[] = [];
  for (let at = steps.length - 1; at >= 0; at -= 1) {
    const parent = parents[at] ?? -1;
    if (parent < 0) stack.push(at);
    else children[parent]?.push(at);
  }
  const ordered: WalkStep[] = [];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const one = steps[at];
    if (one) ordered.push(one);
    stack.push(...(children[at] ?? []));
  }
  return ordered;
}
