import type { MemoryGraph } from "../../../../../src/api/contract/index.ts";
import type { Point } from "./around.ts";
import type { Half } from "./naming.ts";

export type RelationLine = {
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

/** A node of the drawing with the area of its name or dot. */
export type Placed = Point & { readonly id: string; readonly half: Half };

const WIDTH = { least: 1, most: 3.5 } as const;
/** Between a name and an arrow's head. */
const GAP = 3;

/** One line per related pair and direction; the first placed node is the middle of the drawing. */
export function linesBetween(placed: readonly Placed[], relations: MemoryGraph["relations"]): readonly RelationLine[] {
  const at = new Map(placed.map((one) => [one.id, one]));
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
        ...line(from, to, { isBent, isPassing: from !== placed[0] && to !== placed[0] }),
        width: WIDTH.least + (WIDTH.most - WIDTH.least) * strength,
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
  from: Placed,
  to: Placed,
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
function clipped(from: Point, to: Placed): Point {
  const [dx, dy] = [from.x - to.x, from.y - to.y];
  const [x, y] = [to.half.x + GAP, to.half.y + GAP];
  const scale = Math.min(1, x / Math.max(1, Math.abs(dx)), y / Math.max(1, Math.abs(dy)));
  return { x: to.x + dx * scale, y: to.y + dy * scale };
}

const round = (value: number): number => Math.round(value * 10) / 10;
