import type { MemoryGraph } from "../../../../src/api/contract/index.ts";

type Point = { readonly x: number; readonly y: number };
export type AroundNode = Point & { readonly id: string };
export type AroundEdge = {
  readonly from: string;
  readonly to: string;
  readonly path: string;
  readonly width: number;
  /** What it is, of all relations between the two in this direction. */
  readonly label: string;
  readonly middle: Point;
  /** Whether the line has a head at both ends. */
  readonly isBoth: boolean;
};
export type Around = {
  readonly nodes: readonly AroundNode[];
  readonly edges: readonly AroundEdge[];
  readonly width: number;
  readonly height: number;
};

/** The frame around a name, in pixels, and half of it with room for an arrow's head. */
const FRAME = { width: 108, height: 36 } as const;
const HALF = { x: FRAME.width / 2 + 3, y: FRAME.height / 2 + 3 } as const;
/**
 * The innermost ring, what each further one is wider, and how far apart names stand on it. They are so flat that, drawn round, the
 * corner of a frame is as near to its middle as two rings are to each other: then no name covers another, wherever it stands.
 */
const RING = { first: 200, step: 122, flat: 0.65, apart: FRAME.width + 14 } as const;
const MARGIN = 14;
const LINE = { least: 1, most: 3.5 } as const;

/**
 * The middle with everybody around it: on as many rings as it takes that no name covers another, those of one distance before those of
 * the next, and beside whom they are related to.
 */
export function layAround(
  { entities, relations }: Pick<MemoryGraph, "entities" | "relations">,
  middle: string,
): Around {
  const rings = ringsOf(orderAround(entities, relations, middle));
  const wide = rings.length === 0 ? 0 : RING.first + RING.step * (rings.length - 1);
  const centre = { x: wide + FRAME.width / 2 + MARGIN, y: wide * RING.flat + FRAME.height / 2 + MARGIN };
  const nodes = [
    { id: middle, ...centre },
    ...rings.flatMap((ids, ring) =>
      ids.map((id, at): AroundNode => {
        // Each ring begins half a place further on, so that names do not stand behind one another.
        const angle = ((at + (ring % 2) / 2) / ids.length) * 2 * Math.PI - Math.PI / 2;
        const radius = RING.first + RING.step * ring;
        return {
          id,
          x: centre.x + radius * Math.cos(angle),
          y: centre.y + radius * RING.flat * Math.sin(angle),
        };
      }),
    ),
  ];
  return { nodes, edges: edgesOf(nodes, relations), width: centre.x * 2, height: centre.y * 2 };
}

type Placed = { readonly id: string; readonly depth: number };

/** All but the middle by distance, those who hang on the same one together. */
function orderAround(
  entities: MemoryGraph["entities"],
  relations: MemoryGraph["relations"],
  middle: string,
): readonly Placed[] {
  const byId = new Map(relations.map((relation) => [relation.id, relation]));
  const place = new Map([[middle, 0]]);
  const ordered: Placed[] = [];
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
    for (const { one } of here) {
      place.set(one.entity.id, place.size);
      ordered.push({ id: one.entity.id, depth });
    }
  }
  return ordered;
}

/** As many on each ring as stand there without touching; another distance begins another ring. */
function ringsOf(ordered: readonly Placed[]): readonly (readonly string[])[] {
  const rings: string[][] = [];
  let depth: number | undefined;
  for (const one of ordered) {
    const last = rings.at(-1);
    const room = roomOn(rings.length - 1);
    if (last === undefined || one.depth !== depth || last.length >= room) rings.push([one.id]);
    else last.push(one.id);
    depth = one.depth;
  }
  return rings;
}

const roomOn = (ring: number): number => Math.floor((2 * Math.PI * (RING.first + RING.step * ring)) / RING.apart);

function edgesOf(nodes: readonly AroundNode[], relations: MemoryGraph["relations"]): readonly AroundEdge[] {
  const at = new Map(nodes.map((node) => [node.id, node]));
  const pairs = Map.groupBy(relations, ({ from, to }) => `${from} ${to}`);
  return [...pairs.values()].flatMap((group) => {
    const [first] = group;
    const [from, to] = [at.get(first?.from ?? ""), at.get(first?.to ?? "")];
    if (from === undefined || to === undefined || from === to) return [];
    const isBent = pairs.has(`${to.id} ${from.id}`);
    const strength = Math.max(...group.map((relation) => relation.strength));
    return [
      {
        from: from.id,
        to: to.id,
        ...line(from, to, { isBent, isPassing: from !== nodes[0] && to !== nodes[0] }),
        width: LINE.least + (LINE.most - LINE.least) * strength,
        label: group.map(({ type }) => type).join(", "),
        isBoth: group.some(({ bidirectional }) => bidirectional),
      },
    ];
  });
}

const BEND = 0.14;
/** Where on a line its words stand; those of two that lead to and fro stand apart, and those of a line past the middle from its own. */
const WORDS_AT = { straight: 0.5, bent: 0.36 } as const;

/** Straight, or bent to its right where another leads back; from frame to frame, so that heads are seen. */
function line(
  from: Point,
  to: Point,
  { isBent, isPassing }: { readonly isBent: boolean; readonly isPassing: boolean },
): { readonly path: string; readonly middle: Point } {
  const bend = isBent ? BEND : 0;
  const control = {
    x: (from.x + to.x) / 2 - (to.y - from.y) * bend,
    y: (from.y + to.y) / 2 + (to.x - from.x) * bend,
  };
  const [begin, end] = [clipped(control, from), clipped(control, to)];
  return {
    path: `M${round(begin.x)} ${round(begin.y)}Q${round(control.x)} ${round(control.y)} ${round(end.x)} ${round(end.y)}`,
    middle: pointOn(begin, control, end, isBent || isPassing ? WORDS_AT.bent : WORDS_AT.straight),
  };
}

function pointOn(begin: Point, control: Point, end: Point, share: number): Point {
  const at = (from: number, by: number, to: number) =>
    (1 - share) ** 2 * from + 2 * (1 - share) * share * by + share ** 2 * to;
  return { x: at(begin.x, control.x, end.x), y: at(begin.y, control.y, end.y) };
}

/** Where a line from `from` meets the frame around `to`. */
function clipped(from: Point, to: Point): Point {
  const [dx, dy] = [from.x - to.x, from.y - to.y];
  const scale = Math.min(1, HALF.x / Math.max(1, Math.abs(dx)), HALF.y / Math.max(1, Math.abs(dy)));
  return { x: to.x + dx * scale, y: to.y + dy * scale };
}

const round = (value: number): number => Math.round(value * 10) / 10;
