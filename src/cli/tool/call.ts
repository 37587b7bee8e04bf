import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import type { Command } from "commander";
import * as z from "zod";
import { operations, type ToolCallOutcome } from "../../api/contract/index.ts";
import { isJsonObject, type Json, type JsonObject, parseJson } from "../../kernel/json.ts";
import { fileToSend, unreadable } from "../client/index.ts";
import {
  act,
  type Context,
  examples,
  FileExistsError,
  type Invocation,
  listOption,
  commandPath,
  sendFiles,
  showOne,
  UsageError,
} from "../frame/index.ts";
import { printObservation } from "./observation.ts";
import { oneLine, safeText, showBytes, showCount, showSpan } from "../terminal/index.ts";

const EXIT_FAILED = 1;
const CALL_MS_MAX = 600_000;

/** Input of the commands that call a tool. */
export const ToolCall = z.object({
  tool: z.string(),
  values: z.array(z.string()).default([]),
  args: z.string().default("{}"),
  file: z.array(z.string()).default([]),
});

/** Declares the arguments and options of `ToolCall`. */
export const takesToolCall = (command: Command): Command =>
  command
    .argument("<tool>", "server.tool; list tools with: caxton tool list")
    .argument("[values...]", "arguments as key=value; values are parsed as JSON unless the tool expects text")
    .option("-a, --args <json>", "arguments as a JSON object; @file reads them from a file, - from standard input")
    .addOption(listOption("-f, --file <path>", "file that the tool may read, as uploads/<name>; may be repeated"));

const Input = ToolCall.extend({ save: z.string().optional(), observe: z.boolean().default(false) });

/** `caxton tool call` */
export function toolCall(command: Command, invocation: Invocation): void {
  takesToolCall(command)
    .summary("call a tool")
    .description(
      "Call one tool outside a run, in the same sandbox and with the same grants. Its text goes to standard output. Exits with 1 if the call fails.",
    )
    .option("--save <directory>", "directory to save the returned files in")
    .option("--observe", "print the grants it used and was refused, and the minimum grants it needs");
  examples(command, [
    ["caxton tool call calculator.evaluate expression='2 * (3 + 4)'", ""],
    [`caxton tool call csv_parser.describe -f sales.csv -a '{"path": "uploads/sales.csv"}'`, ""],
    ["caxton tool call chart_generator.bar_chart -a @chart.json --save out", "save the returned image"],
    ["caxton tool get csv_parser.describe", "what a tool takes"],
  ]);
  act(command, invocation, {
    input: Input,
    formats: ["text", "json", "yaml"],
    run: async (context, input) => {
      const value = await callTool(context, input, commandPath(command), input.observe ? "report" : undefined);
      if (context.format === "text") {
        printResult(context, value, input.save);
        printObservation(context.terminal, value.observed, input.tool);
      }
      if (input.save !== undefined) await save(context, value, input.save);
      return value.outcome === "done" ? 0 : EXIT_FAILED;
    },
  });
}

/** Calls a tool with uploaded files and prints the answer unless the format is text. Throws UsageError. */
export async function callTool(
  context: Context,
  input: z.infer<typeof ToolCall>,
  command: string,
  observe: "report" | "permit" | undefined,
): Promise<ToolCallOutcome> {
  const [server = "", ...rest] = input.tool.split(".");
  if (server === "" || rest.length === 0)
    throw new UsageError(`"${input.tool}" names no tool; it is called server.tool`, command);
  const target = { server, tool: rest.join(".") };
  const given = await argumentsOf(context, input, { ...target, command });
  const files = await Promise.all(input.file.map(fileToSend));
  const uploads = await sendFiles(context, files, new AbortController().signal);
  context.terminal.status(input.tool);
  const { raw, value } = await context.client.call(
    operations.tool.call,
    { ...target, arguments: given, uploads, observe },
    { timeoutMs: context.timeoutMs ?? CALL_MS_MAX },
  );
  context.terminal.status(undefined);
  await showOne(context, { raw, name: value.outcome, human: () => "" });
  return value;
}

export function printResult(
  { terminal }: Context,
  { outcome, text, files, ...used }: ToolCallOutcome,
  directory: string | undefined,
): void {
  if (outcome === "done") {
    const embedded = files.flatMap((file) => (file.uri !== null && file.base64 === null ? file.text : []));
    for (const each of [text, ...embedded])
      terminal.writeForeign(each === "" || each.endsWith("\n") ? each : `${each}\n`);
  } else {
    const code = `[${outcome.toUpperCase().replaceAll("-", "_")}]`;
    terminal.complain(`${terminal.noteStyle("red", "error:")} ${safeText(text)}  ${terminal.noteStyle("dim", code)}`);
  }
  for (const file of directory === undefined ? files : []) {
    terminal.note(`  ${oneLine(file.name)}  ${showBytes(contentOf(file).length)}  keep it with --save <directory>`);
  }
  // A remote server's are not known, and nothing is used by a call that was not made.
  const spent = used.fuel > 0 ? ` · ${showCount(used.fuel)} fuel · ${showBytes(used.memory_bytes)} memory` : "";
  terminal.note(terminal.noteStyle("dim", `─ ${outcome} in ${showSpan(used.duration_ms)}${spent}`));
}

const contentOf = ({ text, base64 }: ToolCallOutcome["files"][number]): Buffer =>
  base64 === null ? Buffer.from(text) : Buffer.from(base64, "base64");

async function save({ terminal }: Context, { files }: ToolCallOutcome, directory: string): Promise<void> {
  // Only the last part of a name: a tool does not choose where on this machine its files go.
  const targets = files.map((file) => ({ path: join(directory, basename(file.name)), content: contentOf(file) }));
  const existing = targets.filter(({ path }) => existsSync(path)).map(({ path }) => path);
  if (existing.length > 0)
    throw new FileExistsError(existing, "choose another directory for --save, or move them away");
  await mkdir(directory, { recursive: true });
  for (const { path, content } of targets) {
    await writeFile(path, content);
    terminal.note(`  wrote ${path}`);
  }
}

async function argumentsFrom({ terminal }: Context, given: string, command: string): Promise<JsonObject> {
  const source = given.startsWith("@") ? await fileText(given.slice(1)) : given;
  const parsed = parseJson(source === "-" ? await textOf(terminal.streams.input) : source);
  if (parsed.type === "malformed") throw new UsageError(`--args is not JSON: ${parsed.reason}`, command);
  if (isJsonObject(parsed.value)) return parsed.value;
  throw new UsageError(`--args must be a JSON object, such as '{"text": "hello"}'`, command);
}

type Target = { readonly server: string; readonly tool: string; readonly command: string };

/** Arguments of `--args` and those given as `key=value`, which go before. Throws UsageError, and what asking for the tool throws. */
async function argumentsOf(
  context: Context,
  { args, values }: { readonly args: string; readonly values: readonly string[] },
  { server, tool, command }: Target,
): Promise<JsonObject> {
  const given = await argumentsFrom(context, args, command);
  const pairs = values.map((text): readonly [string, string] => {
    const at = text.indexOf("=");
    if (text.startsWith("{")) throw new UsageError("a JSON object of arguments goes after --args", command);
    if (at < 1) throw new UsageError(`"${text}" is no argument; write it as key=value`, command);
    return [text.slice(0, at), text.slice(at + 1)];
  });
  if (pairs.length === 0) return given;
  const { value } = await context.client.call(operations.toolServer.get, { name: server });
  const schema = value.tools.find(({ name }) => name === tool)?.input_schema;
  return { ...given, ...Object.fromEntries(pairs.map(([key, text]) => [key, valueOf(text, isText(schema, key))])) };
}

/** JSON, or else a text; what has to be a text is one, also when it looks like JSON. */
function valueOf(text: string, isTextWanted: boolean): Json {
  const parsed = parseJson(text);
  return parsed.type === "parsed" && !(isTextWanted && typeof parsed.value !== "string") ? parsed.value : text;
}

const Properties = z.object({ properties: z.record(z.string(), z.looseObject({ type: z.json().optional() })) });
const isText = (schema: unknown, key: string): boolean =>
  Properties.safeParse(schema).data?.properties[key]?.type === "string";

const fileText = (path: string): Promise<string> =>
  readFile(path, "utf8").catch((error: unknown) => {
    throw unreadable(path, error);
  });
