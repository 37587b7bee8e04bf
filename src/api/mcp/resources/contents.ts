import type { ReadResourceResult } from "@modelcontextprotocol/server";
import { RequestInvalidError } from "../../operations/index.ts";

/** Bytes of a resource; a larger one is downloaded over REST. */
export const RESOURCE_BYTES_MAX = 8 * 1024 * 1024;

const TEXT_TYPE = /^(?:text\/|application\/(?:json|xml|javascript|toml|yaml|x-ndjson)\b|[^;]+\+(?:json|xml)\b)/i;

type Contents = ReadResourceResult["contents"][number];
type Read = {
  readonly uri: string;
  readonly mediaType: string;
  readonly content: string | Uint8Array | AsyncIterable<string | Uint8Array>;
};

/** Content as MCP sends it: text if it is text in UTF-8, else base64. Throws RequestInvalidError for more than RESOURCE_BYTES_MAX. */
export async function contentsOf({ uri, mediaType, content }: Read): Promise<Contents> {
  const bytes = await bytesOf(content, uri);
  const text = TEXT_TYPE.test(mediaType) ? utf8(bytes) : undefined;
  const mimeType = mediaType.replace(/;.*$/s, "").trim();
  return text === undefined ? { uri, mimeType, blob: bytes.toString("base64") } : { uri, mimeType, text };
}

async function bytesOf(content: Read["content"], uri: string): Promise<Buffer> {
  const pieces = typeof content === "string" || content instanceof Uint8Array ? [content] : content;
  const parts: Buffer[] = [];
  let length = 0;
  for await (const piece of pieces) {
    const part = Buffer.from(piece);
    length += part.length;
    if (length > RESOURCE_BYTES_MAX) throw tooLarge(uri);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

const tooLarge = (uri: string): RequestInvalidError => {
  const problem = `${uri} has more than ${RESOURCE_BYTES_MAX} bytes, which a resource may have`;
  return new RequestInvalidError(problem, "Download it over REST, where files have no limit.", { problems: [problem] });
};

function utf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
