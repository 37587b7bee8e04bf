import type { Ask } from "./connection.ts";
import { changeProperties, type NewChange } from "./rows.ts";

// Numbers come from one node. Who has taken some is alone until it commits, so that numbers become visible in their order: it is the
// last thing that a transaction does.

/** Logs changes, in their order. */
export async function logChanges(ask: Ask, changes: readonly NewChange[]): Promise<void> {
  if (changes.length === 0) return;
  await ask(
    `MATCH (m:CaxtonMemory {key: 'memory'}) SET m.seq = toInteger(m.seq + $p.count) WITH m.seq - $p.count + 1 AS first
     UNWIND range(0, size($p.changes) - 1) AS at
     CREATE (c:CaxtonChange) SET c = $p.changes[at], c.seq = toInteger(first) + at`,
    { changes: changes.map(changeProperties), count: changes.length },
  );
}
