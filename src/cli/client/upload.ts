import { createReadStream } from "node:fs";
import { access, constants, stat } from "node:fs/promises";
import { basename } from "node:path";
import { Readable, Transform } from "node:stream";
import { operations, type Upload } from "../../api/contract/index.ts";
import { mediaTypeOf } from "../../kernel/files/media-types.ts";
import type { Client } from "./client.ts";
import { unreadable, UnreadableFileError } from "./errors.ts";

export type FileToSend = { readonly path: string; readonly name: string; readonly bytes: number };

/** What is known of a file before it is sent. Throws UnreadableFileError. */
export async function fileToSend(path: string): Promise<FileToSend> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (!found.isFile()) {
    const what = found.isDirectory() ? "it is a directory" : "it is not a file";
    throw new UnreadableFileError(path, what, undefined, "name a file");
  }
  await access(path, constants.R_OK).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  return { path, name: basename(path), bytes: found.size };
}

/** Sends one file, streamed from disk, and says how it goes. The name it gets is the last part of its path. */
export async function upload(
  client: Client,
  file: FileToSend,
  options: { readonly signal: AbortSignal; readonly onProgress: (sentBytes: number) => void },
): Promise<Upload> {
  let sentBytes = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sentBytes += chunk.length;
      options.onProgress(sentBytes);
      done(null, chunk);
    },
  });
  const body = Readable.toWeb(createReadStream(file.path).pipe(counter));
  return send(client, { ...file, mediaType: mediaTypeOf(file.name), body }, options.signal);
}

type Content = { readonly name: string; readonly mediaType: string; readonly bytes: number };

/** Sends what is in memory as a file. */
export const uploadBytes = (
  client: Client,
  { content, ...file }: Omit<Content, "bytes"> & { readonly content: Buffer },
  signal: AbortSignal,
): Promise<Upload> => send(client, { ...file, bytes: content.length, body: new Uint8Array(content) }, signal);

async function send(
  client: Client,
  { name, mediaType, bytes, body }: Content & Required<Pick<Parameters<Client["open"]>[0], "body">>,
  signal: AbortSignal,
): Promise<Upload> {
  const response = await client.open({
    method: "POST",
    path: operations.run.upload.http.path,
    query: { name },
    headers: { "content-type": mediaType, "content-length": String(bytes) },
    body,
    signal,
  });
  return operations.run.upload.output.parse(await response.json());
}
