import { FILE_NAME_CHARS_MAX, type GuestTool, isMediaType } from "../../wire/index.ts";
import type { GuestAnswer, GuestContent } from "./abi.ts";

/** What MCP results look like once they have been parsed: nothing of their shape is taken for granted. */
export const MCP_VERSION = "2025-06-18";

/** An answer that is JSON, but not the JSON that MCP prescribes; the message says what is wrong with it. */
export class McpShapeError extends Error {
  override readonly name = "McpShapeError";
}

type Fields = { readonly [key: string]: unknown };

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

const TOOL_NAME = /^[A-Za-z0-9_.-]{1,64}$/;
export const isToolName = (name: string): boolean => TOOL_NAME.test(name);
const TITLE_CHARS_MAX = 200;
const DESCRIPTION_CHARS_MAX = 16_384;
const PARTS_MAX = 1_000;

const text = (value: unknown, charsMax: number): string => (typeof value === "string" ? value.slice(0, charsMax) : "");

export type ToolPage = { readonly tools: readonly GuestTool[]; readonly nextCursor: string | undefined };

/** One page of tools/list. Throws McpShapeError. */
export function readToolPage(result: unknown): ToolPage {
  if (!isFields(result) || !isList(result["tools"]))
    throw new McpShapeError("tools/list did not answer a list of tools");
  const cursor = result["nextCursor"];
  return {
    tools: result["tools"].map(readTool),
    nextCursor: typeof cursor === "string" && cursor !== "" ? cursor : undefined,
  };
}

function readTool(value: unknown): GuestTool {
  if (!isFields(value)) throw new McpShapeError("tools/list lists a tool that is not an object");
  const name = value["name"];
  if (typeof name !== "string" || !isToolName(name)) {
    throw new McpShapeError(
      `the tool name ${JSON.stringify(name)?.slice(0, 80)} is not 1 to 64 letters, digits, "_", "-" or "."`,
    );
  }
  const { inputSchema, outputSchema, annotations } = value;
  if (!isFields(inputSchema) || inputSchema["type"] !== "object") {
    throw new McpShapeError(`the tool "${name}" has no inputSchema of the type "object"`);
  }
  const hints = isFields(annotations) ? annotations : {};
  return {
    name,
    title: text(value["title"], TITLE_CHARS_MAX) || text(hints["title"], TITLE_CHARS_MAX),
    description: text(value["description"], DESCRIPTION_CHARS_MAX),
    inputSchema,
    outputSchema: isFields(outputSchema) ? outputSchema : undefined,
    readOnly: hints["readOnlyHint"] === true,
    idempotent: hints["readOnlyHint"] === true || hints["idempotentHint"] === true,
    ...(hints["readOnlyHint"] !== true && hints["destructiveHint"] === true && { destructive: true }),
  };
}

/** The result of tools/call. Throws McpShapeError. */
export function readCallResult(result: unknown): GuestAnswer {
  if (!isFields(result)) throw new McpShapeError("the result is not an object");
  const { content, structuredContent, isError } = result;
  if (content !== undefined && !isList(content)) throw new McpShapeError("the result's content is not a list");
  const given = content ?? [];
  if (given.length > PARTS_MAX) throw new McpShapeError(`the result has more than ${PARTS_MAX} parts`);
  const parts = given.map(readPart);
  if (isError === true) return { type: "tool-error", text: parts.map((part) => part.text).join("\n") };
  if (structuredContent !== undefined && !isFields(structuredContent)) {
    throw new McpShapeError("the result's structuredContent is not an object");
  }
  if (content === undefined && structuredContent === undefined) throw new McpShapeError("the result has no content");
  return { type: "done", content: parts, structured: structuredContent };
}

function readPart(part: unknown): GuestContent {
  if (!isFields(part)) throw new McpShapeError("a part of the result is not an object");
  switch (part["type"]) {
    case "text": {
      if (typeof part["text"] !== "string") throw new McpShapeError("a text part has no text");
      return { type: "text", text: part["text"] };
    }
    case "resource":
      return readResource(part["resource"]);
    case "image":
    case "audio":
      return described(part["type"], part["mimeType"], part["data"]);
    case "resource_link":
      return { type: "text", text: `[link: ${text(part["name"], FILE_NAME_CHARS_MAX)} ${text(part["uri"], 2_000)}]` };
    default:
      throw new McpShapeError(
        `a part of the result is of the unknown type ${JSON.stringify(part["type"])?.slice(0, 40)}`,
      );
  }
}

function readResource(resource: unknown): GuestContent {
  if (!isFields(resource) || typeof resource["uri"] !== "string") throw new McpShapeError("a resource part has no uri");
  const { uri, mimeType, text: body, blob } = resource;
  if (typeof body !== "string") return described(`file ${nameOf(uri)}`, mimeType, blob);
  return { type: "file", name: nameOf(uri), mediaType: mediaTypeOf(mimeType) ?? "text/plain", text: body };
}

/** Undefined when the guest gave none, or one that no header could carry. */
const mediaTypeOf = (given: unknown): string | undefined =>
  typeof given === "string" && isMediaType(given) ? given : undefined;

/** Last part of a URI's path, as far as it is fit for a file name. */
function nameOf(uri: string): string {
  const [path = ""] = uri.split(/[?#]/, 1);
  const last = path.split("/").findLast((part) => part !== "") ?? "";
  const plain = last.replaceAll(/[^\p{L}\p{N}._ -]/gu, "_").replace(/^\.+/, "");
  // Half of a pair of surrogates is no letter.
  return plain.slice(0, FILE_NAME_CHARS_MAX).replace(/\p{Cs}$/u, "") || "file";
}

function described(what: unknown, mediaType: unknown, data: unknown): GuestContent {
  const bytes = typeof data === "string" ? Math.floor((data.length * 3) / 4) : 0;
  return {
    type: "text",
    text: `[${String(what)}, ${mediaTypeOf(mediaType) ?? "application/octet-stream"}, ${bytes} bytes; not shown]`,
  };
}
