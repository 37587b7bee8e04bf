import assert from "node:assert/strict";
import { conversationKey, type MessageColumns } from "../../../router/index.ts";
import { PERFORMATIVES } from "../../../messages/index.ts";
import { bytesOf, partiesOf, wordsOf } from "./packing.ts";

/**
 * Messages that are one row: what is asked of them without reading them as words of 32 bits, and their JSON, one line each.
 * A row for each message costs the writer four times as much.
 */
export type Chunk = {
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** `HEAD_WORDS` for each message, followed by the numbers of its mailboxes. */
  readonly heads: Uint32Array;
  /** As many lines as heads, none of them empty. */
  readonly text: string;
};

/** What is known of a message without reading it. */
export type Head = {
  readonly seq: number;
  /** `conversationKey`s of its id, its conversation and its sender. */
  readonly idKey: number;
  readonly conversationKey: number;
  readonly senderKey: number;
  /** Index of `PERFORMATIVES`. */
  readonly performative: number;
  readonly priority: number;
  readonly atMs: number;
  readonly expiresAtMs: number;
  /** Characters of its JSON. */
  readonly size: number;
  /** Numbers of mailboxes. */
  readonly recipients: readonly number[];
};

/** What one look-up reads besides what it looks for: at most so many messages, and about so many characters. */
const CHUNK_MESSAGES_MAX = 64;
const CHUNK_CHARS_MAX = 65_536;

const HEAD_WORDS = 9;
const LOW = 2 ** 32;
const PERFORMATIVE_INDEX = new Map<string, number>(PERFORMATIVES.map((performative, index) => [performative, index]));

/** The bytes that a head takes, about: with one recipient. */
export const HEAD_BYTES = (HEAD_WORDS + 1) * Uint32Array.BYTES_PER_ELEMENT;

/** In as few chunks as their sizes allow, in order. Throws when the seqs do not ascend. */
export function packMessages(columns: MessageColumns): readonly Chunk[] {
  const chunks: Chunk[] = [];
  const { seqs, bodies } = columns;
  for (let from = 0; from < seqs.length;) {
    let [end, chars] = [from, 0];
    while (end < seqs.length && end - from < CHUNK_MESSAGES_MAX && chars < CHUNK_CHARS_MAX) {
      chars += bodies[end]?.length ?? 0;
      end += 1;
    }
    chunks.push(packed(columns, from, end));
    from = end;
  }
  return chunks;
}

function packed(columns: MessageColumns, from: number, end: number): Chunk {
  const { seqs, recipients, bodies } = columns;
  const firstSeq = seqs[from] ?? 0;
  let words = (end - from) * (HEAD_WORDS + 1);
  for (let row = from; row < end; row += 1) {
    const to = recipients[row];
    if (typeof to === "string") words += partiesOf(to).length;
  }
  const heads = new Uint32Array(words);
  let [at, text, lastSeq] = [0, "", firstSeq - 1];
  for (let row = from; row < end; row += 1) {
    const seq = seqs[row] ?? 0;
    assert(seq > lastSeq, "messages come in the order of their numbers");
    lastSeq = seq;
    heads[at] = seq - firstSeq;
    at = putHead(heads, at, columns, row);
    const body = bodies[row] ?? "";
    text = row === from ? body : `${text}\n${body}`;
  }
  return { firstSeq, lastSeq, heads: heads.subarray(0, at), text };
}

/** Fills in all but the first word; where the next head begins. */
function putHead(heads: Uint32Array, at: number, columns: MessageColumns, row: number): number {
  const workspace = columns.workspaces[row] ?? "";
  const [atMs, expiresAtMs] = [columns.atMs[row] ?? 0, columns.expiresAtMs[row] ?? 0];
  const performative = PERFORMATIVE_INDEX.get(columns.performatives[row] ?? "") ?? 0;
  const to = columns.recipients[row] ?? "";
  let next = at + HEAD_WORDS;
  if (typeof to === "number") heads[next++] = to;
  else for (const party of partiesOf(to)) heads[next++] = party;
  heads[at + 1] = conversationKey(workspace, columns.ids[row] ?? "");
  heads[at + 2] = conversationKey(workspace, columns.conversations[row] ?? "");
  heads[at + 3] = conversationKey(workspace, columns.senders[row] ?? "");
  heads[at + 4] = performative | ((columns.priorities[row] ?? 0) << 8) | ((next - at - HEAD_WORDS) << 16);
  heads[at + 5] = atMs % LOW;
  heads[at + 6] = expiresAtMs % LOW;
  heads[at + 7] = Math.floor(atMs / LOW) | (Math.floor(expiresAtMs / LOW) << 16);
  heads[at + 8] = columns.bodies[row]?.length ?? 0;
  return next;
}

/** Back from the words of a chunk. */
export function headsOf(firstSeq: number, words: Uint32Array): readonly Head[] {
  const heads: Head[] = [];
  for (let at = 0; at + HEAD_WORDS <= words.length;) {
    const [kinds, high] = [words[at + 4] ?? 0, words[at + 7] ?? 0];
    const end = at + HEAD_WORDS + (kinds >>> 16);
    const recipients: number[] = [];
    for (let place = at + HEAD_WORDS; place < end; place += 1) recipients.push(words[place] ?? 0);
    heads.push({
      seq: firstSeq + (words[at] ?? 0),
      idKey: words[at + 1] ?? 0,
      conversationKey: words[at + 2] ?? 0,
      senderKey: words[at + 3] ?? 0,
      performative: kinds & 0xff,
      priority: (kinds >>> 8) & 0xff,
      atMs: (high & 0xff_ff) * LOW + (words[at + 5] ?? 0),
      expiresAtMs: (high >>> 16) * LOW + (words[at + 6] ?? 0),
      size: words[at + 8] ?? 0,
      recipients,
    });
    at = end;
  }
  return heads;
}

/** A chunk in each row: the seqs of its first and last message, their heads, their lines. */
export const messageTable = (n: number): string => `
  CREATE TABLE msg_${n} (
    seq INTEGER PRIMARY KEY,
    last_seq INTEGER NOT NULL,
    heads BLOB NOT NULL,
    text TEXT NOT NULL
  ) STRICT;`;

/** The same, as the column of a row holds them. */
export const headsIn = (firstSeq: number, column: unknown): readonly Head[] => headsOf(firstSeq, wordsOf(column));

export const headBytes = (heads: Uint32Array): Uint8Array => bytesOf(heads);

/** The messages of a row, line by line as its heads. */
export const linesOf = (text: unknown): readonly string[] => String(text).split("\n");
