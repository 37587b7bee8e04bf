import type { Command } from "commander";
import * as z from "zod";
import { type MemoryFigures, type MemoryLocation, operations } from "../../api/contract/index.ts";
import { type Client, ServerProblem } from "../client/index.ts";
import { act, examples, type Invocation, ONE_FORMATS, showOne } from "../frame/index.ts";
import {
  type Column,
  type Look,
  oneLine,
  renderFields,
  renderTable,
  safeText,
  showBytes,
  showCount,
} from "../terminal/index.ts";

type Row = MemoryFigures["scopes"][number];

const COLUMNS: readonly Column<Row>[] = [
  { title: "SCOPE", value: ({ scope }) => scope, tone: () => "bold", shrinks: true },
  { title: "ENTITIES", value: ({ entities }) => showCount(entities), align: "right" },
  { title: "FACTS", value: ({ observations }) => showCount(observations), align: "right" },
  { title: "RELATIONS", value: ({ relations }) => showCount(relations), align: "right" },
];

export function stats(command: Command, invocation: Invocation): void {
  command
    .summary("show memory statistics")
    .description("Show the contents of each scope, the backend, and the progress of indexing with the embedder.");
  examples(command, [["caxton memory stats", ""]]);
  act(command, invocation, {
    input: z.object({}),
    formats: ONE_FORMATS,
    run: async (context) => {
      const { raw, value } = await context.client.call(operations.memory.stats, {});
      const where = await locationOf(context.client);
      const human = () => statsText(value, where, context.terminal);
      await showOne(context, { raw, name: value.backend, human });
    },
  });
}

/** Returns undefined for a client without rights to the whole server, which the location concerns. */
async function locationOf(client: Client): Promise<MemoryLocation | undefined> {
  try {
    return (await client.call(operations.memoryTransfer.location, {})).value;
  } catch (error) {
    if (error instanceof ServerProblem && error.code === "PERMISSION_DENIED") return undefined;
    throw error;
  }
}

function statsText(figures: MemoryFigures, where: MemoryLocation | undefined, look: Look): string {
  const { backend, bytes, indexed, model, requested_model: wanted, scopes } = figures;
  const changing = wanted !== null && wanted !== model ? `, changing to ${wanted}` : "";
  const lacking = figures.passages_without_vector;
  const fields: (readonly [string, string])[] = [
    ["Kept in", safeText(backend) + (bytes === null ? "" : `, ${showBytes(bytes)}`)],
    [
      "Indexed",
      `${Math.floor(indexed * 100)} %${lacking === 0 ? "" : `, ${showCount(lacking)} passages without a vector`}`,
    ],
    ["Embedder", safeText(model ?? (wanted === null ? "none: found by words only" : "none yet")) + safeText(changing)],
  ];
  if (figures.problem !== null) fields.push(["Problem", look.style("red", oneLine(figures.problem))]);
  if (where !== undefined) fields.push(...whereFields(where));
  // There is room for millions of vectors: it is no matter before it comes to its end.
  for (const { what, used, max, near } of figures.limits.filter((limit) => limit.what === "entities" || limit.near)) {
    const full = used >= max ? ": full" : near ? ": nearly full" : "";
    fields.push(["Limit", `${showCount(used)} of ${showCount(max)} ${what}${full}`]);
  }
  const table =
    scopes.length === 0
      ? 'nothing is remembered yet; begin: caxton memory add <name> "<fact>"\n'
      : renderTable(COLUMNS, scopes, { widthMax: look.columns, wide: false, style: look.style });
  return `${renderFields(fields, look)}\n${table}`;
}

/** The previous backend and the running migration, if any. */
function whereFields({
  backend,
  configured,
  previous_backend: before,
  migration,
}: MemoryLocation): (readonly [string, string])[] {
  const fields: (readonly [string, string])[] = [];
  if (backend !== configured)
    fields.push(["Configured", `memory.backend = "${configured}": set it to "${backend}", the active backend`]);
  if (before && before.backend !== backend) fields.push(["Migrated from", `${before.backend}, at ${before.at}`]);
  if (migration) {
    const { from, to, progress } = migration;
    const far = progress
      ? `, ${progress.phase}, ${showCount(progress.entities + progress.relations)} of ${showCount(progress.all)}`
      : "";
    fields.push(["Migration", `from ${from} to ${to}${far}`]);
  }
  return fields;
}
