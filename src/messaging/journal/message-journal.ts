import { statSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { makePrivateDirectory } from "../../kernel/private-files.ts";
import { programFile } from "../../kernel/package.ts";
import type {
  ConversationQuery,
  ConversationRow,
  DeadLetter,
  DeadQuery,
  JournalBatch,
  JournalFigures,
  MessageJournal,
  MessageQuery,
  Recovered,
  StoredMessage,
  StoredSettlement,
} from "../router/index.ts";
import { storageError } from "../../kernel/sqlite/errors.ts";
import type { Synchronous } from "../../kernel/sqlite/synchronous.ts";
import { journalClosed, journalError } from "./errors.ts";
import { JournalReader } from "./reader.ts";
import type { WriterAnswer, WriterRequest } from "./requests.ts";

const MIB = 1024 * 1024;

export type MessageJournalOptions = {
  /** The data directory; its lock is the `Database`'s. */
  readonly directory: string;
  /** `normal`: messages of class `full` are only as safe as those of class `normal`. */
  readonly synchronous: Synchronous;
  /** Settled messages are dropped, the oldest first, when all take more than about so many bytes. */
  readonly bytesMax: number;
  /** Dead letters kept; the oldest go first. */
  readonly deadLettersMax: number;
  /** Ids of the duplicate window given back at a start, the newest. */
  readonly recentMax: number;
  /** Messages are dropped by the segment: about so many bytes, */
  readonly segmentBytesMax: number;
  /** or what came in so long a time. */
  readonly segmentMsMax: number;
  /** Pages of 4 KiB in the database's log from which on it is carried over into the file. */
  readonly logPagesMax: number;
};

export const MESSAGE_JOURNAL_DEFAULTS = {
  bytesMax: 8 * 1024 * MIB,
  deadLettersMax: 100_000,
  recentMax: 1_000_000,
  segmentBytesMax: 32 * MIB,
  segmentMsMax: 3_600_000,
  logPagesMax: 1_000,
} as const;

/** Of the batch under way; all else counts from 1. */
const APPEND_ID = 0;

type Asked = { readonly resolve: (answer: WriterAnswer) => void; readonly reject: (error: unknown) => void };
type Question<Request = WriterRequest> = Request extends WriterRequest ? Omit<Request, "id"> : never;

const EMPTY: Recovered = {
  lastSeq: 0,
  parties: [],
  pending: {
    seqs: new Float64Array(),
    parties: new Uint32Array(),
    priorities: new Uint8Array(),
    expiresAtMs: new Float64Array(),
    atMs: new Float64Array(),
    conversationKeys: new Uint32Array(),
    sizes: new Uint32Array(),
  },
  retries: [],
  recent: { ids: [], workspaces: [], seqs: new Float64Array(), atMs: new Float64Array() },
  conversations: [],
};

/**
 * The messages of a server in `messages.db`, written by a thread, read by a connection of this one's own.
 * journal.message-journal.M1. The thread is started when there is something to read or to write, or soon may be
 *   (`prepare`); a server in which nobody can be written to has none.
 * journal.message-journal.M2. When it ends by itself the journal is closed: whether the batch under way is on disk,
 *   only the next start can tell.
 */
export class SqliteMessageJournal implements MessageJournal {
  readonly #options: MessageJournalOptions;
  readonly #file: string;
  readonly #reader: JournalReader;
  readonly #asked = new Map<number, Asked>();
  /** Who waits for the batch under way: one at a time, and too many one after another for a map. */
  #appending: Asked | undefined;
  #thread: Worker | undefined;
  #opened: Promise<Recovered> | undefined;
  #nextId = 1;
  #isClosed = false;

  constructor(options: MessageJournalOptions) {
    this.#options = options;
    this.#file = join(options.directory, "messages.db");
    this.#reader = new JournalReader(this.#file, options.directory);
  }

  async recover({ sinceMs }: { readonly sinceMs: number }): Promise<Recovered> {
    if (statSync(this.#file, { throwIfNoEntry: false }) === undefined) return EMPTY;
    return this.#open(sinceMs);
  }

  /** Starts the thread, which takes a while, before there is something to write. Whoever writes is told what went wrong. */
  prepare(): void {
    if (!this.#isClosed) this.#open(Number.POSITIVE_INFINITY).catch(() => undefined);
  }

  async append(batch: JournalBatch): Promise<void> {
    if (!this.#opened) await this.#open(Number.POSITIVE_INFINITY);
    const { heads, text } = batch.messages;
    const thread = this.#running();
    const { promise, resolve, reject } = Promise.withResolvers<WriterAnswer>();
    this.#appending = { resolve, reject };
    // What is in the buffers is the thread's from then on.
    thread.postMessage({ id: APPEND_ID, type: "append", batch } satisfies WriterRequest, [heads.buffer, text.buffer]);
    await promise;
  }

  async read(seqs: readonly number[]): Promise<readonly StoredMessage[]> {
    return this.#reader.read(seqs);
  }

  find(workspace: string, id: string): Promise<StoredMessage | undefined> {
    return this.#reader.find(workspace, id);
  }

  list(query: MessageQuery): Promise<readonly StoredMessage[]> {
    return this.#reader.list(query);
  }

  async settlements(seqs: readonly number[]): Promise<readonly StoredSettlement[]> {
    return this.#reader.settlements(seqs);
  }

  async deadLetters(query: DeadQuery): Promise<readonly DeadLetter[]> {
    return this.#reader.deadLetters(query);
  }

  async deadLetter(seq: number, party: number): Promise<DeadLetter | undefined> {
    return this.#reader.deadLetter(seq, party);
  }

  async conversations(query: ConversationQuery): Promise<readonly ConversationRow[]> {
    return this.#reader.conversations(query);
  }

  async conversation(workspace: string, id: string): Promise<ConversationRow | undefined> {
    return this.#reader.conversation(workspace, id);
  }

  async figures(): Promise<JournalFigures> {
    const bytes = ["", "-wal", "-shm"].reduce(
      (sum, end) => sum + (statSync(`${this.#file}${end}`, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
    if (!this.#opened) return { messages: 0, dead: 0, bytes };
    const answer = await this.#ask({ type: "figures" });
    if (answer.type !== "figures") throw new Error(`figures were answered with ${answer.type}`);
    return { ...answer.figures, bytes };
  }

  async retain(olderThanMs: number): Promise<void> {
    if (this.#opened) await this.#ask({ type: "retain", olderThanMs });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    const thread = this.#thread;
    const closed = thread && this.#ask({ type: "close" });
    this.#isClosed = true;
    await closed?.catch(() => {});
    await thread?.terminate();
    this.#reader[Symbol.dispose]();
  }

  /** Starts the thread, which opens the file and reads what is pending. */
  #open(sinceMs: number): Promise<Recovered> {
    if (this.#isClosed) return Promise.reject(journalClosed(this.#file));
    this.#opened ??= this.#start(sinceMs).catch(async (error: unknown) => {
      this.#opened = undefined;
      const thread = this.#thread;
      this.#thread = undefined;
      await thread?.terminate();
      throw error;
    });
    return this.#opened;
  }

  async #start(sinceMs: number): Promise<Recovered> {
    const { directory, synchronous, bytesMax, deadLettersMax, segmentBytesMax, segmentMsMax, recentMax, logPagesMax } =
      this.#options;
    try {
      makePrivateDirectory(directory);
    } catch (error) {
      throw storageError(error, directory);
    }
    this.#thread = this.#startThread();
    const limits = { bytesMax, deadLettersMax, segmentBytesMax, segmentMsMax };
    const options = { file: this.#file, synchronous, ...limits };
    const program = programFile("kernel/sqlite/checkpoint-thread").path;
    const carrying = { file: this.#file, program, pagesMax: logPagesMax };
    const answer = await this.#ask({ type: "open", options, recovery: { sinceMs, recentMax }, carrying });
    if (answer.type !== "opened") throw new Error(`the journal was opened with ${answer.type}`);
    return answer.recovered;
  }

  #startThread(): Worker {
    const thread = new Worker(programFile("messaging/journal/thread").path);
    thread.on("message", (answer: WriterAnswer) => this.#answered(answer));
    thread.once("error", (error) => this.#ended(thread, error));
    thread.once("exit", () => this.#ended(thread, undefined));
    return thread;
  }

  #answered(answer: WriterAnswer): void {
    const asked = answer.id === APPEND_ID ? this.#appending : this.#asked.get(answer.id);
    if (answer.id === APPEND_ID) this.#appending = undefined;
    else this.#asked.delete(answer.id);
    if (answer.type === "failed") asked?.reject(journalError(answer.failure, this.#options.directory, this.#file));
    else asked?.resolve(answer);
  }

  #ended(thread: Worker, cause: unknown): void {
    if (thread !== this.#thread) return;
    this.#thread = undefined;
    this.#isClosed = true;
    const error = journalClosed(this.#file);
    error.cause ??= cause;
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
    this.#appending?.reject(error);
    this.#appending = undefined;
  }

  async #ask(question: Question): Promise<WriterAnswer> {
    const thread = this.#running();
    const { promise, resolve, reject } = Promise.withResolvers<WriterAnswer>();
    const id = this.#nextId++;
    this.#asked.set(id, { resolve, reject });
    thread.postMessage({ id, ...question } satisfies WriterRequest);
    return promise;
  }

  /** The thread, or throws. */
  #running(): Worker {
    if (!this.#thread || this.#isClosed) throw journalClosed(this.#file);
    return this.#thread;
  }
}
