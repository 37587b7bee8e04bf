import { expect } from "vitest";
import type { Memory } from "../../../src/memory/knowledge/index.ts";
import { BY, remember, SCOPE } from "./within.ts";

/** What memory is to say of a name: its texts, or that there is none. */
export type Acknowledged = { readonly name: string; readonly texts: readonly string[] | null };

const NAMES = 8;

/**
 * Remembers, corrects, renames and forgets, one after another on names of its own, until it is stopped. Says before each
 * change which name it is about, and after it what memory promised.
 */
export async function changeConcurrently(
  memory: Memory,
  of: {
    readonly writer: string;
    readonly isOver: () => boolean;
    readonly begins: (name: string) => void;
    readonly done: (acknowledged: Acknowledged) => void;
  },
): Promise<number> {
  const texts = new Map<string, readonly string[]>();
  let changes = 0;
  for (let at = 0; !of.isOver(); at += 1) {
    const name = `${of.writer} ${(at * 5) % NAMES}`;
    const before = texts.get(name);
    of.begins(name);
    if (before && at % 11 === 0) {
      const one = await memory.get(SCOPE, name);
      await memory.forget({ type: "entities", ids: [one.id] }, BY);
      texts.delete(name);
    } else if (before && before.length > 1 && at % 3 === 0) {
      await memory.changes.withdraw(SCOPE, name, before.slice(0, 1), BY);
      texts.set(name, before.slice(1));
    } else {
      const text = `says ${at}`;
      await remember(memory, [{ name, observations: [{ text }] }]);
      texts.set(name, [...(before ?? []), text]);
    }
    changes += 1;
    of.done({ name, texts: texts.get(name) ?? null });
  }
  return changes;
}

/** All of it is as it was promised. */
export async function expectAcknowledged(memory: Memory, all: Iterable<Acknowledged>): Promise<void> {
  const acknowledged = [...all];
  const found = await memory.store.find(acknowledged.map(({ name }) => ({ scope: SCOPE, name })));
  const texts = found.map((one) => one?.observations.map(({ text }) => text).toSorted() ?? null);
  expect(acknowledged.map(({ name }, at) => ({ name, texts: texts[at] }))).toEqual(
    acknowledged.map(({ name, texts: wanted }) => ({ name, texts: wanted?.toSorted() ?? null })),
  );
}
