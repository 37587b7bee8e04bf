import { type Clock } from "../../../kernel/clock.ts";
import { log } from "../../../kernel/log.ts";
import { type TimerQueue } from "../../../kernel/async/timer-queue.ts";
import { Batch } from "./batch.ts";
import { type MessageJournal, type RouterOptions } from "../ports/index.ts";

/** After a batch could not be written, settlements wait this long for the next try. */
const RETRY_MS = 1_000;

type WriterParts = {
  readonly journal: MessageJournal;
  readonly clock: Clock;
  readonly alarm: TimerQueue;
  readonly options: Pick<RouterOptions, "batchMessagesMax" | "settlementWaitMs">;
};

/**
 * Writes to disk in batches that form automatically: while one is written the next one fills.
 * writing.writer.W1. One batch is written at a time, in the order in which they were filled.
 * writing.writer.W2. `written` is called after the batch is on disk, `lost` when it is not; one of the two, once, in
 *   order.
 * writing.writer.W3. When a batch is lost, those filled meanwhile are lost with it: they may rest on it. Settlements,
 *   retries, dead letters and mailbox numbers are kept and written with the next one, in one transaction with the
 *   changes that are made again (`redo`).
 * writing.writer.W4. Settlements alone wait up to `settlementWaitMs`: a message that comes meanwhile finds the disk
 *   free and takes them along. A caller that waits for the disk (`settled`) ends the wait.
 */
export class Writer {
  readonly #journal: MessageJournal;
  readonly #clock: Clock;
  readonly #alarm: TimerQueue;
  readonly #rowsMax: number;
  readonly #settlementWaitMs: number;
  #batches: Batch[] = [new Batch()];
  #isWriting = false;
  #isScheduled = false;
  /** Settlements wait, and an alarm is set. */
  #isHolding = false;
  readonly #redo: (() => void)[] = [];

  constructor(parts: WriterParts) {
    this.#journal = parts.journal;
    this.#clock = parts.clock;
    this.#alarm = parts.alarm;
    this.#rowsMax = parts.options.batchMessagesMax;
    this.#settlementWaitMs = parts.options.settlementWaitMs;
  }

  /** The batch that is filled at present; all additions are written together. */
  batch(): Batch {
    this.#schedule();
    const last = this.#batches[this.#batches.length - 1];
    if (last !== undefined && last.messages < this.#rowsMax && last.waiting.length < this.#rowsMax) return last;
    const next = new Batch(last);
    this.#batches.push(next);
    return next;
  }

  /** For `lost` (W3): `change` is called when every change of the lost batches is undone. */
  redo(change: () => void): void {
    this.#redo.push(change);
  }

  /** Whether nothing is being written or waits to be. */
  get isIdle(): boolean {
    return !this.#isWriting && !this.#isScheduled && this.#batches.every(isEmpty);
  }

  /** Resolves when all that was added until now is written or lost; does not wait for what is added later. */
  async settled(): Promise<void> {
    if (this.isIdle) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.batch().waiting.push({ written: resolve, lost: () => resolve() });
    await promise;
  }

  /** Resolves when all that was added until now is written. Throws the storage error if it is lost. */
  async stored(): Promise<void> {
    if (this.isIdle) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.batch().waiting.push({ written: resolve, lost: reject });
    await promise;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isWriting) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#isWriting) return;
      const [first] = this.#batches;
      if (this.#settlementWaitMs > 0 && first?.hasSettlementsOnly === true) this.#hold();
      else void this.#write();
    });
  }

  /** W4. */
  #hold(): void {
    if (this.#isHolding) return;
    this.#isHolding = true;
    this.#alarm.at(this.#clock.monotonicMs() + this.#settlementWaitMs, () => {
      this.#isHolding = false;
      const [first] = this.#batches;
      if (!this.#isWriting && first !== undefined && !isEmpty(first)) void this.#write();
    });
  }

  async #write(): Promise<void> {
    const batch = this.#batches.shift() ?? new Batch();
    if (this.#batches.length === 0) this.#batches.push(new Batch(batch));
    this.#isWriting = true;
    const problem = await this.#put(batch);
    if (problem !== undefined) this.#lose(batch, problem.error);
    this.#isWriting = false;
    if (problem !== undefined) return;
    // What the callbacks add goes into the next batch.
    for (const waiting of batch.waiting) waiting.written();
    this.#next();
  }

  /** What went wrong, if anything. */
  async #put(batch: Batch): Promise<{ readonly error: unknown } | undefined> {
    if (!batch.hasRows) return undefined;
    try {
      await this.#journal.append(batch.rows(this.#clock.nowMs()));
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  #next(): void {
    const [first] = this.#batches;
    if (first !== undefined && !isEmpty(first)) this.#schedule();
  }

  #lose(batch: Batch, error: unknown): void {
    log.error({ error }, "messages could not be written");
    const lost = [batch, ...this.#batches];
    const rest = new Batch();
    for (const each of lost) rest.inherit(each);
    this.#batches = [rest];
    for (const { waiting } of lost) for (const each of waiting) each.lost(error);
    for (const change of this.#redo.splice(0)) change();
    if (!isEmpty(rest)) this.#alarm.at(this.#clock.monotonicMs() + RETRY_MS, () => this.#schedule());
  }
}

const isEmpty = (batch: Batch): boolean => !batch.hasRows && batch.waiting.length === 0;
