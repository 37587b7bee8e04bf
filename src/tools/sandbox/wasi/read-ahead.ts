import type { IoReply } from "../wire/index.ts";
import type { FileClient } from "./host-bridge.ts";

const FIRST_BYTES = 64 * 1024;
const LARGEST_BYTES = 1024 * 1024;

type Refused = Extract<IoReply, { type: "refused" }>;
const holds = (block: Block | undefined, offset: number): boolean =>
  block !== undefined && offset >= block.offset && offset < block.offset + block.bytes.length;

type Block = { readonly offset: number; readonly bytes: Buffer };

/**
 * Reads a file in large pieces ahead of a guest that reads it in small ones. While the guest works on one piece the
 * next is fetched; pieces grow as long as reading is sequential.
 */
export class ReadAhead {
  readonly #client: FileClient;
  readonly #handle: number;
  #block: Block | undefined;
  #next: { readonly offset: number; block: Block | undefined } | undefined;
  #chunk = FIRST_BYTES;
  #waiter: ((refused: Refused | undefined) => void) | undefined;

  constructor(client: FileClient, handle: number) {
    this.#client = client;
    this.#handle = handle;
  }

  /** What is known of the file at `offset`: at most `length` bytes, empty at the end of the file, undefined when it has to be fetched first. */
  peek(offset: number, length: number): Buffer | undefined {
    const next = this.#next?.block;
    if (next !== undefined && !holds(this.#block, offset)) {
      if (next.bytes.length === 0 && next.offset === offset) {
        // The file may have grown by the time of the next read.
        this.#next = undefined;
        return next.bytes;
      }
      if (holds(next, offset)) {
        this.#block = next;
        this.#prefetch(next.offset + next.bytes.length);
      }
    }
    const block = this.#block;
    if (block === undefined || !holds(block, offset)) return undefined;
    const start = offset - block.offset;
    return block.bytes.subarray(start, start + length);
  }

  /** Fetches what is at `offset`; `done` gets a refusal, or undefined when `peek` will have an answer. */
  fetch(offset: number, done: (refused: Refused | undefined) => void): void {
    this.#waiter = done;
    const isComing = this.#next?.offset === offset && this.#next.block === undefined;
    if (isComing) return;
    this.#chunk = FIRST_BYTES;
    this.#block = undefined;
    this.#request(offset);
  }

  /** Forgets what was read, because the file has changed. */
  drop(): void {
    this.#block = undefined;
    this.#next = undefined;
  }

  #prefetch(offset: number): void {
    this.#chunk = Math.min(this.#chunk * 2, LARGEST_BYTES);
    this.#request(offset);
  }

  #request(offset: number): void {
    const next: { readonly offset: number; block: Block | undefined } = { offset, block: undefined };
    this.#next = next;
    this.#client({ op: "read", handle: this.#handle, offset, length: this.#chunk }, (reply) => {
      if (this.#next !== next) return;
      if (reply.type === "granted") next.block = { offset, bytes: reply.body };
      else this.#next = undefined;
      const waiter = this.#waiter;
      this.#waiter = undefined;
      waiter?.(reply.type === "refused" ? reply : undefined);
    });
  }
}
