import { statSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { RpcThread } from "../../kernel/rpc/thread.ts";
import { makePrivateDirectory } from "../../kernel/files/private-files.ts";
import { programFile } from "../../kernel/package.ts";
import type {
  ConversationQuery,
  ConversationRow,
  DeadLetter,
  DeadQuery,
  JournalBatch,
  JournalStats,
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
import type { WriterFailure, WriterMethods } from "./requests.ts";

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
 *   (`prepare`); a server without recipients has none.
 * journal.message-journal.M2. If the thread ends unexpectedly the journal is closed: whether the last batch is on disk
 *   is known only at the next start.
 */
export class SqliteMessageJournal implements MessageJournal {
  readonly #options: MessageJournalOptions;
  readonly #file: string;
  readonly #reader: JournalReader;
  readonly #thread: RpcThread<WriterMethods, WriterFailure>;
  #opened: Promise<Recovered> | undefined;
  #isClosed = false;

  constructor(options: MessageJournalOptions) {
    this.#options = options;
    this.#file = join(options.directory, "messages.db");
    this.#reader = new JournalReader(this.#file, options.directory);
    this.#thread = new RpcThread({
      start: () => new Worker(programFile("messaging/journal/thread").path),
      errorOf: (failure) => journalError(failure, options.directory, this.#file),
      ended: (cause) => this.#ended(cause),
      absent: () => journalClosed(this.#file),
    });
  }

  async recover({ sinceMs }: { readonly sinceMs: number }): Promise<Recovered> {
    if (statSync(this.#file, { throwIfNoEntry: false }) === undefined) return EMPTY;
    return this.#open(sinceMs);
  }

  /** Starts the thread, which takes a while, before there is something to write. Errors are reported by the next write. */
  prepare(): void {
    if (!this.#isClosed) this.#open(Number.POSITIVE_INFINITY).catch(() => undefined);
  }

  async append(batch: JournalBatch): Promise<void> {
    if (!this.#opened) await this.#open(Number.POSITIVE_INFINITY);
    const { heads, text } = batch.messages;
    await this.#writer.call("append", [batch], { transferred: [heads.buffer, text.buffer] });
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

  /** Dead letters of a workspace. */
  deadCount(workspace: string): number {
    return this.#reader.deadCount(workspace);
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

  async figures(): Promise<JournalStats> {
    const bytes = ["", "-wal", "-shm"].reduce(
      (sum, end) => sum + (statSync(`${this.#file}${end}`, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
    if (!this.#opened) return { messages: 0, dead: 0, bytes };
    return { ...(await this.#writer.call("figures", [])), bytes };
  }

  async retain(olderThanMs: number): Promise<void> {
    if (this.#opened) await this.#writer.call("retain", [olderThanMs]);
  }

  async deleteWorkspace(workspace: string): Promise<void> {
    if (this.#opened) await this.#writer.call("deleteWorkspace", [workspace]);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#thread.call("close", []).catch(() => undefined);
    await this.#thread.stop(journalClosed(this.#file));
    this.#reader[Symbol.dispose]();
  }

  /** Starts the thread, which opens the file and reads what is pending. */
  #open(sinceMs: number): Promise<Recovered> {
    if (this.#isClosed) return Promise.reject(journalClosed(this.#file));
    this.#opened ??= this.#start(sinceMs).catch(async (error: unknown) => {
      this.#opened = undefined;
      await this.#thread.stop(journalClosed(this.#file));
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
    this.#thread.start();
    const limits = { bytesMax, deadLettersMax, segmentBytesMax, segmentMsMax };
    const options = { file: this.#file, synchronous, ...limits };
    const program = programFile("kernel/sqlite/checkpoint-thread").path;
    const carrying = { file: this.#file, program, pagesMax: logPagesMax };
    return this.#thread.call("open", [options, { sinceMs, recentMax }, carrying]);
  }

  get #writer(): RpcThread<WriterMethods, WriterFailure> {
    if (this.#isClosed) throw journalClosed(this.#file);
    return this.#thread;
  }

  #ended(cause: unknown): Error {
    this.#isClosed = true;
    const error = journalClosed(this.#file);
    error.cause ??= cause;
    return error;
  }
}
