import type { Message, Part } from "@a2a-js/sdk";
import { RequestMalformedError } from "@a2a-js/sdk/errors";
import * as z from "zod";
import { Json } from "../../kernel/json.ts";
import { operations, type RunDetail } from "../contract/index.ts";
import type { Caller } from "../operations/index.ts";

const FILES_MAX = 16;
const OCTETS = "application/octet-stream";
type Question = RunDetail["questions"][number];

/** A message as an agent receives it. */
export type ReadMessage = { readonly input: string; readonly uploads: readonly string[] };

/** Stores the files of a message. Throws RequestMalformedError for a message without content. */
export async function readMessage(caller: Caller, { parts }: Message): Promise<ReadMessage> {
  const files = parts.filter(({ content }) => content?.$case === "raw");
  if (files.length > FILES_MAX) throw new RequestMalformedError(`message.parts: more than ${FILES_MAX} files`);
  const texts = parts.flatMap(textOf);
  const uploads: string[] = [];
  for (const [index, { content, filename, mediaType }] of files.entries()) {
    const bytes = content?.$case === "raw" ? content.value : Buffer.alloc(0);
    const name = filename === "" ? `file-${index + 1}` : filename;
    const received = { mediaType: mediaType === "" ? OCTETS : mediaType, bytes: bytes.length, content: once(bytes) };
    const { id } = await caller.perform(operations.run.upload, { name }, { received });
    uploads.push(id);
    // A message of files alone says which they are.
    if (texts.length === 0 && index === files.length - 1)
      texts.push(`Files: ${files.map((file) => file.filename).join(", ")}`);
  }
  const input = texts.join("\n\n");
  if (input === "") throw new RequestMalformedError("message.parts: the message has no text, data or file");
  return { input, uploads };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function textOf({ content, filename, mediaType }: Part): readonly string[] {
  if (content?.$case === "text") return content.value === "" ? [] : [content.value];
  if (content?.$case === "data") return [`\`\`\`json\n${JSON.stringify(content.value, null, 2)}\n\`\`\``];
  // Files are not fetched: a client could have this server read addresses that it cannot reach itself.
  if (content?.$case === "url") return [[filename, mediaType, content.value].filter((word) => word !== "").join(" ")];
  return [];
}

const Decline = z.object({ action: z.literal("decline") });

/** The answer to a question of an agent: a data part, JSON as text, or a text. `{"action": "decline"}` declines. */
export function readAnswer({ parts, metadata }: Message, { schema }: Question) {
  if (Decline.safeParse(metadata).success) return { action: "decline" } as const;
  const data = parts.find(({ content }) => content?.$case === "data")?.content;
  if (data?.$case === "data") {
    if (Decline.safeParse(data.value).success) return { action: "decline" } as const;
    return { action: "accept", content: Json.parse(data.value) } as const;
  }
  const text = parts.flatMap(({ content }) => (content?.$case === "text" ? [content.value] : [])).join("\n\n");
  if (schema === null) return { action: "accept", content: text } as const;
  return { action: "accept", content: formOf(text, schema) } as const;
}

const Form = z.object({ properties: z.record(z.string(), Json) });

/** A text as the answer of a form: JSON, or the value of the only field. */
function formOf(text: string, schema: object): Json {
  try {
    const value = Json.parse(JSON.parse(text));
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // It is the value itself.
  }
  const [field, ...others] = Object.keys(Form.safeParse(schema).data?.properties ?? {});
  if (field !== undefined && others.length === 0) return { [field]: text };
  throw new RequestMalformedError(
    "message.parts: the question takes a form. Send a data part with an object that fits the schema in the task's status.",
  );
}
