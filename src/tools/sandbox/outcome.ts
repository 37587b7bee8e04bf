import { isJsonObject, type Json, type JsonObject, parseJson } from "../../kernel/json.ts";
import {
  type ContentPart,
  failedCall,
  type ToolFailureReason,
  type ToolLimits,
  type ToolResult,
  type ToolUsage,
} from "../catalogue/index.ts";
import { clean } from "./guest-log.ts";
import type { Redaction } from "../../text/redaction/index.ts";
import { isFileName, isMediaType, jsonShape, type Outcome, type ResultMessage } from "./wire/index.ts";

/** Failures for which the tool server is to blame; enough of them and it is quarantined. */
export const VIOLATIONS: ReadonlySet<ToolFailureReason> = new Set([
  "fuel",
  "deadline",
  "memory",
  "trap",
  "bad-output",
  "crashed",
]);

const DETAIL_CHARS_MAX = 400;
const MIB = 1024 * 1024;

const number = (value: number): string => value.toLocaleString("en-US");
export const seconds = (ms: number): string => (ms < 1_000 ? `${ms} ms` : `${number(ms / 1_000)} s`);

const raise = (key: string): string => `or raise ${key} under [limits] in its tool.toml.`;
const raiseOfAgent = (key: string): string => `or raise ${key} under [security] in the definition of the agent.`;

/** The limits of one call. Its agent may have lowered them. */
export type CallLimits = ToolLimits & { readonly isDeadlineOfAgent?: boolean; readonly isMemoryOfAgent?: boolean };

/** What a failure is called when its result is shown: what happened, and which line of which file changes it. */
export function explain(reason: Outcome | "crashed", tool: string, limits: CallLimits, said: string): string {
  const detail = clean(said).slice(0, DETAIL_CHARS_MAX);
  const more = detail === "" ? "" : ` It said: ${detail}`;
  switch (reason) {
    case "text":
    case "content":
    case "tool-error":
      return detail;
    case "fuel":
      return `${tool} used all ${number(limits.fuelPerCall)} fuel of a call and was stopped. Ask it for less at a time, ${raise("fuel_per_call")}`;
    case "deadline":
      return `${tool} did not finish within ${seconds(limits.deadlineMs)} and was stopped. Ask it for less at a time, ${limits.isDeadlineOfAgent === true ? raiseOfAgent("max_processing_time") : raise("deadline")}`;
    case "memory":
      return `${tool} needed more than its ${number(limits.memoryBytesMax / MIB)} MiB of memory and was stopped. Give it less data at a time, ${limits.isMemoryOfAgent === true ? raiseOfAgent("max_memory_usage") : raise("memory_mib")}${more}`;
    case "trap":
      return `${tool} failed inside: ${detail === "" ? "it trapped" : detail}. This is a fault of the tool; other arguments may work.`;
    case "bad-output":
      return `${tool} broke the protocol: ${detail}. This is a fault of the tool${detail.includes("larger than") ? `; ask it for less at a time, ${raise("result_bytes")}` : "."}`;
    case "crashed":
      return `${tool} brought its sandbox process down${detail === "" ? "" : ` (${detail})`}. This is a fault of the tool, or of its module's size; other arguments may work.`;
    case "cancelled":
      return `the call of ${tool} was cancelled`;
  }
}

/** A call that no child has heard of yet; the tool is not to blame. */
export const notStarted = (tool: string): ToolResult =>
  failedCall(
    "overloaded",
    `${tool} did not begin within its deadline, because no sandbox process was ready for it. Try again; when it stays so, the server's log says why processes end or do not start.`,
  );

/** A call that ran out of its time because of another. */
export const starved = (tool: string): ToolResult =>
  failedCall(
    "overloaded",
    `${tool} did not begin within its deadline, because another tool kept the sandbox busy. Try again, or raise sandbox.processes in caxton.toml.`,
  );

/** A call that had changed something when its child had to be killed because of another. */
export const killedAsCollateral = (tool: string, usage: ToolUsage): ToolResult =>
  failedCall(
    "crashed",
    `${tool} was interrupted when its sandbox process was ended because of another tool. It had already changed something, so it was not called again; look at what it did, then call it again.`,
    usage,
  );

/** A call whose tool server's module could not be read. */
export const notLoaded = (tool: string, reason: string): ToolResult =>
  failedCall(
    "unavailable",
    `${tool} cannot be called now: its module could not be loaded: ${reason}. The next call tries again.`,
  );

/** Whose result it is: the tool's name, its limits, and what may not be in it. */
export type ResultContext = {
  readonly tool: () => string;
  readonly limits: CallLimits;
  readonly redaction: Redaction | undefined;
};

/** Turns what a child says into a result. The child is not trusted: what is not as it should be becomes "bad-output". */
export function resultOf(message: ResultMessage, context: ResultContext, usage: ToolUsage): ToolResult {
  try {
    return read(message, context, usage);
  } catch (error) {
    // Whatever it is, it is an answer that made it so, and the server has other calls to care for.
    const said = `its answer could not be formatted (${String(error)})`;
    return failedCall("bad-output", explain("bad-output", context.tool(), context.limits, said), usage);
  }
}

function read(message: ResultMessage, { tool, limits, redaction }: ResultContext, usage: ToolUsage): ToolResult {
  const { outcome } = message;
  // Of content it is each string that is looked at, since JSON can write a text in several ways.
  const body = outcome === "content" ? message.body : (redaction?.text(message.body) ?? message.body);
  if (outcome === "text") {
    return { type: "done", content: [{ type: "text", text: body }], structured: undefined, usage };
  }
  if (outcome === "tool-error") return failedCall("tool-error", body, usage);
  if (outcome !== "content") {
    return failedCall(outcome, explain(outcome, tool(), limits, body), usage);
  }
  const answer = readContent(body);
  if (answer !== undefined) return { type: "done", ...(redaction ? redacted(answer, redaction) : answer), usage };
  return failedCall("bad-output", explain("bad-output", tool(), limits, "its answer could not be read"), usage);
}

type Content = { readonly content: readonly ContentPart[]; readonly structured: Json | undefined };

const redacted = ({ content, structured }: Content, redaction: Redaction): Content => ({
  content: content.map((part) => {
    if (part.type === "bytes") return part;
    const text = redaction.text(part.text);
    if (part.type === "text") return { ...part, text };
    return { ...part, text, name: redaction.text(part.name), mediaType: redaction.text(part.mediaType) };
  }),
  structured: structured === undefined ? undefined : redaction.json(structured),
});

function readContent(body: string): Content | undefined {
  if (jsonShape(Buffer.from(body)).type !== "fits") return undefined;
  const parsed = parseJson(body);
  if (parsed.type === "malformed" || !isJsonObject(parsed.value)) return undefined;
  const { content, structured } = parsed.value;
  if (!Array.isArray(content)) return undefined;
  const parts = content.map(readPart);
  if (!parts.every((part) => part !== undefined)) return undefined;
  return { content: parts, structured };
}

function readPart(value: Json): ContentPart | undefined {
  if (!isJsonObject(value)) return undefined;
  const { type, text, name, mediaType }: JsonObject = value;
  if (typeof text !== "string") return undefined;
  if (type === "text") return { type, text };
  if (type !== "file" || typeof name !== "string" || typeof mediaType !== "string") return undefined;
  // They become part of headers and of names on disk.
  if (!isFileName(name) || !isMediaType(mediaType)) return undefined;
  return { type, name, mediaType, text };
}
