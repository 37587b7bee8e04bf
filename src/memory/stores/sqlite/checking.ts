import { passagesOf, type StoreProblem } from "../../knowledge/index.ts";
import type { Facts } from "./facts.ts";
import { entityOf, numberOf, textOf } from "./rows.ts";
import { SPAN } from "./tables.ts";

/** What each table refers to; all of these must be there. */
const REFERENCES = [
  ["entity", "scope", "scope", "n"],
  ["observation", `row / ${SPAN}`, "entity", "row"],
  ["observation", "provenance", "provenance", "n"],
  ["relation", "src", "entity", "row"],
  ["relation", "dst", "entity", "row"],
  ["relation", "provenance", "provenance", "n"],
  ["passage", `row / ${SPAN}`, "entity", "row"],
  ["passage", "model", "model", "n"],
  ["coming", "passage", "passage", "row"],
  ["change", "entity", "entity", "row"],
  ["change", "provenance", "provenance", "n"],
] as const;

/** Returns all inconsistencies, and the entities without passages, by row, with the number they should have. `remedy`: hint for inconsistencies that cannot be repaired. */
export function checked(
  facts: Facts,
  { repair, remedy }: { readonly repair: boolean; readonly remedy: string },
): {
  readonly problems: readonly StoreProblem[];
  readonly bare: readonly (readonly [row: number, passages: number])[];
} {
  const said = facts
    .cells("PRAGMA integrity_check")
    .map(([text]) => textOf(text))
    .filter((text) => text !== "ok");
  const foreign = REFERENCES.reduce((sum, [table, column, other, key]) => {
    const lost = facts.cells(
      `SELECT count(*) FROM ${table} WHERE ${column} IS NOT NULL AND ${column} NOT IN (SELECT ${key} FROM ${other})`,
    );
    return sum + numberOf(lost[0]?.[0]);
  }, 0);
  const rows = facts
    .cells(
      `SELECT row FROM entity e WHERE NOT EXISTS
         (SELECT 1 FROM passage p WHERE p.row BETWEEN e.row * ${SPAN} AND e.row * ${SPAN} + ${SPAN - 1})`,
    )
    .map(([row]) => numberOf(row));
  const bare = facts
    .packed(rows)
    .map((cells, index): readonly [number, number] => [
      rows[index] ?? 0,
      cells ? passagesOf(entityOf(cells)).length : 0,
    ]);
  const problems = [
    ...said.map((text) => ({
      what: `the file is damaged: ${text}`,
      hint: remedy,
      isRepaired: false,
    })),
    ...(foreign > 0
      ? [
          {
            what: foreign === 1 ? "one row refers to what is gone" : `${foreign} rows refer to what is gone`,
            hint: remedy,
            isRepaired: false,
          },
        ]
      : []),
    ...(bare.length > 0
      ? [
          {
            what:
              bare.length === 1
                ? "one entity cannot be found by searches"
                : `${bare.length} entities cannot be found by searches`,
            hint: "`caxton memory doctor --repair` indexes them.",
            isRepaired: repair,
          },
        ]
      : []),
  ];
  return { problems, bare };
}
