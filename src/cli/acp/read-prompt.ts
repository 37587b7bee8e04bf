import type { ContentBlock, EmbeddedResource } from "@agentclientprotocol/sdk";
import { basename, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { type Client, fileToSend, UnreadableFileError, upload, uploadBytes } from "../client/index.ts";

/** A message as the server takes it. */
type Message = { readonly input: string; readonly uploads: readonly string[] };

/** Reads a prompt and uploads its files. Files that it links to are read from this machine. Throws what the client throws. */
export async function readPrompt(
  client: Client,
  blocks: readonly ContentBlock[],
  signal: AbortSignal,
): Promise<Message> {
  const texts: string[] = [];
  const context: string[] = [];
  const uploads: string[] = [];
  for (const [index, block] of blocks.entries()) {
    const { text, attached, upload: id } = await readBlock({ client, signal, number: index + 1 }, block);
    if (text !== undefined) texts.push(text);
    if (attached !== undefined) context.push(attached);
    if (id !== undefined) uploads.push(id);
  }
  return { input: [texts.join(""), ...context].filter((part) => part !== "").join("\n\n"), uploads };
}

type Reading = { readonly client: Client; readonly signal: AbortSignal; readonly number: number };
type Read = { readonly text?: string; readonly attached?: string; readonly upload?: string };

async function readBlock(reading: Reading, block: ContentBlock): Promise<Read> {
  switch (block.type) {
    case "text":
      return { text: block.text };
    case "image":
    case "audio": {
      const [kind = "", subtype = ""] = block.mimeType.split("/");
      const uri = block.type === "image" ? block.uri : undefined;
      const name = nameOf(uri ?? "", `${kind}-${reading.number}.${subtype.replace(/\W.*$/, "")}`);
      return { upload: await send(reading, { name, mediaType: block.mimeType, data: block.data }) };
    }
    case "resource_link":
      return readLink(reading, block);
    case "resource":
      return readResource(reading, block);
  }
}

async function readResource(reading: Reading, { resource }: EmbeddedResource): Promise<Read> {
  const { uri } = resource;
  const name = nameOf(uri, `file-${reading.number}`);
  const text = mention(name, uri);
  if ("text" in resource)
    return { text, attached: `<context uri=${JSON.stringify(uri)}>\n${resource.text}\n</context>` };
  const mediaType = resource.mimeType ?? "application/octet-stream";
  return { text, upload: await send(reading, { name, mediaType, data: resource.blob }) };
}

/** A linked file is uploaded; of what cannot be read, such as a directory, the agent gets the address. */
async function readLink(
  { client, signal }: Reading,
  { name, uri }: Extract<ContentBlock, { type: "resource_link" }>,
): Promise<Read> {
  const text = mention(name, uri);
  const url = URL.parse(uri);
  if (url?.protocol !== "file:") return { text };
  try {
    const { id } = await upload(client, await fileToSend(fileURLToPath(url)), { signal, onProgress: () => undefined });
    return { text, upload: id };
  } catch (error) {
    if (error instanceof UnreadableFileError || error instanceof TypeError) return { text };
    throw error;
  }
}

async function send(
  { client, signal }: Reading,
  { name, mediaType, data }: { readonly name: string; readonly mediaType: string; readonly data: string },
): Promise<string> {
  return (await uploadBytes(client, { name, mediaType, content: Buffer.from(data, "base64") }, signal)).id;
}

const mention = (name: string, uri: string): string => `[@${name}](${uri})`;

/** The last part of an address, if it is the name of a file. */
function nameOf(uri: string, otherwise: string): string {
  const name = basename(decodeURIComponent(URL.parse(uri)?.pathname ?? ""));
  return extname(name) === "" ? otherwise : name;
}
