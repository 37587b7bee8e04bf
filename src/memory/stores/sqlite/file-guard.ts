import { log } from "../../../kernel/log.ts";
import type { StoreProblem } from "../../knowledge/index.ts";
import type { EmbeddedMemory } from "./embedded-memory.ts";
import { memoryError, removedMemory, replacedMemory } from "./errors.ts";

/** Between two attempts to write a file back lies so many times what the last one took. */
const REST_FACTOR = 20;

type Trouble = ReturnType<typeof removedMemory | typeof replacedMemory>;

/**
 * Looks whether memory's file is still at its path: a server goes on with a file that somebody removed, and all would be lost
 * with it at the stop.
 * sqlite.file-guard.F1. A change is made when the file was at its path a moment before, and is refused while it is
 *   not.
 * sqlite.file-guard.F2. A file that was removed is written back by itself. Nothing is ever written over another file
 *   that came to its path.
 */
export class FileGuard {
  readonly #memory: EmbeddedMemory;
  readonly #file: string;
  readonly #tell: (trouble: Trouble | undefined) => void;
  #saving: Promise<void> | undefined;
  #trouble: Trouble | undefined;
  #hasSaved = false;
  #nextMs = 0;
  /** Nothing in the log is told to the file that took the place of memory's. */
  #isSettled = false;
  #isLast = false;

  /** `tell` is told of trouble when it comes, changes and goes. */
  constructor(
    of: { readonly memory: EmbeddedMemory; readonly file: string },
    tell: (trouble: Trouble | undefined) => void,
  ) {
    this.#memory = of.memory;
    this.#file = of.file;
    this.#tell = tell;
  }

  /** Why nothing can be changed; as it was when somebody looked. */
  get trouble(): Trouble | undefined {
    return this.#trouble;
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
  lookLast(): void {
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

  /** Copies what memory holds in time of trouble, when its path has nothing or another file. Rejects with what SQLite throws. */
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

  #is(trouble: Trouble | undefined): void {
    if (this.#trouble?.message === trouble?.message) return;
    this.#trouble = trouble;
    if (trouble) log.error({ err: trouble, hint: trouble.hint }, "memory remembers nothing new");
    this.#tell(trouble);
  }

  /** What a doctor is to say of it; that it was mended is said once. */
  problems(): readonly StoreProblem[] {
    const hasSaved = this.#hasSaved;
    this.#hasSaved = false;
    if (this.#trouble) return [{ what: this.#trouble.message, hint: this.#trouble.hint, isMended: false }];
    const what = `${this.#file} was gone: somebody removed it while the server ran`;
    return hasSaved ? [{ what, hint: "", isMended: true }] : [];
  }
}
