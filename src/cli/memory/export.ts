import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rename, rm, stat, writeFile } from "node:fs/promises";
import type { Writable } from "node:stream";
import { Option, type Command } from "commander";
import * as z from "zod";
import { listed, memoryTransfer, operations } from "../../api/contract/index.ts";
import { act, type Context, examples, type Invocation, onInterrupt } from "../frame/index.ts";
import { countOf, oneLine, progressBar, showBytes, showCount } from "../terminal/index.ts";
import { unwritable } from "../client/index.ts";
import { ExportInterruptedError } from "./errors.ts";
import { scopesOption } from "./reference.ts";

const Input = z.object({
  file: z.string().optional(),
  format: z.enum(memoryTransfer.MEMORY_FORMATS).optional(),
  scope: z.array(z.string()).optional(),
  embeddings: z.boolean().default(false),
  history: z.boolean().default(false),
});
type Wanted = z.infer<typeof Input>;

const LINE_FEED = 10;

/** `caxton memory export` */
export function exportCommand(command: Command, invocation: Invocation): void {
  command
    .summary("export memory to a file")
    .description(
      "Export memory as JSON, as JSON lines, or in the format of the Model Context Protocol reference memory server. caxton memory import reads it, on any server and backend. The file is written completely or not at all. Default: standard output.",
    )
    .argument("[file]", "target file; its extension selects the format: .json or .jsonl")
    .addOption(
      new Option("--format <format>", "json, jsonl, or mcp for the reference memory server (one scope)").choices(
        memoryTransfer.MEMORY_FORMATS,
      ),
    )
    .addOption(scopesOption("scope to export; default: all scopes, workspace for mcp"))
    .option("--history", "include retracted facts and every change")
    .option("--embeddings", "include the vectors, so that the import need not compute them");
  examples(command, [
    ["caxton memory export memory.jsonl", "everything, a line for each thing"],
    ["caxton memory export memory.json --history", "with all that ever was said"],
    ["caxton memory export memory.jsonl --format mcp", "for the reference memory server"],
    ["caxton memory export --format jsonl --scope global | gzip > global.jsonl.gz", ""],
  ]);
  act(command, invocation, { input: Input, formats: ["text"], run: exportTo });
}

async function exportTo(context: Context, wanted: Wanted): Promise<void> {
  const { terminal, client } = context;
  const { file } = wanted;
  // Before the server is asked for what could then not be kept.
  const part = file === undefined ? undefined : `${file}.part`;
  if (file !== undefined && part !== undefined) await tryToWrite(file, part);
  const format = wanted.format ?? (file?.toLowerCase().endsWith(".json") === true ? "json" : "jsonl");
  const all = await countIn(context, wanted.scope);
  const stop = new AbortController();
  using interrupts = new DisposableStack();
  interrupts.use(onInterrupt(() => stop.abort()));
  const response = await client.open({
    method: "GET",
    path: operations.memoryTransfer.export.http.path,
    query: {
      format,
      scopes: wanted.scope && listed(wanted.scope),
      embeddings: String(wanted.embeddings),
      history: String(wanted.history),
    },
    headers: { accept: "*/*" },
    signal: stop.signal,
  });
  const output = part === undefined ? terminal.streams.output : createWriteStream(part);
  try {
    const { bytes, lines } = await copy(response, output, (done) =>
      terminal.status(progressBar(oneLine(file ?? "memory"), Math.min(done, all), all, showCount)),
    );
    terminal.status(undefined);
    if (part === undefined || file === undefined) return;
    output.end();
    await once(output, "close");
    await rename(part, file);
    terminal.note(`exported to ${oneLine(file)}: ${countOf(lines, "line")}, ${showBytes(bytes)}`);
  } catch (error) {
    if (part !== undefined) {
      output.destroy();
      await rm(part, { force: true });
    }
    if (stop.signal.aborted) throw error;
    throw unwritable(file ?? "standard output", error) ?? new ExportInterruptedError(error);
  }
}

/** Throws UnwritableFileError. */
async function tryToWrite(file: string, part: string): Promise<void> {
  try {
    await writeFile(part, "");
    await rm(part);
    // A directory alone cannot be written to and yet stand there.
    if ((await stat(file).catch(() => undefined))?.isDirectory() === true) await writeFile(file, "", { flag: "a" });
  } catch (error) {
    throw unwritable(file, error) ?? error;
  }
}

/** How many entities and relations there are, for the bar. */
async function countIn({ client }: Context, scopes: readonly string[] | undefined): Promise<number> {
  const { value } = await client.call(operations.memory.stats, {});
  return value.scopes
    .filter(({ scope }) => scopes?.includes(scope) ?? true)
    .reduce((sum, { entities, relations }) => sum + entities + relations, 0);
}

async function copy(
  response: Response,
  output: Writable,
  onLines: (lines: number) => void,
): Promise<{ readonly bytes: number; readonly lines: number }> {
  let bytes = 0;
  let lines = 0;
  const failed = Promise.withResolvers<never>();
  // It is not awaited unless a write fails.
  failed.promise.catch(() => undefined);
  output.once("error", failed.reject);
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    for (const byte of piece) if (byte === LINE_FEED) lines += 1;
    if (!output.write(piece)) await Promise.race([once(output, "drain"), failed.promise]);
    onLines(lines);
  }
  return { bytes, lines };
}
