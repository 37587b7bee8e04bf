import { Option, type Command } from "commander";
import * as z from "zod";
import { listed, memoryTransfer, operations } from "../../api/contract/index.ts";
import { act, type Context, download, examples, type Invocation } from "../frame/index.ts";
import { countOf, oneLine, progressBar, showBytes, showCount } from "../terminal/index.ts";
import { scopesOption } from "./reference.ts";

const Input = z.object({
  file: z.string().optional(),
  format: z.enum(memoryTransfer.MEMORY_FORMATS).optional(),
  scope: z.array(z.string()).optional(),
  embeddings: z.boolean().default(false),
  history: z.boolean().default(false),
});
type Wanted = z.infer<typeof Input>;

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
  const { terminal } = context;
  const { file } = wanted;
  const format = wanted.format ?? (file?.toLowerCase().endsWith(".json") === true ? "json" : "jsonl");
  const all = await countIn(context, wanted.scope);
  const { bytes, lines } = await download(context, {
    operation: operations.memoryTransfer.export,
    query: {
      format,
      scopes: wanted.scope && listed(wanted.scope),
      embeddings: String(wanted.embeddings),
      history: String(wanted.history),
    },
    file,
    onLines: (done) => terminal.status(progressBar(oneLine(file ?? "memory"), Math.min(done, all), all, showCount)),
  });
  if (file !== undefined) terminal.note(`exported to ${oneLine(file)}: ${countOf(lines, "line")}, ${showBytes(bytes)}`);
}

/** How many entities and relations there are, for the bar. */
async function countIn({ client }: Context, scopes: readonly string[] | undefined): Promise<number> {
  const { value } = await client.call(operations.memory.stats, {});
  return value.scopes
    .filter(({ scope }) => scopes?.includes(scope) ?? true)
    .reduce((sum, { entities, relations }) => sum + entities + relations, 0);
}
