import type { Command } from "commander";
import * as z from "zod";
import { type MemoryPruned, operations } from "../../api/contract/index.ts";
import { act, examples, type Invocation, ONE_FORMATS, showOne } from "../frame/index.ts";
import { type Column, type Look, renderTable, safeText, showCount } from "../terminal/index.ts";

type Row = MemoryPruned["items"][number];

const COLUMNS: readonly Column<Row>[] = [
  { title: "SCOPE", value: ({ scope }) => scope, tone: () => "bold" },
  { title: "REASON", value: ({ reason }) => reason },
  { title: "ENTITIES", value: ({ entities }) => showCount(entities), align: "right" },
  { title: "RELATIONS", value: ({ relations }) => showCount(relations), align: "right" },
  { title: "SUCH AS", value: ({ examples: names }) => names.join(", "), shrinks: true },
];
const LONG_MS = 3_600_000;

/** `caxton memory prune` */
export function prune(command: Command, invocation: Invocation): void {
  command
    .summary("apply the retention policy now")
    .description(
      "Permanently delete what [memory.retention] of caxton.toml selects: entities not updated for max_age, or below min_confidence or min_strength; the least recently updated of a scope above max_entities_per_scope; relations below min_relation_strength. The server does this periodically; this command does it now.",
    )
    .option("--dry-run", "show what would be deleted, without deleting it");
  examples(command, [
    ["caxton memory prune --dry-run", "what would go, by scope and reason"],
    ["caxton memory prune", ""],
  ]);
  act(command, invocation, {
    input: z.object({ dryRun: z.boolean().default(false) }),
    formats: ONE_FORMATS,
    run: async (context, { dryRun }) => {
      context.terminal.status("looking through memory");
      const { raw, value } = await context.client.call(
        operations.memoryMaintenance.prune,
        { dry_run: dryRun },
        { timeoutMs: LONG_MS },
      );
      context.terminal.status(undefined);
      await showOne(context, { raw, name: "memory", human: () => prunedText(value, context.terminal) });
    },
  });
}

function prunedText({ items, entities, relations, dry_run: isTrial, archive, more }: MemoryPruned, look: Look): string {
  if (items.length === 0) return "nothing in memory is to go\n";
  const table = renderTable(COLUMNS, items, { widthMax: look.columns, wide: false, style: look.style });
  const counted = [
    ...(entities > 0 ? [`${showCount(entities)} ${entities === 1 ? "entity" : "entities"}`] : []),
    ...(relations > 0 ? [`${showCount(relations)} ${relations === 1 ? "relation" : "relations"}`] : []),
  ];
  const went = `${counted.join(" and ")} ${isTrial ? "would go" : "went"}`;
  const kept = archive === null ? "" : `; written to ${safeText(archive)} before`;
  return `${table}\n${went}${kept}${more ? "; there are more, for the next pass" : ""}\n`;
}
