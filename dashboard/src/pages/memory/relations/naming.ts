import type { MemoryEntity } from "../../../../../src/api/contract/index.ts";
import type { Around, AroundNode, Point } from "./around.ts";

/** Half of what a name takes, to each side of its middle; of a dot likewise. */
export type Half = Point;

const WIDTH = {
  least: 40,
  most: 128,
  mostOfMany: 108,
  letter: 6.4,
  wideLetter: 12.5,
  smallLetter: 5.8,
  padding: 20,
} as const;
/** A name with its type under it, and a name alone. */
const HEIGHT = { withType: 36, alone: 23 } as const;
/** From here on letters are as wide as they are high: Chinese, Japanese, Korean. */
const WIDE_FROM = 0x2e80;

/** What the frame around a name takes, about: how wide letters are is the browser's matter. */
export function frameOf({ name, type }: Pick<MemoryEntity, "name" | "type">, hasType: boolean): Half {
  const letters = (text: string, narrow: number) =>
    Array.from(text, (letter) => ((letter.codePointAt(0) ?? 0) < WIDE_FROM ? narrow : WIDTH.wideLetter)).reduce(
      (sum, width) => sum + width,
      0,
    );
  const text = Math.max(letters(name, WIDTH.letter), hasType ? letters(type, WIDTH.smallLetter) : 0);
  const width = Math.min(hasType ? WIDTH.most : WIDTH.mostOfMany, Math.max(WIDTH.least, text + WIDTH.padding));
  return { x: width / 2, y: (hasType ? HEIGHT.withType : HEIGHT.alone) / 2 };
}

/**
 * Selects the nodes that get a name at a zoom level. Names do not scale, so a larger drawing has room for more. No name covers
 * another name; one without enough room does not cover a dot either.
 */
export function namedAt(
  { nodes }: Pick<Around, "nodes">,
  zoom: number,
  frames: ReadonlyMap<string, Half>,
): ReadonlySet<string> {
  const named = new Map<string, Framed>();
  for (const node of nodes) {
    const half = frames.get(node.id);
    if (half === undefined) continue;
    const framed = { x: node.x * zoom, y: node.y * zoom, half };
    if ([...named.values()].some((other) => isOver(framed, other))) continue;
    const isOnDot = (other: AroundNode) =>
      other.id !== node.id && isOver(framed, { x: other.x * zoom, y: other.y * zoom, half: NOTHING });
    if (node.hasRoom || !nodes.some(isOnDot)) named.set(node.id, framed);
  }
  return new Set(named.keys());
}

type Framed = Point & { readonly half: Half };
const NOTHING: Half = { x: 0, y: 0 };

/** Whether one frame covers something of another. */
const isOver = (one: Framed, other: Framed): boolean =>
  Math.abs(one.x - other.x) < one.half.x + other.half.x && Math.abs(one.y - other.y) < one.half.y + other.half.y;
