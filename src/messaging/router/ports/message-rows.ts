import assert from "node:assert/strict";
import { type Message, MessageLines, PERFORMATIVES } from "../../acl/index.ts";

/**
 * Messages to add, packed as they come and as they are kept: what is asked of a message without reading it is a head of a few
 * words of 32 bits, the message itself a line of JSON. Nothing is copied between the router and the disk.
 */
export type MessageRows = {
  readonly count: number;
  /** 0 if it has no messages. The seqs ascend and are above those of every earlier batch. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** `HEAD_WORDS` for each message, followed by the numbers of its mailboxes; `headsOf` reads them. */
  readonly heads: Uint32Array<ArrayBuffer>;
  /** As many lines as heads, each with its end. */
  readonly text: Uint8Array<ArrayBuffer>;
};

/** What is known of a message without reading it. */
export type Head = {
  readonly seq: number;
  /** `wordKey`s of its id, its conversation and its sender. */
  readonly idKey: number;
  readonly conversationKey: number;
  readonly senderKey: number;
  /** Index of `PERFORMATIVES`. */
  readonly performative: number;
  /** 0 low, 1 normal, 2 high, 3 critical. */
  readonly priority: number;
  readonly atMs: number;
  /** Epoch milliseconds; 0 is never. */
  readonly expiresAtMs: number;
  /** Bytes of its line. */
  readonly size: number;
  /** Numbers of the mailboxes it goes to. */
  readonly recipients: readonly number[];
};

/** What a head says and the message does not. */
export type Placed = Pick<Head, "seq" | "conversationKey" | "priority" | "expiresAtMs" | "size">;
/** What it takes from the message. Ids are not unique: a dead letter that is sent again has a new `seq` and its old id. */
export type Headed = Pick<Message, "workspace" | "sender" | "atMs"> & {
  readonly id: string;
  readonly performative: string;
};

export const HEAD_WORDS = 9;
const LOW = 2 ** 32;
const PERFORMATIVE_INDEX = new Map<string, number>(PERFORMATIVES.map((performative, index) => [performative, index]));

/** Capacity of the first batch. Later ones begin with the size of the previous batch, up to this. */
const [HEADS_MIN, LINES_MIN, LINES_MAX] = [128, 8_192, 8 * 1024 * 1024];

/** Rows while they come. */
export class RowsBuilder {
  readonly lines: MessageLines;
  count = 0;
  #heads: Uint32Array<ArrayBuffer>;
  #words = 0;
  #firstSeq = 0;
  #lastSeq = 0;

  /** As much room to begin with as `like` took. */
  constructor(like?: RowsBuilder) {
    this.lines = new MessageLines(Math.min(Math.max(LINES_MIN, (like?.lines.length ?? 0) * 1.25), LINES_MAX));
    this.#heads = new Uint32Array(Math.max(HEADS_MIN, (like?.count ?? 0) * (HEAD_WORDS + 2)));
  }

  /** The message whose line was just written. */
  add(placed: Placed, message: Headed, recipients: readonly number[]): void {
    const { seq, expiresAtMs } = placed;
    const { workspace, atMs } = message;
    if (this.count === 0) this.#firstSeq = seq;
    else assert(seq > this.#lastSeq, "messages come in the order of their numbers");
    this.#makeRoom(HEAD_WORDS + recipients.length);
    const heads = this.#heads;
    const at = this.#words;
    const performative = PERFORMATIVE_INDEX.get(message.performative) ?? 0;
    heads[at] = seq - this.#firstSeq;
    heads[at + 1] = wordKey(workspace, message.id);
    heads[at + 2] = placed.conversationKey;
    heads[at + 3] = wordKey(workspace, message.sender);
    heads[at + 4] = performative | (placed.priority << 8) | (recipients.length << 16);
    heads[at + 5] = atMs % LOW;
    heads[at + 6] = expiresAtMs % LOW;
    heads[at + 7] = Math.floor(atMs / LOW) | (Math.floor(expiresAtMs / LOW) << 16);
    heads[at + 8] = placed.size;
    for (let index = 0; index < recipients.length; index += 1) heads[at + HEAD_WORDS + index] = recipients[index] ?? 0;
    this.#words = at + HEAD_WORDS + recipients.length;
    this.#lastSeq = seq;
    this.count += 1;
  }

  #makeRoom(words: number): void {
    if (this.#words + words <= this.#heads.length) return;
    const more = new Uint32Array(Math.max(this.#words + words, this.#heads.length * 2));
    more.set(this.#heads);
    this.#heads = more;
  }

  /** What came; shares memory with this. */
  rows(): MessageRows {
    const { count, lines } = this;
    const heads = this.#heads.subarray(0, this.#words);
    return { count, firstSeq: this.#firstSeq, lastSeq: this.#lastSeq, heads, text: lines.bytes };
  }
}

/** Back from words. */
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

/** 32 bits (FNV-1a) that stand for a word of a workspace where the word would take too much memory; two may share one. */
export function wordKey(workspace: string, word: string): number {
  if (workspace !== known.workspace) known = { workspace, key: hashed(hashed(FNV_BASIS, workspace), SEPARATOR) };
  return hashed(known.key, word) >>> 0;
}

const [FNV_BASIS, FNV_PRIME, SEPARATOR] = [0x81_1c_9d_c5, 0x01_00_01_93, "\x1f"];
/** Most words are of the workspace of the word before. */
let known = { workspace: "", key: hashed(FNV_BASIS, SEPARATOR) };

function hashed(from: number, text: string): number {
  let hash = from;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME);
  return hash;
}
