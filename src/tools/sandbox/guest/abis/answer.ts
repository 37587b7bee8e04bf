import { JSON_DEPTH_MAX, JSON_NODES_MAX, jsonShape } from "../../wire/index.ts";
import type { GuestAnswer, GuestHost } from "./abi.ts";
import { isFields, McpShapeError, readCallResult } from "./mcp.ts";

/** What guests answer, as bytes that nothing is known of. */
const QUOTE_CHARS = 120;

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Text of a guest; ends it when the bytes are not UTF-8. */
export function readText(host: GuestHost, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw host.end("bad-output", "it wrote bytes that are not UTF-8");
  }
}

/** JSON of a guest, no deeper and no larger than is allowed; ends it otherwise. `what` is "its answer", "a line". */
export function readJson(host: GuestHost, bytes: Buffer, what: string): unknown {
  const shape = jsonShape(bytes);
  if (shape.type === "too-deep") {
    throw host.end("bad-output", `its answer is nested deeper than ${JSON_DEPTH_MAX} levels`);
  }
  if (shape.type === "too-many") throw host.end("bad-output", `its answer has more than ${JSON_NODES_MAX} values`);
  const text = shape.isAscii ? bytes.toString("latin1") : readText(host, bytes);
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw host.end("bad-output", `it wrote ${what} that is not JSON: ${JSON.stringify(text.slice(0, QUOTE_CHARS))}`);
  }
}

/** Does what reads an answer's shape; a shape that is wrong ends the guest. */
export function shaped<Value>(host: GuestHost, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof McpShapeError) throw host.end("bad-output", error.message);
    throw error;
  }
}

const RESULT_KEYS = ["content", "structuredContent", "isError"];

/** Any JSON value as an answer: an MCP result is taken as that, a text as itself, everything else as JSON. */
export function answerOf(host: GuestHost, value: unknown): GuestAnswer {
  if (typeof value === "string")
    return { type: "done", content: [{ type: "text", text: value }], structured: undefined };
  if (isFields(value) && RESULT_KEYS.some((key) => Object.hasOwn(value, key))) {
    return shaped(host, () => readCallResult(value));
  }
  const text = JSON.stringify(value) ?? "";
  return { type: "done", content: [{ type: "text", text }], structured: isFields(value) ? value : undefined };
}
