import { host } from "./host.ts";
import { inspect } from "./describe.ts";
import { type Shape, shapeOf } from "./schema.ts";

type Run = (values: unknown, context: Context) => unknown;

type Definition = {
  readonly title?: string;
  readonly description: string;
  readonly input?: unknown;
  readonly output?: unknown;
  readonly readOnly?: boolean;
  readonly idempotent?: boolean;
  readonly destructive?: boolean;
  readonly openWorld?: boolean;
  readonly run: Run;
};

type ServerDefinition = {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly tools: Readonly<Record<string, Definition>>;
};

export type Tool = {
  readonly name: string;
  readonly input: Shape;
  readonly output: Shape | undefined;
  readonly run: Run;
};
export type Server = {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly tools: ReadonlyMap<string, Tool>;
  /** As tools/list answers them. */
  readonly listed: readonly object[];
};

/** The tool says no: its message is what the model reads, without a stack. */
export class ToolError extends Error {
  override readonly name = "ToolError";
}

const made = new WeakSet<object>();

/** Marks a definition as what the module gives; it is read when the module has been evaluated. */
export function toolServer(definition: ServerDefinition): ServerDefinition {
  made.add(definition);
  return definition;
}

/** A file for the run that called: a part of what `run` returns. */
export const file = (name: string, mediaType: string, text: string): object => ({
  type: "resource",
  resource: { uri: `file:///${encodeURIComponent(name)}`, mimeType: mediaType, text },
});

const NO_ARGUMENTS = { type: "object", properties: {}, additionalProperties: false };
const TOOL_NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/** Reads the author's default export. Throws TypeError. */
export function readServer(definition: unknown): Server {
  if (!isDefinition(definition)) {
    throw new TypeError(
      `the module has to export what toolServer makes: export default toolServer({ name: "…", version: "1.0.0", tools: { … } })`,
    );
  }
  const { name, version, description = "", tools } = definition;
  if (typeof name !== "string" || typeof version !== "string")
    throw new TypeError("toolServer needs a name and a version");
  const entries = Object.entries(tools ?? {});
  if (entries.length === 0) throw new TypeError("toolServer needs at least one tool under `tools`");
  const read = entries.map(([toolName, tool]) => readTool(toolName, tool));
  return {
    name,
    version,
    description,
    tools: new Map(read.map(({ tool }) => [tool.name, tool])),
    listed: read.map(({ listed }) => listed),
  };
}

const isDefinition = (value: unknown): value is ServerDefinition =>
  typeof value === "object" && value !== null && made.has(value);

function readTool(name: string, definition: Definition): { tool: Tool; listed: object } {
  if (!TOOL_NAME.test(name))
    throw new TypeError(`"${name}" cannot be a tool's name: 1 to 64 letters, digits, "_", "-" or "."`);
  const { title, description, run, readOnly, idempotent, destructive, openWorld } = definition;
  if (typeof run !== "function") throw new TypeError(`the tool "${name}" has no function "run"`);
  if (typeof description !== "string" || description === "") {
    throw new TypeError(`the tool "${name}" has no description; a model chooses tools by it`);
  }
  const input = shapeOf(definition.input ?? NO_ARGUMENTS, `input of the tool "${name}"`, "input");
  const output =
    definition.output === undefined ? undefined : shapeOf(definition.output, `output of the tool "${name}"`, "output");
  const hints = {
    readOnlyHint: readOnly,
    idempotentHint: idempotent,
    destructiveHint: destructive,
    openWorldHint: openWorld,
  };
  const listed = {
    name,
    title,
    description,
    inputSchema: input.json,
    outputSchema: output?.json,
    annotations: Object.values(hints).some((hint) => hint !== undefined) ? hints : undefined,
  };
  return { tool: { name, input, output, run }, listed };
}

type Level = "debug" | "info" | "notice" | "warning" | "error";

/** What a call is given beside its arguments. */
export type Context = {
  readonly tool: string;
  log(message: unknown, level?: Level): void;
  progress(done: number, total?: number, message?: string): void;
};

/** One object a call, its functions shared: most tools use none of them. */
export class CallContext implements Context {
  readonly tool: string;
  readonly #token: unknown;
  constructor(tool: string, token: unknown) {
    this.tool = tool;
    this.#token = token;
  }
  log(message: unknown, level: Level = "info"): void {
    notify("notifications/message", { level, logger: this.tool, data: inspect(message) });
  }
  progress(done: number, total?: number, message?: string): void {
    const progressToken = this.#token;
    if (typeof progressToken !== "string" && typeof progressToken !== "number") return;
    notify("notifications/progress", { progressToken, progress: done, total, message });
  }
}

const notify = (method: string, params: object): void =>
  host.write(1, `${JSON.stringify({ jsonrpc: "2.0", method, params })}\n`);

const isResult = (value: object): boolean => "content" in value && Array.isArray(value.content);
const isPart = (value: unknown): value is object =>
  typeof value === "object" &&
  value !== null &&
  "type" in value &&
  (value.type === "resource" || value.type === "text");
const isText = (value: unknown): value is string => typeof value === "string";

const textPart = (text: string): string => `{"type":"text","text":${JSON.stringify(text)}}`;

/** The result of a call that failed, as JSON. */
export const failure = (text: string): string => `{"content":[${textPart(text)}],"isError":true}`;

/**
 * The result of a call as JSON, made of what `run` returned: a text as it is; parts, such as files; a whole MCP result; an object as
 * structured content and its JSON; any other value as JSON.
 */
export function resultOf(value: unknown): string {
  if (isText(value)) return `{"content":[${textPart(value)}]}`;
  if (value === undefined || value === null) return `{"content":[]}`;
  if (isPart(value)) return `{"content":[${JSON.stringify(value)}]}`;
  if (Array.isArray(value)) return listResult(value);
  const json = JSON.stringify(value);
  if (json === undefined) throw new TypeError(`run returned a ${typeof value}, which has no JSON`);
  if (typeof value !== "object") return `{"content":[${textPart(json)}]}`;
  return isResult(value) ? json : `{"content":[${textPart(json)}],"structuredContent":${json}}`;
}

function listResult(values: readonly unknown[]): string {
  if (!values.some(isPart) || !values.every((value) => isPart(value) || isText(value))) {
    return `{"content":[${textPart(JSON.stringify(values))}]}`;
  }
  return `{"content":[${values.map((value) => (isText(value) ? textPart(value) : JSON.stringify(value))).join(",")}]}`;
}
