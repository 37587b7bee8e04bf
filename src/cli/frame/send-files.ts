import { type FileToSend, upload } from "../client/index.ts";
import { progressBar } from "../terminal/index.ts";
import type { Context } from "./context.ts";

/** Sends files one after the other, showing how far it is; returns their ids on the server. */
export async function sendFiles(
  { terminal, client }: Context,
  files: readonly FileToSend[],
  signal: AbortSignal,
): Promise<string[]> {
  const ids: string[] = [];
  for (const file of files) {
    const onProgress = (sentBytes: number) => terminal.status(progressBar(file.name, sentBytes, file.bytes));
    const sent = await upload(client, file, { signal, onProgress });
    ids.push(sent.id);
  }
  terminal.status(undefined);
  return ids;
}
