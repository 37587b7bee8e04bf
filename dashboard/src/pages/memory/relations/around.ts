import type { MemoryGraph } from "../../../../../src/api/contract/index.ts";

export type Point = { readonly x: number; readonly y: number };
/** Position in pixels from the middle of a drawing at full size. */
export type AroundNode = Point & {
  readonly id: string;
  /** Whether there is room for its name; others stand closer, as dots. */
  readonly hasRoom: boolean;
};
export type Around = {
  /** The more important first; the middle before all. */
  readonly nodes: readonly AroundNode[];
  /** How far from the middle the outermost stand. */
  readonly reach: Point;
  /** More than can have room for their names. */
  readonly isCrowded: boolean;
};

/** As many as all have room for their names; of more these, of whom so many for their relations, the others for being near. */
export const NAMED = { all: 22, crowded: 20, forRelations: 6 } as const;

/**
 * Of rings of names: the innermost, half of what a name takes, what is free around it, and how far apart rows are. Many are shown
 * smaller than they are laid out, but not their names.
 */
const NAMES = {
  few: { first: { x: 190, y: 90 }, half: { x: 66, y: 18 }, free: { x: 10, y: 48 }, row: 46 },
  crowded: { first: { x: 150, y: 80 }, half: { x: 66, y: 15 }, free: { x: 10, y: 26 }, row: 31 },
} as const;
type Spacing = (typeof NAMES)["few" | "crowded"];
/** How far apart dots stand, on a ring as on the next, and what is free around half of one. */
const DOTS = { apart: 11.5, half: { x: 6, y: 6 } } as const;

/**
 * Places entities on rings around the middle, one ring per distance. If there are too many for their names, only the nearest
 * and those with the most relations get a name, and the others are placed close around them.
 */
export function layAround(
  { entities, relations }: Pick<MemoryGraph, "entities" | "relations">,
  middle: string,
): Around {
  const others = orderAround({ entities, relations }, middle);
  const isCrowded = others.length > NAMED.all;
  const important = byImportance(others, relations);
  const withRoom = new Set((isCrowded ? nearestAndMostRelated(important) : important).map(({ id }) => id));
  const at = new Map<string, AroundNode>([[middle, { id: middle, x: 0, y: 0, hasRoom: true }]]);
  const spacing = isCrowded ? NAMES.crowded : NAMES.few;
  // Where what is inside of the next ring ends.
  let edge: Point = { x: 0, y: 0 };
  for (const depth of new Set(others.map((one) => one.depth))) {
    for (const hasRoom of [true, false]) {
      const here = others.filter((one) => one.depth === depth && withRoom.has(one.id) === hasRoom);
      if (here.length === 0) continue;
      const put = ({ id }: Other, point: Point) => void at.set(id, { id, ...point, hasRoom });
      edge = hasRoom ? ringOfNames(here, { edge, spacing }, put) : ringsOfDots(here, { edge, spacing }, put);
    }
  }
  const nodes = [middle, ...important.map(({ id }) => id)].flatMap((id) => at.get(id) ?? []);
  const farthest = (axis: "x" | "y") => nodes.reduce((most, node) => Math.max(most, Math.abs(node[axis])), 0);
  return { nodes, reach: { x: farthest("x"), y: farthest("y") }, isCrowded };
}

type Other = { readonly id: string; readonly name: string; readonly depth: number };
type Put = (one: Other, point: Point) => void;
type Inside = { readonly edge: Point; readonly spacing: Spacing };

/** In two columns that bend around what is inside: names are wide, so that rows of them fill a ring better than a round does. */
function ringOfNames(names: readonly Other[], { edge, spacing }: Inside, put: Put): Point {
  const { first, half, free, row } = spacing;
  const onTheRight = Math.ceil(names.length / 2);
  const ring = {
    x: Math.max(first.x, edge.x === 0 ? 0 : edge.x + free.x + half.x),
    y: Math.max(first.y, edge.y === 0 ? 0 : edge.y + free.y + half.y, (onTheRight * row) / 2),
  };
  for (const [at, one] of names.entries()) {
    const isRight = at < onTheRight;
    const [rows, number] = isRight ? [onTheRight, at] : [names.length - onTheRight, names.length - 1 - at];
    const height = (2 * (number + 0.5)) / rows - 1;
    put(one, { x: (isRight ? 1 : -1) * ring.x * Math.sqrt(1 - height ** 2), y: ring.y * height });
  }
  return { x: ring.x + half.x, y: ring.y + half.y };
}

/** On as many rings as it takes, of which each takes the next in turn, so that those who follow one another stand together. */
function ringsOfDots(dots: readonly Other[], { edge, spacing: { first, free } }: Inside, put: Put): Point {
  const ring = {
    x: Math.max(first.x, edge.x + free.x + DOTS.half.x),
    y: Math.max(first.y, edge.y + free.y + DOTS.half.y),
  };
  const rings = Math.ceil((dots.length * DOTS.apart) / (2 * Math.PI * Math.min(ring.x, ring.y)));
  for (const [at, one] of dots.entries()) {
    const angle = (at / dots.length) * 2 * Math.PI - Math.PI / 2;
    const further = (at % rings) * DOTS.apart;
    put(one, { x: (ring.x + further) * Math.cos(angle), y: (ring.y + further) * Math.sin(angle) });
  }
  const outermost = (rings - 1) * DOTS.apart;
  return { x: ring.x + outermost + DOTS.half.x, y: ring.y + outermost + DOTS.half.y };
}

/** All but the middle by distance, those who hang on the same one together. */
function orderAround(
  { entities, relations }: Pick<MemoryGraph, "entities" | "relations">,
  middle: string,
): readonly Other[] {
  const byId = new Map(relations.map((relation) => [relation.id, relation]));
  const place = new Map([[middle, 0]]);
  const others = entities.filter(({ entity }) => entity.id !== middle);
  for (const depth of [...new Set(others.map((one) => one.depth))].toSorted((one, other) => one - other)) {
    const parentPlace = ({ entity, via }: (typeof others)[number]): number => {
      const relation = via === null ? undefined : byId.get(via);
      const parent = relation?.from === entity.id ? relation.to : relation?.from;
      return place.get(parent ?? "") ?? 0;
    };
    const here = others
      .filter((one) => one.depth === depth)
      .map((one) => ({ one, parent: parentPlace(one) }))
      .toSorted((a, b) => a.parent - b.parent || a.one.entity.name.localeCompare(b.one.entity.name));
    for (const { one } of here) place.set(one.entity.id, place.size);
  }
  return others
    .map(({ entity: { id, name }, depth }) => ({ id, name, depth }))
    .toSorted((one, other) => (place.get(one.id) ?? 0) - (place.get(other.id) ?? 0));
}

type Ranked = Other & { readonly relations: number };

/** The nearest first; of those that are as near, who has the most relations. */
function byImportance(others: readonly Other[], relations: MemoryGraph["relations"]): readonly Ranked[] {
  const counts = Map.groupBy(
    relations.flatMap(({ from, to }) => [from, to]),
    (id) => id,
  );
  return others
    .map((one) => ({ ...one, relations: counts.get(one.id)?.length ?? 0 }))
    .toSorted((one, other) => one.depth - other.depth || other.relations - one.relations);
}

function nearestAndMostRelated(important: readonly Ranked[]): readonly Ranked[] {
  const near = important.slice(0, NAMED.crowded - NAMED.forRelations);
  const others = important.slice(near.length).toSorted((one, other) => other.relations - one.relations);
  return [...near, ...others.slice(0, NAMED.forRelations)];
}
