import { useState } from "react";
import { bytes } from "../../parts/format/format.ts";
import { text } from "../../text/text.ts";

/** The limits of the server: it refuses what exceeds them. */
export const FILES_MAX = 16;
export const FILE_BYTES_MAX = 256 * 1_024 * 1_024;

export type Draft = {
  readonly input: string;
  readonly files: readonly File[];
  /** Why it cannot be sent; undefined if it can. */
  readonly problem: string | undefined;
  /** Identifies it to the server. It changes with the draft. */
  readonly key: string;
};

export const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");

const storageKey = (thread: string) => `caxton-draft-${thread}`;

/** A message that is being written. Its text survives a reload of the page; files do not. */
export function useDraft(thread: string) {
  const [draft, setDraft] = useState<Draft>(() => ({
    input: sessionStorage.getItem(storageKey(thread)) ?? "",
    files: [],
    problem: undefined,
    key: newKey(),
  }));
  const set = ({ input = draft.input, files = draft.files }: Partial<Pick<Draft, "input" | "files">>) => {
    if (input === "") sessionStorage.removeItem(storageKey(thread));
    else sessionStorage.setItem(storageKey(thread), input);
    setDraft({ input, files, problem: problemOf(files), key: newKey() });
  };
  return [draft, set] as const;
}

export function problemOf(files: readonly Pick<File, "name" | "size">[]): string | undefined {
  const large = files.find(({ size }) => size > FILE_BYTES_MAX);
  if (large !== undefined) return text.chat.tooLarge(large.name, bytes(FILE_BYTES_MAX));
  return files.length > FILES_MAX ? text.chat.tooMany(FILES_MAX) : undefined;
}
