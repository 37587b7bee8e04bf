import { type GivenTo, operations } from "../../contract/index.ts";
import { type Caller, RequestInvalidError } from "../../operations/index.ts";
import type { ChatMessage, Part } from "./request.ts";

type Start = GivenTo<typeof operations.run.start>;
type Earlier = NonNullable<Start["messages"]>[number];
type Content = { readonly text: string; readonly uploads: readonly string[] };

/** What a run is started with for the messages of a request. */
export type Dialogue = Pick<Start, "input" | "messages" | "uploads"> & { readonly instructions: string };

const DATA_URL = /^data:(?<type>[\w.+/-]+)?(?:;[^,;]+)*;base64,(?<data>[A-Za-z0-9+/=\s]+)$/;
const OCTETS = "application/octet-stream";

/**
 * Reads a dialogue. The text of system and developer messages becomes instructions, the last message of the user the request. Stores files.
 * Throws RequestInvalidError.
 */
export async function readDialogue(caller: Caller, messages: readonly ChatMessage[]): Promise<Dialogue> {
  const instructions = messages
    .flatMap((message) => (message.role === "system" || message.role === "developer" ? [message.content] : []))
    .join("\n\n");
  const earlier: Earlier[] = [];
  for (const [index, message] of messages.entries()) {
    const read = await earlierMessage(caller, message, index);
    if (read !== undefined) earlier.push(read);
  }
  const last = earlier.at(-1);
  if (last?.role === "tool") return { instructions, input: "", messages: earlier };
  if (last?.role !== "user")
    throw invalid("messages: the last one is neither of the user nor the result of a tool", "End with a user message.");
  const { text, uploads = [] } = last;
  // A message of files alone says so: a request has a text.
  return { instructions, input: text || "See the files.", messages: earlier.slice(0, -1), uploads };
}

async function earlierMessage(caller: Caller, message: ChatMessage, index: number): Promise<Earlier | undefined> {
  switch (message.role) {
    case "user":
      return { role: "user", ...(await contentOf(caller, message.content, `messages.${index}.content`)) };
    case "assistant": {
      const calls = (message.tool_calls ?? []).map(({ id, function: called }) => ({ id, ...called }));
      return { role: "assistant", text: message.content ?? "", calls };
    }
    case "tool":
      return { role: "tool", call: message.tool_call_id, text: message.content };
    case "system":
    case "developer":
      return undefined;
  }
}

async function contentOf(caller: Caller, content: string | readonly Part[], path: string): Promise<Content> {
  if (typeof content === "string") return { text: content, uploads: [] };
  const texts: string[] = [];
  const uploads: string[] = [];
  for (const [index, part] of content.entries()) {
    if (part.type === "text") texts.push(part.text);
    else uploads.push(await store(caller, part, `${path}.${index}`));
  }
  return { text: texts.join("\n"), uploads };
}

/** Stores a file of a request; returns its id. */
async function store(caller: Caller, part: Exclude<Part, { type: "text" }>, path: string): Promise<string> {
  const isImage = part.type === "image_url";
  const url = isImage ? part.image_url.url : part.file.file_data;
  const { type: mediaType = OCTETS, data } = DATA_URL.exec(url)?.groups ?? {};
  if (data === undefined)
    throw invalid(
      `${path}: the file is not a data URL with base64`,
      "Send files as data URLs, such as data:image/png;base64,…: the server fetches none.",
    );
  const bytes = Buffer.from(data, "base64");
  const name = isImage ? `image.${mediaType.split("/")[1]?.replace(/\W.*/, "") ?? "bin"}` : part.file.filename;
  const received = { mediaType, bytes: bytes.length, content: once(bytes) };
  return (await caller.perform(operations.run.upload, { name }, { received })).id;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const invalid = (problem: string, hint: string) =>
  new RequestInvalidError(`the request does not fit: ${problem}`, hint, { problems: [problem] });
