import * as z from "zod";
import { operations } from "../../contract/index.ts";
import type { Caller } from "../../operations/index.ts";

const NAME_CHARS_MAX = 200;

export const FileInput = z
  .strictObject({
    name: z.string().min(1).max(NAME_CHARS_MAX),
    text: z.string().optional().meta({ description: "Content of a text file" }),
    base64: z.base64().optional().meta({ description: "Content of any other file" }),
  })
  .refine(({ text, base64 }) => (text === undefined) !== (base64 === undefined), "give either text or base64");
type FileInput = z.output<typeof FileInput>;

/** Stores files for a run and returns their ids. */
export async function receiveFiles(caller: Caller, files: readonly FileInput[] = []): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const { name, text, base64 } of files) {
    const bytes = base64 === undefined ? Buffer.from(text ?? "") : Buffer.from(base64, "base64");
    const content = (async function* () {
      yield bytes;
    })();
    const received = { mediaType: "application/octet-stream", bytes: bytes.length, content };
    ids.push((await caller.perform(operations.run.upload, { name }, { received })).id);
  }
  return ids;
}
