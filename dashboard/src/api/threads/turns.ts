import type { Turn } from "../../../../src/api/contract/index.ts";

/** Turns of one request. More than can wait in a thread, so that the newest page has every turn that has not ended. */
export const TURNS_SIZE = 20;

/** Turns of the shown branch, newest first, as far as they were read; `next` leads to earlier ones. */
export type Turns = {
  readonly items: readonly Turn[];
  readonly next: string | null;
  /** Messages that were added after the newest one. */
  readonly added: Turn["added"];
};

/** Adds earlier turns to the newest ones. A turn that has not changed stays the same object, so that it is not drawn again. */
export function withEarlier(newest: Turns, known: Turns | undefined): Turns {
  if (known === undefined) return newest;
  const before = new Map(known.items.slice(0, 2 * TURNS_SIZE).map((turn) => [turn.run, turn]));
  const items = newest.items.map((turn) => {
    const same = before.get(turn.run);
    return same !== undefined && JSON.stringify(same) === JSON.stringify(turn) ? same : turn;
  });
  const last = items.at(-1)?.run;
  const at = known.items.findIndex(({ run }) => run === last);
  return at === -1
    ? { ...newest, items }
    : { ...newest, items: [...items, ...known.items.slice(at + 1)], next: known.next };
}
