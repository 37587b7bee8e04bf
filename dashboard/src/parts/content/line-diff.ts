export type DiffLine = {
  readonly type: "same" | "added" | "removed";
  readonly text: string;
  /** Line numbers from 1 in the old and the new text; undefined where the line is not. */
  readonly before: number | undefined;
  readonly after: number | undefined;
};

/** Above this number of differences, texts are compared as a whole: the minimal diff has quadratic cost. */
const DISTANCE_MAX = 1_500;

/** The shortest way, by whole lines, from one text to the other (Myers 1986). */
export function lineDiff(before: string, after: string): readonly DiffLine[] {
  const old = before.split(/\r?\n/);
  const next = after.split(/\r?\n/);
  let start = 0;
  while (start < old.length && start < next.length && old[start] === next[start]) start += 1;
  let end = 0;
  const most = Math.min(old.length, next.length) - start;
  while (end < most && old[old.length - 1 - end] === next[next.length - 1 - end]) end += 1;
  const middle = shortestEdits(old.slice(start, old.length - end), next.slice(start, next.length - end));
  const kinds = [
    ...Array.from({ length: start }, () => "same" as const),
    ...middle,
    ...Array.from({ length: end }, () => "same" as const),
  ];
  return numbered(kinds, old, next);
}

type Kind = DiffLine["type"];

function numbered(kinds: readonly Kind[], old: readonly string[], next: readonly string[]): readonly DiffLine[] {
  let before = 0;
  let after = 0;
  return kinds.map((type) => {
    if (type !== "added") before += 1;
    if (type !== "removed") after += 1;
    return {
      type,
      text: (type === "added" ? next[after - 1] : old[before - 1]) ?? "",
      before: type === "added" ? undefined : before,
      after: type === "removed" ? undefined : after,
    };
  });
}

function shortestEdits(old: readonly string[], next: readonly string[]): readonly Kind[] {
  const frontiers: Map<number, number>[] = [];
  let reach = new Map([[1, 0]]);
  for (let distance = 0; distance <= Math.min(DISTANCE_MAX, old.length + next.length); distance += 1) {
    frontiers.push(reach);
    const further = new Map(reach);
    for (let diagonal = -distance; diagonal <= distance; diagonal += 2) {
      const at = extend(old, next, { diagonal, x: step(reach, diagonal, distance) });
      further.set(diagonal, at);
      if (at >= old.length && at - diagonal >= next.length) return walkBack(frontiers, old.length, next.length);
    }
    reach = further;
  }
  return [...old.map(() => "removed" as const), ...next.map(() => "added" as const)];
}

/** Where a path on this diagonal starts, coming from the neighbour that has got further. */
function step(reach: ReadonlyMap<number, number>, diagonal: number, distance: number): number {
  const left = reach.get(diagonal - 1) ?? -1;
  const above = reach.get(diagonal + 1) ?? -1;
  return diagonal === -distance || (diagonal !== distance && left < above) ? above : left + 1;
}

/** Follows equal lines as far as they go. */
function extend(
  old: readonly string[],
  next: readonly string[],
  from: { readonly diagonal: number; readonly x: number },
): number {
  let { x } = from;
  while (x < old.length && x - from.diagonal < next.length && old[x] === next[x - from.diagonal]) x += 1;
  return x;
}

function walkBack(frontiers: readonly ReadonlyMap<number, number>[], oldLength: number, nextLength: number): Kind[] {
  const kinds: Kind[] = [];
  let x = oldLength;
  let y = nextLength;
  for (let distance = frontiers.length - 1; distance >= 0; distance -= 1) {
    const reach = frontiers[distance] ?? new Map<number, number>();
    const diagonal = x - y;
    const left = reach.get(diagonal - 1) ?? -1;
    const above = reach.get(diagonal + 1) ?? -1;
    const down = diagonal === -distance || (diagonal !== distance && left < above);
    const fromX = distance === 0 ? 0 : down ? above : left;
    const fromY = distance === 0 ? 0 : fromX - (down ? diagonal + 1 : diagonal - 1);
    const startX = distance === 0 ? 0 : down ? fromX : fromX + 1;
    for (; x > startX; x -= 1) kinds.push("same");
    if (distance > 0) kinds.push(down ? "added" : "removed");
    x = fromX;
    y = fromY;
  }
  return kinds.toReversed();
}
