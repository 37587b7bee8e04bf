import type { Ask } from "./connection.ts";
import { changeProperties, type NewChange, numberOf } from "./rows.ts";

/**
 * Takes so many numbers; the first of them. Who has taken one is alone until it commits, so that numbers become visible in their
 * order: it is the last thing that a transaction does.
 */
export async function takeNumbers(ask: Ask, count: number): Promise<number> {
  const [row] = await ask(
    "MATCH (m:CaxtonMemory {key: 'memory'}) SET m.seq = toInteger(m.seq + $count) RETURN m.seq AS seq",
    { count },
  );
  return numberOf(row?.["seq"]) - count + 1;
}

/** Logs changes, in their order. */
export async function logChanges(ask: Ask, changes: readonly NewChange[]): Promise<void> {
  if (changes.length === 0) return;
  const first = await takeNumbers(ask, changes.length);
  await ask(
    `UNWIND range(0, size($changes) - 1) AS at
     CREATE (c:CaxtonChange) SET c = $changes[at], c.seq = toInteger($first) + at`,
    { changes: changes.map(changeProperties), first },
  );
}
