import { operations } from "../contract/index.ts";
import type { Caller } from "../operations/index.ts";
import type { Content, MediaPart, RunAgentInput } from "./request.ts";

/** A message as an agent receives it. */
export type ReadMessage = { readonly input: string; readonly uploads: readonly string[] };

/** Stores the files of a message. */
export async function readContent(caller: Caller, content: Content): Promise<ReadMessage> {
  if (typeof content === "string") return { input: content, uploads: [] };
  const texts: string[] = [];
  const uploads: string[] = [];
  for (const part of content) {
    if (part.type === "text") texts.push(part.text);
    // Files are not fetched: a client could have this server read addresses that it cannot reach itself.
    else if (part.source.type !== "data") texts.push(part.source.value);
    else uploads.push(await store(caller, part.type, part.source));
  }
  const input = texts.join("\n");
  return { input: input === "" && uploads.length > 0 ? "See the files." : input, uploads };
}

async function store(
  caller: Caller,
  kind: MediaPart["type"],
  { value, mimeType: mediaType }: { readonly value: string; readonly mimeType: string },
): Promise<string> {
  const bytes = Buffer.from(value, "base64");
  const name = `${kind}.${mediaType.split("/")[1]?.replace(/\W.*/, "") ?? "bin"}`;
  const received = { mediaType, bytes: bytes.length, content: once(bytes) };
  return (await caller.perform(operations.run.upload, { name }, { received })).id;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

export const textOf = (content: Content): string =>
  typeof content === "string"
    ? content
    : content.map((part) => (part.type === "text" ? part.text : part.source.value)).join("\n");

/** What the application says besides the dialogue: its own instructions, its context and its state. */
export function instructionsOf({ messages, context, state }: RunAgentInput): string {
  const hasState = state !== undefined && state !== null && JSON.stringify(state) !== "{}";
  return [
    ...messages.flatMap((message) =>
      message.role === "system" || message.role === "developer" ? [message.content] : [],
    ),
    ...context.map(({ description, value }) => `${description}: ${value}`),
    ...(hasState ? [`State of the application:\n\`\`\`json\n${JSON.stringify(state)}\n\`\`\``] : []),
  ].join("\n\n");
}
