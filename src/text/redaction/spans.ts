export type Span = {
  start: number;
  end: number;
  readonly name: string;
  /** What stands for it has been given out. */
  isShown: boolean;
};

/** Takes a place up among places in their order without overlaps: what overlaps is one, under the name of what begins first. */
export function addSpan(spans: Span[], from: number, to: number, name: string): void {
  let end = to;
  let last = spans.at(-1);
  while (last !== undefined && last.start > from) {
    end = Math.max(end, last.end);
    spans.pop();
    last = spans.at(-1);
  }
  if (last !== undefined && last.end > from) last.end = Math.max(end, last.end);
  else spans.push({ start: from, end, name, isShown: false });
}

/** Something to hide. A literal is heard of with its last character, a pattern with what follows: so places are in order. */
export type Place = { readonly from: number; readonly to: number; readonly name: string; readonly heardAt: number };
