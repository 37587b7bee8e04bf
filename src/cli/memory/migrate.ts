import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { type Command, Option } from "commander";
import * as z from "zod";
import { memoryMigration, type MemoryMigrationReport, ROUTES } from "../../api/contract/index.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import { parseJson } from "../../kernel/json.ts";
import { ServerProblem } from "../client/index.ts";
import {
  act,
  type Context,
  examples,
  InterruptedError,
  type Invocation,
  ONE_FORMATS,
  onInterrupt,
  showOne,
  toJson,
} from "../frame/index.ts";
import { type Look, progressBar, renderFields, showCount } from "../terminal/index.ts";
import { MigrationCutError } from "./errors.ts";

const Input = z.object({
  from: z.enum(memoryMigration.MEMORY_PLACES).optional(),
  to: z.enum(memoryMigration.MEMORY_PLACES),
  resume: z.boolean().default(false),
});
const UNSOUND = 1;

/** `caxton memory migrate` */
export function migrate(command: Command, invocation: Invocation): void {
  command
    .summary("take memory to another place: another backend")
    .description(
      "Copy all of memory, with its versions and history, from the place that is configured to another of [memory] in " +
        "caxton.toml, while the server goes on with the old one. Then both are compared: counts, entities drawn at random, what " +
        "the same questions find. --resume goes on where it was stopped; after a whole one it takes over what was changed since. " +
        "To go over: run it with --resume, stop the server, set memory.backend, start it. To go back, set it back: what was " +
        "changed since stays in the new place. To take that along, copy all of it back into an empty place. Exits with 1 when the " +
        "two places differ.",
    )
    .addOption(new Option("--from <place>", "the place in use, unless given").choices(memoryMigration.MEMORY_PLACES))
    .addOption(new Option("--to <place>", "where to").choices(memoryMigration.MEMORY_PLACES).makeOptionMandatory())
    .option("--resume", "go on where it was stopped, or take over what was changed since");
  examples(command, [
    ["caxton memory migrate --to postgresql", "copy, and compare"],
    ["caxton memory migrate --to postgresql --resume", "what was changed since; then go over"],
    ["caxton memory migrate --from postgresql --to embedded", "all of it back; needs memory.db moved away"],
  ]);
  act(command, invocation, {
    input: Input,
    formats: ONE_FORMATS,
    run: async (context, wanted) => {
      const report = await follow(context, wanted);
      context.terminal.status(undefined);
      const human = () => reportText(report, context.terminal);
      await showOne(context, { raw: toJson(report), name: report.to, human });
      return report.sound ? 0 : UNSOUND;
    },
  });
}

async function follow({ client, terminal }: Context, wanted: z.infer<typeof Input>): Promise<MemoryMigrationReport> {
  const stop = new AbortController();
  using interrupts = new DisposableStack();
  interrupts.use(onInterrupt(() => stop.abort()));
  const response = await client.open({
    method: "POST",
    path: ROUTES.migrateMemory,
    headers: { accept: "application/x-ndjson", "content-type": "application/json" },
    body: JSON.stringify(wanted),
    signal: stop.signal,
  });
  try {
    for await (const line of createInterface({ input: Readable.from(response.body ?? []) })) {
      const parsed = parseJson(line);
      const event = memoryMigration.MigrationEvent.parse(parsed.type === "parsed" ? parsed.value : undefined);
      if (event.type === "done") return event.report;
      if (event.type === "problem") throw new ServerProblem(event.problem);
      const { phase, entities, relations, all } = event;
      terminal.status(progressBar(phase, Math.min(entities + relations, all), all, showCount));
    }
  } catch (error) {
    if (stop.signal.aborted) throw new InterruptedError();
    throw error instanceof CaxtonError ? error : new MigrationCutError(error);
  }
  throw new MigrationCutError(new Error("the answer ended"));
}

function reportText(report: MemoryMigrationReport, look: Look): string {
  const { scopes, samples, queries, consistency, sound, to } = report;
  const hits = queries.length === 0 ? 1 : queries.reduce((sum, one) => sum + one, 0) / queries.length;
  const fields: (readonly [string, string])[] = [
    ["Copied", `${showCount(report.entities)} entities, ${showCount(report.relations)} relations`],
    ["Followed", `${showCount(report.followed)} that were changed meanwhile`],
    ["Counts", `the same in ${scopes.same} of ${scopes.all} scopes`],
    ["Samples", `${samples.same} of ${samples.all} entities are the same`],
    ["Questions", `${Math.round(hits * 100)} % of what they find is the same`],
    ["Consistency", look.style(sound ? "green" : "red", consistency.toFixed(3))],
  ];
  const next = sound
    ? `to go over: caxton memory migrate --to ${to} --resume, stop the server, set memory.backend = "${to}", start it\n`
    : "the two places differ: keep the old one, and look at the server's log\n";
  return `${renderFields(fields, look)}\n${next}`;
}
