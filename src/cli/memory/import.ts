import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { createInterface } from "node:readline";
import { Readable, Transform } from "node:stream";
import { type Command, Option } from "commander";
import * as z from "zod";
import { type MemoryImportReport, memoryTransfer, operations } from "../../api/contract/index.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import { parseJson } from "../../kernel/json.ts";
import { type FileToSend, fileToSend, ServerProblem } from "../client/index.ts";
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
import { countOf, type Look, oneLine, progressBar, renderFields, showCount } from "../terminal/index.ts";
import { ImportInterruptedError, ImportProblemsError } from "./errors.ts";
import { scopeOption } from "./reference.ts";

const Input = z.object({
  file: z.string(),
  merge: z.enum(memoryTransfer.MEMORY_MERGES),
  scope: z.string().optional(),
  dryRun: z.boolean().default(false),
});
type Wanted = z.infer<typeof Input>;

const SHOWN = 20;

/** `caxton memory import` */
export function importCommand(command: Command, invocation: Invocation): void {
  command
    .summary("import memory from a file")
    .description(
      "Import an export of memory, or the file of the Model Context Protocol reference memory server; the format is detected. Invalid records are reported with their line and skipped. Importing the same file again resumes an interrupted import, without duplicates.",
    )
    .argument("<file>", "export file; - reads standard input")
    .addOption(
      new Option(
        "--merge <how>",
        "action for existing entities: update adds new data, skip leaves them, error ends the import",
      )
        .choices(memoryTransfer.MEMORY_MERGES)
        .default("update"),
    )
    .addOption(scopeOption("import everything into this scope"))
    .option("--dry-run", "show the result without changing anything");
  examples(command, [
    ["caxton memory import memory.jsonl --dry-run", "what would it change?"],
    ["caxton memory import memory.jsonl", ""],
    ["caxton memory import ~/memory.jsonl --scope agent-only:support", "of the reference memory server, for one agent"],
    ["gzip -dc memory.jsonl.gz | caxton memory import - --merge skip", ""],
  ]);
  act(command, invocation, {
    input: Input,
    formats: ONE_FORMATS,
    run: async (context, wanted) => {
      const report = await send(context, wanted);
      context.terminal.status(undefined);
      const human = () => reportText(report, context.terminal);
      await showOne(context, { raw: toJson(report), name: wanted.file, human });
      if (!report.whole) context.terminal.complain("the export was cut off: what comes after its last line is missing");
      if (report.problems > 0) throw new ImportProblemsError(report.problems);
      return undefined;
    },
  });
}

async function send(context: Context, wanted: Wanted): Promise<MemoryImportReport> {
  const { terminal, client } = context;
  const file = wanted.file === "-" ? undefined : await fileToSend(wanted.file);
  const stop = new AbortController();
  using interrupts = new DisposableStack();
  interrupts.use(onInterrupt(() => stop.abort()));
  const state = { sent: 0, records: 0 };
  const show = (): void => {
    const count = `${showCount(state.records)} in memory`;
    terminal.status(
      file === undefined ? `import  ${count}` : `${progressBar(oneLine(file.name), state.sent, file.bytes)}  ${count}`,
    );
  };
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      state.sent += chunk.length;
      show();
      done(null, chunk);
    },
  });
  const source = file === undefined ? terminal.streams.input : createReadStream(file.path);
  const response = await client.open({
    method: "POST",
    path: operations.memoryTransfer.import.http.path,
    query: {
      merge: wanted.merge,
      scope: wanted.scope,
      dry_run: String(wanted.dryRun),
      source: file === undefined ? "standard input" : basename(file.path).slice(0, 256),
      key: file === undefined || wanted.dryRun ? undefined : await hashOf(file),
    },
    headers: { accept: "application/x-ndjson", "content-type": "application/x-ndjson" },
    body: Readable.toWeb(source.pipe(counter)),
    signal: stop.signal,
  });
  try {
    return await follow(response, (records) => {
      state.records = records;
      show();
    });
  } catch (error) {
    if (stop.signal.aborted) throw new InterruptedError();
    throw error instanceof CaxtonError ? error : new ImportInterruptedError(error);
  }
}

/** By which the server knows an import that was broken off. */
async function hashOf({ path }: FileToSend): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest("hex");
}

/** The report with which the answer ends. Throws ServerProblem, ImportInterruptedError. */
async function follow(response: Response, onRecords: (records: number) => void): Promise<MemoryImportReport> {
  const body = Readable.from(response.body ?? []);
  for await (const line of createInterface({ input: body })) {
    const parsed = parseJson(line);
    const event = memoryTransfer.ImportEvent.parse(parsed.type === "parsed" ? parsed.value : undefined);
    if (event.type === "done") return event.report;
    if (event.type === "problem") throw new ServerProblem(event.problem);
    onRecords(event.records);
  }
  throw new ImportInterruptedError(new Error("the answer ended"));
}

const counts = ({ created, changed, unchanged, skipped }: MemoryImportReport["entities"]): string =>
  [
    `${showCount(created)} new`,
    ...(changed === 0 ? [] : [`${showCount(changed)} changed`]),
    ...(unchanged === 0 ? [] : [`${showCount(unchanged)} unchanged`]),
    ...(skipped === 0 ? [] : [`${showCount(skipped)} skipped`]),
  ].join(", ");

function reportText(report: MemoryImportReport, look: Look): string {
  const fields: (readonly [string, string])[] = [
    ["Entities", counts(report.entities)],
    ["Relations", counts(report.relations)],
    ...(report.resumed === 0 ? [] : [["Resumed", `after ${countOf(report.resumed, "record")}`] as const]),
    ...(report.dry_run ? [["Dry run", "nothing was changed"] as const] : []),
  ];
  const shown = report.items.slice(0, SHOWN).map(({ line, message, hint }) => {
    const where = look.style("yellow", `line ${line}`);
    return `${where}: ${oneLine(message)}${hint === "" ? "" : `\n  ${look.style("dim", oneLine(hint))}`}\n`;
  });
  const left = report.problems - shown.length;
  const more = left > 0 ? `and ${showCount(left)} more; all with -o json\n` : "";
  return `${renderFields(fields, look)}${shown.length === 0 ? "" : `\n${shown.join("")}${more}`}`;
}
