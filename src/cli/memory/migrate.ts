import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { type Command, Option } from "commander";
import * as z from "zod";
import {
  memoryMigration,
  type MemoryMigrationReport,
  type MemoryLocation,
  operations,
} from "../../api/contract/index.ts";
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
import { MigrationInterruptedError } from "./errors.ts";

const Input = z.object({
  from: z.enum(memoryMigration.MEMORY_BACKENDS).optional(),
  to: z.enum(memoryMigration.MEMORY_BACKENDS),
  resume: z.boolean().default(false),
  cutover: z.boolean().default(false),
});
const UNSOUND = 1;

/** `caxton memory migrate` */
export function migrate(command: Command, invocation: Invocation): void {
  command
    .summary("migrate memory to another backend")
    .description(
      "Copy all of memory, with versions and history, from the active backend to another of [memory] in caxton.toml, while the server keeps using the active one. Then both are compared: counts, random entities and search results. With --cutover, the server then switches to the new backend; writes wait up to ten seconds, and none is lost. Then set memory.backend. To switch back, run the same command with --to the old backend; it receives the changes made since. To resume after an interruption, repeat the command with --cutover, or with --resume to copy without a cutover. Exits with 1 if the backends differ.",
    )
    .addOption(
      new Option("--from <backend>", "source backend; default: the active one").choices(
        memoryMigration.MEMORY_BACKENDS,
      ),
    )
    .addOption(
      new Option("--to <backend>", "target backend").choices(memoryMigration.MEMORY_BACKENDS).makeOptionMandatory(),
    )
    .option("--cutover", "cut over when caught up")
    .option("--resume", "resume an interrupted migration, or copy the changes made since");
  examples(command, [
    ["caxton memory migrate --to postgresql", "copy, and compare; the old place stays in use"],
    ["caxton memory migrate --to postgresql --cutover", "copy what is missing, then use it"],
    ["caxton memory migrate --to embedded --cutover", "back again, with what was changed since"],
    ["caxton memory stats", "where memory is, and how far a migration is"],
  ]);
  act(command, invocation, {
    input: Input,
    formats: ONE_FORMATS,
    run: async (context, wanted) => {
      const report = await follow(context, wanted);
      context.terminal.status(undefined);
      const { value: where } = await context.client.call(operations.memoryTransfer.location, {});
      const human = () => reportText(report, where, context.terminal);
      await showOne(context, { raw: toJson(report), name: report.to, human });
      return report.sound && (report.cut_over || !wanted.cutover) ? 0 : UNSOUND;
    },
  });
}

async function follow({ client, terminal }: Context, wanted: z.infer<typeof Input>): Promise<MemoryMigrationReport> {
  const stop = new AbortController();
  using interrupts = new DisposableStack();
  interrupts.use(onInterrupt(() => stop.abort()));
  const response = await client.open({
    method: "POST",
    path: operations.memoryTransfer.migrate.http.path,
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
    throw error instanceof CaxtonError ? error : new MigrationInterruptedError(error, resumeCommand(wanted));
  }
  throw new MigrationInterruptedError(new Error("the answer ended"), resumeCommand(wanted));
}

/** Command that resumes an interrupted migration. `--cutover` resumes too, and then cuts over. */
function resumeCommand({ from, to, cutover: isCutover }: z.infer<typeof Input>): string {
  const source = from === undefined ? "" : ` --from ${from}`;
  return `caxton memory migrate${source} --to ${to} ${isCutover ? "--cutover" : "--resume"}`;
}

function reportText(report: MemoryMigrationReport, where: MemoryLocation, look: Look): string {
  const { scopes, samples, queries, consistency, sound } = report;
  const hits = queries.length === 0 ? 1 : queries.reduce((sum, one) => sum + one, 0) / queries.length;
  const fields: (readonly [string, string])[] = [
    ["Copied", `${showCount(report.entities)} entities, ${showCount(report.relations)} relations`],
    ["Followed", `${showCount(report.followed)} that were changed meanwhile`],
    ["Counts", `the same in ${scopes.same} of ${scopes.all} scopes`],
    ["Samples", `${samples.same} of ${samples.all} entities are the same`],
    ["Questions", `${Math.round(hits * 100)} % of what they find is the same`],
    ["Consistency", look.style(sound ? "green" : "red", consistency.toFixed(3))],
  ];
  return `${renderFields(fields, look)}\n${nextOf(report, where)}`;
}

function nextOf(
  { from, to, sound, cut_over: isCutOver }: MemoryMigrationReport,
  { configured, backend }: MemoryLocation,
): string {
  if (isCutOver) {
    const otherwise = `set memory.backend = "${to}" in caxton.toml; until then each start says so, and goes by ${to} all the same\n`;
    return [
      `memory is in ${to} from now on\n`,
      configured === to ? "" : otherwise,
      `to go back: caxton memory migrate --to ${from} --cutover\n`,
    ].join("");
  }
  if (sound && backend !== from) return `${backend} stays in use\n`;
  if (sound) return `to switch without downtime: caxton memory migrate --to ${to} --cutover\n`;
  return `the two places differ: ${backend} stays in use; look at the server's log\n`;
}
