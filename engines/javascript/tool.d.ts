/** What a tool in TypeScript or JavaScript is written with. Reference: docs/guides/writing-tools.md */

/** A JSON Schema as a literal; the types of arguments are inferred from it. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** A schema of zod (4.2 or later), valibot, arktype, or of any library of https://standardschema.dev that gives JSON Schema. */
export type StandardSchema<Input = unknown, Output = Input> = {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => unknown;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
};

/** The type of the values that a schema describes. */
export type ValueOf<Schema> =
  Schema extends StandardSchema<unknown, infer Output>
    ? Output
    : Schema extends { readonly const: infer Value }
      ? Value
      : Schema extends { readonly enum: readonly (infer Value)[] }
        ? Value
        : Schema extends { readonly anyOf: readonly (infer Option)[] } | { readonly oneOf: readonly (infer Option)[] }
          ? ValueOfEach<Option>
          : Schema extends { readonly type: readonly (infer Type)[] }
            ? Type extends unknown
              ? ValueOfType<Type, Schema>
              : never
            : Schema extends { readonly type: infer Type }
              ? ValueOfType<Type, Schema>
              : unknown;

type ValueOfEach<Schema> = Schema extends unknown ? ValueOf<Schema> : never;

type ValueOfType<Type, Schema> = Type extends "string"
  ? string
  : Type extends "number" | "integer"
    ? number
    : Type extends "boolean"
      ? boolean
      : Type extends "null"
        ? null
        : Type extends "array"
          ? Schema extends { readonly items: infer Items }
            ? readonly ValueOf<Items>[]
            : readonly unknown[]
          : Type extends "object"
            ? ObjectOf<Schema>
            : unknown;

type ObjectOf<Schema> = Schema extends { readonly properties: infer Properties }
  ? Flat<
      { readonly [Name in Extract<keyof Properties, Always<Schema, Properties>>]: ValueOf<Properties[Name]> } & {
        readonly [Name in Exclude<keyof Properties, Always<Schema, Properties>>]?: ValueOf<Properties[Name]>;
      }
    >
  : Schema extends { readonly additionalProperties: infer Rest extends JsonSchema }
    ? { readonly [name: string]: ValueOf<Rest> }
    : { readonly [name: string]: unknown };

/** Required, or given by the server when absent because it has a default. */
type Always<Schema, Properties> = Schema extends { readonly required: readonly (infer Name)[] }
  ? Name & keyof Properties
  : never;

type Flat<Value> = { [Key in keyof Value]: Value[Key] };

export type LogLevel = "debug" | "info" | "notice" | "warning" | "error";

/** What `run` is given beside its arguments. */
export type ToolContext = {
  /** The name by which the tool was called. */
  readonly tool: string;
  /** A line in the server's log: `caxton tool logs <server>`. */
  log(message: unknown, level?: LogLevel): void;
  /** How far the call is, for callers that asked to know: 3 of 10. */
  progress(done: number, total?: number, message?: string): void;
};

/** A piece of an answer. A file becomes an artifact of the run. */
export type ContentPart =
  | { readonly type: "text"; readonly text: string }
  | {
      readonly type: "resource";
      readonly resource: { readonly uri: string; readonly mimeType: string; readonly text: string };
    };

/** An MCP result, for full control. */
export type ToolResult = {
  readonly content: readonly ContentPart[];
  readonly structuredContent?: object;
  readonly isError?: boolean;
};

/** One thing a model may call. */
export type ToolDefinition<Input> = {
  readonly title?: string;
  /** What it does and when to use it: the model chooses by this. */
  readonly description: string;
  /** The arguments, an object; absent for a tool without any. */
  readonly input?: Input;
  /** What `run` returns, an object; checked before the caller gets it. */
  readonly output?: JsonSchema | StandardSchema;
  /** It changes nothing outside. */
  readonly readOnly?: boolean;
  /** A second call with the same arguments changes nothing more. */
  readonly idempotent?: boolean;
  /** It may destroy what was there. */
  readonly destructive?: boolean;
  /** It speaks to the world outside, such as the web. */
  readonly openWorld?: boolean;
  /**
   * Does the work. Returns a text; an object, which is passed on as structured content; any other JSON value; parts made by `file`; or
   * a whole result. May be async.
   */
  run(values: ValueOf<Input>, context: ToolContext): unknown;
};

/** Makes the compiler keep "a" as "a" and not as a string. */
type Literal = string | number | boolean | null | undefined | readonly Literal[] | { readonly [key: string]: Literal };

export type ToolServerDefinition<Inputs> = {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly tools: { readonly [Name in keyof Inputs]: ToolDefinition<Inputs[Name]> };
};

/** Makes a tool server of its tools: `export default toolServer({ … })`. */
export function toolServer<const Inputs extends { readonly [name: string]: Literal | {} }>(
  definition: ToolServerDefinition<Inputs>,
): ToolServerDefinition<Inputs>;

/** Thrown by `run`: the tool says no, and its message is all that the model reads. */
export class ToolError extends Error {}

/** The server refused a request or could not do it; `code` says which. */
export class HostError extends Error {
  readonly code: string;
}

/** A file could not be used; `code` is as in POSIX: ENOENT, EACCES, EROFS … */
export class FileError extends Error {
  readonly code: string;
  readonly path: string;
}

/** A text file for the run that called, as a part of what `run` returns. */
export function file(name: string, mediaType: string, text: string): ContentPart;

/** Files under the paths of `[[grants.files]]`; `uploads/<name>` is a file attached to the calling run. They throw FileError. */
export function readFile(path: string): Promise<Uint8Array<ArrayBuffer>>;
export function readTextFile(path: string): Promise<string>;
export function writeFile(
  path: string,
  data: string | ArrayBuffer | ArrayBufferView,
  options?: { readonly append?: boolean },
): Promise<void>;
export function removeFile(path: string): Promise<void>;
export function listDirectory(
  path?: string,
): Promise<{ readonly name: string; readonly kind: "file" | "directory" | "other" }[]>;

/** What the tool keeps from call to call, with the grant `state`. They throw HostError. */
export const state: {
  /** The value, as JSON held it; undefined when there is none. */
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
  getBytes(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  setBytes(key: string, value: ArrayBuffer | ArrayBufferView): Promise<void>;
  /** Whether there was one. */
  delete(key: string): Promise<boolean>;
  /** Keys in order, at most `limit` (100); `next` is the cursor of the following page. */
  list(options?: { readonly prefix?: string; readonly limit?: number; readonly cursor?: string }): Promise<{
    readonly keys: readonly { readonly key: string; readonly bytes: number; readonly updatedAt: string }[];
    readonly next?: string;
  }>;
};

/** A message to agents. Exactly one of `receiver`, `capability`, `topic` and `broadcast` says whom it is for. */
export type OutgoingMessage = {
  /** What is done by saying it: "inform" (the default), "request", "query-ref" … */
  readonly performative?: string;
  /** The name of an agent, or several. */
  readonly receiver?: string | readonly string[];
  /** An agent that provides it. */
  readonly capability?: string;
  /** All subscribers of the topic. */
  readonly topic?: string;
  /** Every agent of the workspace. */
  readonly broadcast?: true;
  /** Text, or anything JSON can hold. */
  readonly content: unknown;
  /** A conversation that it belongs to; without it a new one. */
  readonly conversationId?: string;
  /** As in "fipa-request": then the conversation is checked. */
  readonly protocol?: string;
  readonly ontology?: string;
  readonly language?: string;
  readonly priority?: "low" | "normal" | "high" | "critical";
  /** Until when an answer is wanted, as in "2026-11-21T10:00:00Z". */
  readonly replyBy?: string;
  readonly replyWith?: string;
};

/**
 * Sends a message in the name of the agent whose run made the call, as far as `[[grants.messages]]` allows. It is on disk
 * then; answers go to the agent, not to the tool. Throws HostError.
 */
export function sendMessage(message: OutgoingMessage): Promise<{
  readonly id: string;
  readonly conversationId: string;
  readonly recipients: readonly string[];
}>;

/** Scopes of memory: the workspace, the calling agent, the run's conversation, or shared by all. */
export type MemoryScope = "workspace" | "agent-only" | "conversation" | "global";

/** An entity of memory. */
export type MemoryHit = {
  readonly name: string;
  readonly type: string;
  readonly scope: MemoryScope;
  /** What is known and holds now. */
  readonly observations: readonly string[];
  /** How well it fits: the more the better, to be compared within one answer; the best comes first. */
  readonly score: number;
};

/**
 * Searches what is remembered, as far as `[[grants.memory]]` allows, in words or by meaning. Whose memory a scope is follows from the
 * call: a tool cannot name another agent, conversation or workspace. Without `scopes` all that a grant allows; more hits than
 * are granted are not given. `cut` says that the answer was too long to be given whole, `notices` what the search had to do
 * without. Throws HostError.
 */
export function searchMemory(
  query: string,
  options?: { readonly scopes?: readonly MemoryScope[]; readonly limit?: number },
): Promise<{ readonly hits: readonly MemoryHit[]; readonly notices: readonly string[]; readonly cut: boolean }>;
