import { type Message, type Part, Role } from "@a2a-js/sdk";
import { RequestMalformedError } from "@a2a-js/sdk/errors";
import * as z from "zod";
import { Json } from "../../kernel/json.ts";
import { operations, type RunDetail } from "../contract/index.ts";
import type { Caller } from "../operations/index.ts";

const FILES_MAX = 16;
const OCTETS = "application/octet-stream";
type Question = RunDetail["questions"][number];

type File = { readonly name: string; readonly mediaType: string; readonly bytes: Uint8Array };

/** A message as an agent receives it; its files are not stored yet. */
export type ReadMessage = { readonly input: string; readonly files: readonly File[] };

/** Throws RequestMalformedError for a message that is not of a user, or has no content. */
export function readMessage({ parts, role }: Message): ReadMessage {
  if (role !== Role.ROLE_USER) throw new RequestMalformedError("message.role: a message to an agent has ROLE_USER");
  if (parts.some(({ content }) => content === undefined))
    throw new RequestMalformedError("message.parts: a part has one of text, raw, url and data");
  const files = parts.flatMap(({ content, ...part }) => (content?.$case === "raw" ? [{ ...part, content }] : []));
  if (files.length > FILES_MAX) throw new RequestMalformedError(`message.parts: more than ${FILES_MAX} files`);
  const named = files.map(({ content, filename, mediaType }, index) => ({
    name: filename === "" ? `file-${index + 1}` : filename,
    mediaType: mediaType === "" ? OCTETS : mediaType,
    bytes: content.value,
  }));
  const texts = parts.flatMap(textOf);
  // A message of files alone says which they are.
  if (texts.length === 0 && named.length > 0) texts.push(`Files: ${named.map(({ name }) => name).join(", ")}`);
  const input = texts.join("\n\n");
  if (input === "") throw new RequestMalformedError("message.parts: the message has no text, data or file");
  return { input, files: named };
}

/** Returns the ids of the stored files; undefined without any. */
export async function storeFiles(caller: Caller, { files }: ReadMessage): Promise<string[] | undefined> {
  const uploads: string[] = [];
  for (const { name, mediaType, bytes } of files) {
    const received = { mediaType, bytes: bytes.length, content: once(bytes) };
    uploads.push((await caller.perform(operations.run.upload, { name }, { received })).id);
  }
  return uploads.length === 0 ? undefined : uploads;
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

const Named = z.object({ question: z.string() });
/** The id of the question that a message answers, as the status of the task has it; undefined if the message names none. */
export const questionOf = ({ metadata }: Message): string | undefined => Named.safeParse(metadata).data?.question;

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
