import { effectsOf, operations, type Turn } from "../../api/contract/index.ts";
import type { Client } from "../client/index.ts";
import { oneLine, truncate } from "../terminal/index.ts";

const LINES_MAX = 20;
const LINE_CHARS_MAX = 120;
const PAGE = 50;
/** Turns that are read at most, so that replacing an early turn of a long thread does not take long. */
const TURNS_MAX = 500;

/** Says which changes by tools stay although these turns, newest first, are no longer part of the branch; empty for none. */
export function effectsText(turns: readonly Turn[]): string {
  const calls = turns.toReversed().flatMap(effectsOf);
  const lines = calls
    .slice(0, LINES_MAX)
    .map((call) => `  ${truncate(oneLine(`${call.tool} ${call.arguments}`.trimEnd()), LINE_CHARS_MAX)}`);
  const more = calls.length > LINES_MAX ? [`  … ${calls.length - LINES_MAX} more`] : [];
  return calls.length === 0 ? "" : ["what these calls may have changed stays changed:", ...lines, ...more].join("\n");
}

/** The turns of a branch after one of its turns, newest first. */
export async function turnsAfter(
  client: Client,
  { id, head, turn }: { readonly id: string; readonly head: string | null; readonly turn: string | null },
): Promise<readonly Turn[]> {
  const turns: Turn[] = [];
  if (head === null) return turns;
  let cursor: string | null = null;
  while (turns.length < TURNS_MAX) {
    const page: { readonly items: readonly Turn[]; readonly next: string | null } = (
      await client.call(operations.thread.turns, { id, head, limit: PAGE, ...(cursor !== null && { cursor }) })
    ).value;
    const end = page.items.findIndex(({ run }) => run === turn);
    turns.push(...(end < 0 ? page.items : page.items.slice(0, end)));
    if (end >= 0 || page.next === null) break;
    cursor = page.next;
  }
  return turns;
}
