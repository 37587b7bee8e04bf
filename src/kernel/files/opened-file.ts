import { type BigIntStats, statSync } from "node:fs";

/** What is at a path where a file was opened: that file, nothing, or another one. */
export type FileNow = "there" | "gone" | "another";

/** A file that was opened, by which it is known again: as long as it is open, no other has its number. */
export class OpenedFile {
  readonly #path: string;
  readonly #opened: BigIntStats | undefined;

  /** Right after it was opened. */
  constructor(path: string) {
    this.#path = path;
    this.#opened = found(path);
  }

  now(): FileNow {
    try {
      const there = found(this.#path);
      if (!there) return "gone";
      return there.ino === this.#opened?.ino && there.dev === this.#opened.dev ? "there" : "another";
    } catch {
      // Who may not look there knows nothing of it.
      return "there";
    }
  }
}

const found = (path: string): BigIntStats | undefined => statSync(path, { bigint: true, throwIfNoEntry: false });

/** A database with its log, both of which have to be at their paths for what is written to be found again. */
export class OpenedDatabase {
  readonly #file: string;
  readonly #parts: readonly OpenedFile[];

  /** After something was read from it or written to it, which makes its log. */
  constructor(file: string) {
    this.#file = file;
    this.#parts = [new OpenedFile(file), new OpenedFile(`${file}-wal`)];
  }

  /** Throws LostFile when a commit now would be stored where the next start does not find it. */
  mustBeThere(): void {
    for (const part of this.#parts) {
      const now = part.now();
      if (now !== "there") throw new LostFile(this.#file, now);
    }
  }
}

/** A database whose file or log was removed or replaced while it is open. */
export class LostFile extends Error {
  override readonly name = "LostFile";
  readonly file: string;
  readonly now: Exclude<FileNow, "there">;
  constructor(file: string, now: Exclude<FileNow, "there">) {
    super(`${file} is ${now === "gone" ? "gone" : "another file"}`);
    this.file = file;
    this.now = now;
  }
}
