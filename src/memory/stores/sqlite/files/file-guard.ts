import { log } from "../../../../kernel/log.ts";
import type { StoreProblem } from "../../../knowledge/index.ts";
import type { EmbeddedMemory } from "../embedded-memory.ts";
import { memoryError, removedMemory, replacedMemory } from "../errors.ts";

/** Between two attempts to write a file back lies so many times what the last one took. */
const REST_FACTOR = 20;

type FileFault = ReturnType<typeof removedMemory | typeof replacedMemory>;

/**
 * Checks that memory's file is still at its path: a server can continue with a removed file, and all data would be lost
 * when it stops.
 * sqlite.file-guard.F1. A change is made when the file was at its path a moment before, and is refused while it is
 *   not.
 * sqlite.file-guard.F2. A removed file is written back automatically. Another file at its path is never
 *   overwritten.
 */
export class FileGuard {
  readonly #memory: EmbeddedMemory;
  readonly #file: string;
  readonly #onFault: (fault: FileFault | undefined) => void;
  #saving: Promise<void> | undefined;
  #fault: FileFault | undefined;
  #hasSaved = false;
  #nextMs = 0;
  /** Whether the WAL is detached from a file that replaced memory's file. */
  #isSettled = false;
  #isLast = false;

  /** `onFault` is called when a fault appears, changes or disappears. */
  constructor(
    of: { readonly memory: EmbeddedMemory; readonly file: string },
    onFault: (fault: FileFault | undefined) => void,
  ) {
    this.#memory = of.memory;
    this.#file = of.file;
    this.#onFault = onFault;
  }

  /** Why writes are refused, as of the last check. */
  get fault(): FileFault | undefined {
    return this.#fault;
  }

  /** While the file that is open is copied, here or back to its path. It does not reject. */
  get saving(): Promise<void> | undefined {
    return this.#saving;
  }

  /** Looks where the file is, and begins to write it back when it is gone. */
  look(): void {
    if (this.#saving) return;
    const now = this.#memory.fileNow;
    if (now !== "another") this.#isSettled = false;
    if (now === "there") this.#is(undefined);
    else if (now === "another") {
      this.#is(replacedMemory(this.#file));
      this.#settle();
    } else if (performance.now() >= this.#nextMs)
      this.#saving = this.#save().finally(() => {
        this.#saving = undefined;
      });
  }

  /** The same before memory is closed: what is not saved then is lost, so that it is tried once more at once. */
  finalCheck(): void {
    if (!this.#isLast) this.#nextMs = 0;
    this.#isLast = true;
    this.look();
  }

  #settle(): void {
    if (this.#isSettled) return;
    try {
      this.#isSettled = this.#memory.settleLog({ waits: this.#isLast });
    } catch (error) {
      log.error(
        { err: memoryError(error, this.#file) },
        "the log of the former memory cannot be written back into it: it is tried again",
      );
    }
    if (this.#isLast && !this.#isSettled)
      log.error(
        { file: this.#file },
        "the log beside memory's file may be the former one's: move the file with -wal behind its name away before the server is started, or the new file may be damaged",
      );
  }

  /** Copies memory during a fault, when its path has no file or another one. Rejects with the errors of SQLite. */
  async copyTo(to: string): Promise<void> {
    const copied = this.#memory.copyTo(to);
    this.#saving = copied
      .catch(() => undefined)
      .finally(() => {
        this.#saving = undefined;
      });
    await copied;
  }

  async #save(): Promise<void> {
    const startedMs = performance.now();
    try {
      await this.#memory.writeBack();
      this.#hasSaved = true;
      log.error(
        { file: this.#file },
        "the file of memory was removed while the server runs: it was written back, whole. `caxton memory forget` empties memory; who wants to begin with another file stops the server first",
      );
      this.#is(undefined);
    } catch (error) {
      this.#is(removedMemory(this.#file, memoryError(error, this.#file)));
      const nowMs = performance.now();
      this.#nextMs = nowMs + (nowMs - startedMs) * REST_FACTOR;
    }
  }

  #is(fault: FileFault | undefined): void {
    if (this.#fault?.message === fault?.message) return;
    this.#fault = fault;
    if (fault) log.error({ err: fault, hint: fault.hint }, "memory is read-only: its file is missing or was replaced");
    this.#onFault(fault);
  }

  /** Inconsistencies for a check; a repair is reported once. */
  problems(): readonly StoreProblem[] {
    const hasSaved = this.#hasSaved;
    this.#hasSaved = false;
    if (this.#fault) return [{ what: this.#fault.message, hint: this.#fault.hint, isRepaired: false }];
    const what = `${this.#file} was missing: it was removed while the server was running`;
    return hasSaved ? [{ what, hint: "", isRepaired: true }] : [];
  }
}
