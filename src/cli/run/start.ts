import { readFile } from "node:fs/promises";
import { text as textOf } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { Option } from "commander";
import { operations, DOCUMENTS, SideEffects, type StartRunBody, system } from "../../api/contract/index.ts";
import { isJsonObject, type JsonObject, parseJson } from "../../kernel/json.ts";
import { type FileToSend, fileToSend, ServerProblem, unreadable } from "../client/index.ts";
import { type Context, onInterrupt, sendFiles, showOne, UsageError } from "../frame/index.ts";
import { cancelRun, EXIT_INTERRUPTED, followRun } from "./follow.ts";

export type RunRequest = {
  readonly agent: string;
  readonly prompt: readonly string[];
  readonly var: readonly string[];
  readonly file: readonly string[];
  readonly model?: string | undefined;
  readonly onModelFailure?: StartRunBody["on_model_failure"];
  /** A file. */
  readonly outputSchema?: string | undefined;
  readonly sideEffects?: SideEffects | undefined;
  readonly tag: readonly string[];
  readonly stream: boolean;
  readonly detach: boolean;
  readonly idempotencyKey?: string | undefined;
};

export const sideEffectsOption = (): Option =>
  new Option(
    "--side-effects <what>",
    "calls of tools with side effects: as the agent's permissions say, each with an approval, or none",
  ).choices(SideEffects.options);

const READY_MS_MAX = 60_000;
const READY_PAUSE_MS = 200;

/** Starts a run and, unless detached, follows it to its end. Returns the exit code. */
export async function startRun(context: Context, request: RunRequest): Promise<number> {
  if (request.idempotencyKey !== undefined && request.file.length > 0)
    throw new UsageError(
      "--idempotency-key and --file cannot be combined: files are uploaded again by each request",
      "caxton run",
    );
  const variables = variablesOf(request.var);
  const input = await promptOf(context, request.prompt);
  const files = await Promise.all(request.file.map(fileToSend));
  const outputSchema = request.outputSchema === undefined ? undefined : await schemaOf(request.outputSchema);
  const started = await begin(context, request, { input, variables, files, outputSchema });
  if (started === undefined) return EXIT_INTERRUPTED;
  if (!request.detach) return followRun(context, started.value.id, { stream: request.stream, onInterrupt: "cancel" });
  const { id } = started.value;
  await showOne(context, { raw: started.raw, name: id, human: () => `${id}\n` });
  if (context.format === "text") context.terminal.note(`follow it with: caxton run watch ${id}`);
  return 0;
}

type Given = {
  readonly input: string;
  readonly variables: JsonObject;
  readonly files: readonly FileToSend[];
  readonly outputSchema: JsonObject | undefined;
};

/** Variables written `name=value`; a value that is JSON is read as JSON. Throws UsageError. */
function variablesOf(settings: readonly string[]): JsonObject {
  return Object.fromEntries(
    settings.map((setting) => {
      const [name = "", ...rest] = setting.split("=");
      if (name === "" || rest.length === 0)
        throw new UsageError(
          `--var takes name=value, for example --var context="sales of 2026", not "${setting}"`,
          "caxton run",
        );
      const parsed = parseJson(rest.join("="));
      return [name, parsed.type === "parsed" ? parsed.value : rest.join("=")];
    }),
  );
}

/** The JSON Schema in a file. Throws UnreadableFileError, UsageError. */
async function schemaOf(path: string): Promise<JsonObject> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw unreadable(path, error);
  });
  const parsed = parseJson(text);
  if (parsed.type === "parsed" && isJsonObject(parsed.value)) return parsed.value;
  const reason = parsed.type === "malformed" ? parsed.reason : "it is no object";
  throw new UsageError(`${path} is no JSON Schema: ${reason}`, "caxton run");
}

/** Sends the files and the request; undefined when Ctrl-C came first. */
async function begin(context: Context, request: RunRequest, given: Given) {
  const { terminal, client } = context;
  const stop = new AbortController();
  using cleanup = new DisposableStack();
  cleanup.use(onInterrupt(() => stop.abort()));
  try {
    const uploads = await sendFiles(context, given.files, stop.signal);
    terminal.status("starting");
    const body: StartRunBody = {
      agent: request.agent,
      input: given.input,
      uploads,
      ...(request.tag.length > 0 && { tags: [...request.tag] }),
      ...(Object.keys(given.variables).length > 0 && { variables: given.variables }),
      ...(request.model !== undefined && { model: request.model }),
      ...(request.onModelFailure !== undefined && { on_model_failure: request.onModelFailure }),
      ...(request.sideEffects !== undefined && { side_effects: request.sideEffects }),
      ...(given.outputSchema !== undefined && { output_schema: given.outputSchema }),
      // With --detach or machine-readable output, no user can be asked.
      ...(terminal.canAsk && context.format === "text" && !request.detach && { attended: true }),
    };
    // Not aborted by Ctrl-C: only the response names the run to cancel.
    const started = await onceReady(context, stop.signal, () =>
      client.call(operations.run.start, body, { idempotencyKey: request.idempotencyKey }),
    );
    if (!stop.signal.aborted) return started;
    await cancelRun(context, started.value.id);
    return undefined;
  } catch (error) {
    if (stop.signal.aborted) return undefined;
    throw error;
  } finally {
    terminal.status(undefined);
  }
}

/** Does it again when it failed only because the server has not deployed its agents yet. */
async function onceReady<Value>(context: Context, signal: AbortSignal, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    const mayCome = error instanceof ServerProblem && error.code === "AGENT_NOT_FOUND";
    if (!mayCome || !(await waitUntilReady(context, signal))) throw error;
    return work();
  }
}

/** Whether the server was still starting; if so it has started now, or `READY_MS_MAX` are over. */
async function waitUntilReady({ terminal, client }: Context, signal: AbortSignal): Promise<boolean> {
  const isReady = () =>
    client.request({ path: DOCUMENTS.ready, schema: system.Ready, accepts: [503] }).then(
      ({ value }) => value.status === "ready",
      // Then its first answer stands.
      () => true,
    );
  if (await isReady()) return false;
  terminal.status("the server is still starting");
  const untilMs = performance.now() + READY_MS_MAX;
  while (performance.now() < untilMs && !(await isReady())) await pause(READY_PAUSE_MS, undefined, { signal });
  return true;
}

/** The words of the command line as one text; a lone `-` among them stands for standard input. */
async function promptOf({ terminal }: Context, words: readonly string[]): Promise<string> {
  if (!words.includes("-")) return words.join(" ");
  if (terminal.canAsk) terminal.note("type the request, then Ctrl-D");
  const given = (await textOf(terminal.streams.input)).trimEnd();
  const before = words.slice(0, words.indexOf("-")).join(" ");
  const after = words.slice(words.indexOf("-") + 1).join(" ");
  const prompt = [before, given, after].filter((part) => part !== "").join("\n\n");
  if (prompt === "") throw new UsageError("standard input was empty, so there is no request", "caxton run");
  return prompt;
}
