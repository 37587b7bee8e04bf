import { isJsonObject } from "../../../kernel/json.ts";
import { type Head, HEAD_WORDS, headsOf, type MessageRows } from "../../router/index.ts";
import { bytesOf, wordsOf } from "./packing.ts";

/**
 * Messages that are one row: their heads, as the router packed them, and their JSON, one line each.
 * A row for each message costs the writer four times as much.
 */
export type Chunk = {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly heads: readonly Head[];
  /** Their words; seqs are relative to `firstSeq`. */
  readonly words: Uint32Array;
  /** As many lines as heads; the last has no end. */
  readonly text: Uint8Array;
};

/** What one look-up reads besides what it looks for: at most so many messages, and about so many bytes. */
const CHUNK_MESSAGES_MAX = 64;
const CHUNK_BYTES_MAX = 65_536;

/** The bytes that a head takes, about: with one recipient. */
export const HEAD_BYTES = (HEAD_WORDS + 1) * Uint32Array.BYTES_PER_ELEMENT;

/** In as few chunks as their sizes allow, in order. Shares memory with the rows, and changes it. */
export function chunksOf({ firstSeq, heads: words, text }: MessageRows): readonly Chunk[] {
  const chunks: Chunk[] = [];
  const heads = headsOf(firstSeq, words);
  let [index, word, byte] = [0, 0, 0];
  while (index < heads.length) {
    const [from, fromWord, fromByte, first] = [index, word, byte, heads[index]?.seq ?? 0];
    let last = first;
    while (index < heads.length && index - from < CHUNK_MESSAGES_MAX && byte - fromByte < CHUNK_BYTES_MAX) {
      const head = heads[index];
      if (head === undefined) break;
      last = head.seq;
      words[word] = last - first;
      word += HEAD_WORDS + head.recipients.length;
      byte += head.size + 1;
      index += 1;
    }
    chunks.push({
      firstSeq: first,
      lastSeq: last,
      heads: heads.slice(from, index),
      words: words.subarray(fromWord, word),
      text: text.subarray(fromByte, byte - 1),
    });
  }
  return chunks;
}

/** A chunk in each row: the seqs of its first and last message, their heads, their lines. */
export const messageTable = (n: number): string => `
  CREATE TABLE msg_${n} (
    seq INTEGER PRIMARY KEY,
    last_seq INTEGER NOT NULL,
    heads BLOB NOT NULL,
    text TEXT NOT NULL
  ) STRICT;`;

/** Takes what `chunkValues` gives. */
export const insertChunk = (n: number): string =>
  `INSERT INTO msg_${n} (seq, last_seq, heads, text) VALUES (?, ?, ?, CAST(? AS TEXT))`;

export const chunkValues = ({ firstSeq, lastSeq, words, text }: Chunk) =>
  [firstSeq, lastSeq, bytesOf(words), text] as const;

/** The heads of a row, from its column. */
export const headsIn = (firstSeq: number, column: unknown): readonly Head[] => headsOf(firstSeq, wordsOf(column));

/** The line of a message that was deleted with its workspace. */
export const ERASED = "{}";

/** The lines of a row, with those of a workspace erased. */
export function withoutWorkspace(text: string, workspace: string): string {
  const word = JSON.stringify(workspace);
  if (!text.includes(word)) return text;
  const isOut = (line: string) => {
    const message: unknown = line.includes(word) ? JSON.parse(line) : undefined;
    return isJsonObject(message) && message["workspace"] === workspace;
  };
  return linesOf(text)
    .map((line) => (isOut(line) ? ERASED : line))
    .join("\n");
}

/** The messages of a row, line by line as its heads. */
export const linesOf = (text: unknown): readonly string[] => String(text).split("\n");
