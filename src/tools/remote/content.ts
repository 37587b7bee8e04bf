import { type CallToolResult, type ContentBlock } from "@modelcontextprotocol/client";
import { Json } from "../../kernel/json.ts";
import type { ContentPart, ToolResult, ToolUsage } from "../catalogue/index.ts";
import { failedCall } from "../catalogue/index.ts";
import { cleanLine, cleanText, isDeeperThan } from "../../kernel/clean.ts";

const LINK_CHARS_MAX = 2_000;
const NAME_CHARS_MAX = 100;

/** A remote server's answer as a result of ours; one that is too large, nested too deeply or no JSON is a failure that says so. */
export function readResult(result: CallToolResult, bytesMax: number, usage: ToolUsage): ToolResult {
  const { content, structuredContent, isError } = result;
  if (isDeeperThan(structuredContent)) return refused("its structured result is nested too deeply", usage);
  const structured = structuredContent === undefined ? undefined : Json.safeParse(structuredContent);
  if (structured?.success === false) return refused("its structured result is not JSON", usage);
  const parts = content.map((block, index) => partOf(block, index));
  const bytes =
    parts.reduce((sum, part) => sum + bytesOf(part), 0) +
    (structured === undefined ? 0 : Buffer.byteLength(JSON.stringify(structured.data)));
  if (bytes > bytesMax) return refused(`its result has ${bytes} bytes; at most ${bytesMax} are taken`, usage);
  if (isError === true) return failedCall("tool-error", textOf(parts) || "the tool failed without saying why", usage);
  return { type: "done", content: parts, structured: structured?.data, usage };
}

const refused = (why: string, usage: ToolUsage): ToolResult =>
  failedCall("bad-output", `${why}. Ask for less at a time, or raise limits.result_bytes of the server.`, usage);

const bytesOf = (part: ContentPart): number =>
  part.type === "bytes" ? part.bytes.byteLength : Buffer.byteLength(part.text);

const textOf = (parts: readonly ContentPart[]): string =>
  parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");

function partOf(block: ContentBlock, index: number): ContentPart {
  switch (block.type) {
    case "text":
      return text(block.text);
    case "image":
    case "audio":
      return fileOf(`${block.type}-${index + 1}`, block.mimeType, block.data);
    case "resource_link": {
      const facts = [block.mimeType, block.description].flatMap((fact) => fact ?? []);
      return text(cleanLine(`(link to ${[block.name, block.uri, ...facts].join(", ")})`, LINK_CHARS_MAX));
    }
    case "resource": {
      const { resource } = block;
      const uri = cleanLine(resource.uri, LINK_CHARS_MAX);
      const name = nameOf(resource.uri);
      if ("text" in resource) {
        const mediaType = mediaTypeOf(resource.mimeType ?? "text/plain");
        return { ...text(`${uri}:\n${resource.text}`), resource: { uri, name, mediaType } };
      }
      return { ...fileOf(name, resource.mimeType ?? "", resource.blob), uri };
    }
  }
}

const text = (value: string) => ({ type: "text", text: cleanText(value, Number.MAX_SAFE_INTEGER) }) as const;

const EXTENSIONS: { readonly [mediaType: string]: string } = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/gif": "gif",
  "image/webp": "webp",
  "image/svg+xml": "svg",
  "audio/wav": "wav",
  "audio/mpeg": "mp3",
  "audio/ogg": "ogg",
};

const mediaTypeOf = (given: string): string =>
  /^[\w.+-]+\/[\w.+-]+$/.test(given) ? given.toLowerCase() : "application/octet-stream";

function fileOf(stem: string, givenType: string, base64: string) {
  const mediaType = mediaTypeOf(givenType);
  const extension = EXTENSIONS[mediaType];
  const name = extension === undefined || stem.includes(".") ? stem : `${stem}.${extension}`;
  return { type: "bytes", name, mediaType, bytes: Buffer.from(base64, "base64") } as const;
}

/** What a file from `uri` is called: the last part of its path. */
function nameOf(uri: string): string {
  const last =
    uri
      .split(/[?#]/)[0]
      ?.split("/")
      .findLast((part) => part !== "") ?? "";
  return cleanLine(last, NAME_CHARS_MAX).replaceAll(/[^\p{L}\p{N}._-]/gu, "_") || "file";
}
