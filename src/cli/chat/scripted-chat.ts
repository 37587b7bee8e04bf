import { createInterface } from "node:readline";
import { operations } from "../../api/contract/index.ts";
import { fileToSend } from "../client/index.ts";
import { type Context, sendFiles } from "../frame/index.ts";
import { followRun } from "../run/index.ts";
import type { ChatInput, ChatTarget } from "./chat-target.ts";

/** Sends messages one after another and prints the answers. Returns the exit code of the first turn that fails. */
export async function chatByScript(context: Context, target: ChatTarget, input: ChatInput): Promise<number> {
  const { client, terminal } = context;
  const files = await Promise.all(input.file.map(fileToSend));
  let uploads = await sendFiles(context, files, new AbortController().signal);
  let { thread } = target;
  let code = 0;
  for await (const message of messages(context, input)) {
    thread ??= (await client.call(operations.thread.create, { agent: target.agent })).value;
    const { value } = await client.call(operations.thread.send, {
      id: thread.id,
      input: message,
      ...(uploads.length > 0 && { uploads }),
      ...(input.model !== undefined && { model: input.model }),
    });
    uploads = [];
    code = await followRun(context, value.run.id, { stream: false, onInterrupt: "cancel" });
    if (code !== 0) break;
  }
  if (thread !== undefined) terminal.note(`continue with: ${terminal.asCalled(`caxton chat --thread ${thread.id}`)}`);
  return code;
}

async function* messages({ terminal }: Context, { message }: ChatInput): AsyncGenerator<string> {
  if (message !== undefined) return yield message;
  for await (const line of createInterface({ input: terminal.streams.input })) if (line.trim() !== "") yield line;
}
