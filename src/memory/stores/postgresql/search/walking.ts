import { EntityId, RelationId } from "../../../../kernel/ids.ts";
import type { StoreWalk, StoreWalked, WalkStep } from "../../../knowledge/index.ts";
import { numberOf, scopesOf } from "../rows.ts";
import { type Session, Values } from "../session.ts";

/** An entity that was reached: by which relation, from which other in the list. */
export type Visited = {
  readonly row: number;
  readonly id: string;
  readonly depth: number;
  readonly via: string | undefined;
  readonly parent: number;
};

export type RowWalk = Omit<StoreWalk, "start" | "order"> & { readonly start: readonly number[] };

/** Entities around others, level by level; each by a shortest way. A level is one statement. */
export async function walkRows(
  session: Session,
  walk: RowWalk,
): Promise<{ readonly visited: readonly Visited[]; readonly isCut: boolean }> {
  const starts = await session.rows(
    `SELECT e.row, e.id FROM unnest($1::bigint[]) WITH ORDINALITY v(row, i) JOIN entity e ON e.row = v.row
     WHERE e.scope = ${scopesOf("$2")} ORDER BY v.i`,
    [walk.start, walk.scopes],
  );
  const visited: Visited[] = [];
  const places = new Map<number, number>();
  const add = (one: Visited): boolean => {
    if (places.has(one.row)) return true;
    if (visited.length >= walk.visitsMax) return false;
    places.set(one.row, visited.length);
    visited.push(one);
    return true;
  };
  for (const { row, id } of starts) {
    if (!add({ row: numberOf(row), id: String(id), depth: 0, via: undefined, parent: -1 }))
      return { visited, isCut: true };
  }
  let level: readonly Visited[] = visited.slice();
  for (let depth = 1; depth <= walk.depth && level.length > 0; depth += 1) {
    const before = visited.length;
    for (const next of await nextLevel(session, walk, { level, places })) {
      const parent = places.get(numberOf(next["source"])) ?? -1;
      const one = { row: numberOf(next["row"]), id: String(next["id"]), depth, via: String(next["via"]), parent };
      if (!add(one)) return { visited, isCut: true };
    }
    level = visited.slice(before);
  }
  return { visited, isCut: false };
}

/** Entities one step further that were not visited, one more than there is room for at most. */
async function nextLevel(
  session: Session,
  walk: RowWalk,
  { level, places }: { readonly level: readonly Visited[]; readonly places: ReadonlyMap<number, number> },
) {
  const values = new Values();
  const from = values.add(level.map(({ row }) => row));
  const conditions = [
    `r.strength >= ${values.add(walk.strengthMin)}`,
    ...(walk.types ? [`r.type = ANY(${values.add(walk.types)}::text[])`] : []),
  ].join(" AND ");
  const step = (near: string, far: string, more: string) =>
    `SELECT v.i, v.row AS source, r.row AS relation, r.id AS via, r.${far} AS row
     FROM unnest(${from}::bigint[]) WITH ORDINALITY v(row, i) JOIN relation r ON r.${near} = v.row
     WHERE ${conditions} ${more}`;
  const outgoing = step("src", "dst", "");
  const incoming = step("dst", "src", "");
  // What goes both ways can be followed against its direction.
  const steps = {
    outgoing: [outgoing, step("dst", "src", "AND r.is_both")],
    incoming: [incoming, step("src", "dst", "AND r.is_both")],
    both: [outgoing, incoming],
  }[walk.direction];
  const room = values.add(walk.visitsMax - places.size + 1);
  return session.rows(
    `SELECT near.*, e.id FROM (
       SELECT DISTINCT ON (row) * FROM (${steps.join(" UNION ALL ")}) ends
       WHERE row <> ALL(${values.add([...places.keys()])}::bigint[]) ORDER BY row, i, relation
     ) near JOIN entity e ON e.row = near.row WHERE e.scope = ${scopesOf(values.add(walk.scopes))}
     ORDER BY near.i, near.relation LIMIT ${room}`,
    values.all,
  );
}

export async function walkFrom(session: Session, asked: StoreWalk): Promise<StoreWalked> {
  const rows = await session.rows(
    "SELECT e.row FROM unnest($1::uuid[]) WITH ORDINALITY v(id, i) JOIN entity e ON e.id = v.id ORDER BY v.i",
    [asked.start],
  );
  const { visited, isCut } = await walkRows(session, { ...asked, start: rows.map(({ row }) => numberOf(row)) });
  const ordered = asked.order === "depth" ? depthFirst(visited) : visited;
  return { steps: ordered.map(stepOf), isCut };
}

const stepOf = ({ id, depth, via }: Visited): WalkStep => ({
  entity: EntityId.parse(id),
  depth,
  via: via === undefined ? undefined : RelationId.parse(via),
});

/** The same, each followed by those that were reached from it. */
function depthFirst(visited: readonly Visited[]): readonly Visited[] {
  const children = Map.groupBy(visited, ({ parent }) => parent);
  const places = new Map(visited.map((one, place) => [one, place]));
  const stack = (children.get(-1) ?? []).toReversed();
  const ordered: Visited[] = [];
  for (let one = stack.pop(); one; one = stack.pop()) {
    ordered.push(one);
    stack.push(...(children.get(places.get(one) ?? -2) ?? []).toReversed());
  }
  return ordered;
}
