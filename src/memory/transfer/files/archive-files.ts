import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { archiveHead, type RetentionArchive } from "../index.ts";
import { flushDirectory } from "../../../kernel/files/flush-directory.ts";

/** Archives expired memory in one file per pass, as an importable export. */
export class ArchiveFiles implements RetentionArchive {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async append(pass: string, text: string): Promise<string> {
    const made = await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    if (made !== undefined) await flushDirectory(dirname(made));
    const path = join(this.#directory, `memory-${pass}.jsonl`);
    const file = await open(path, "a", 0o600);
    try {
      const { size } = await file.stat();
      await file.writeFile(size === 0 ? archiveHead() + text : text);
      await file.datasync();
      // A new file survives a power failure once its directory is on disk.
      if (size === 0) await flushDirectory(this.#directory);
    } finally {
      await file.close();
    }
    return path;
  }
}
