import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { archiveHead, type RetentionArchive } from "../../memory-transfer/index.ts";

/** What retention takes out of memory, in a file for each pass, as an export that can be imported. */
export class ArchiveFiles implements RetentionArchive {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async append(pass: string, text: string): Promise<string> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const path = join(this.#directory, `memory-${pass}.jsonl`);
    const file = await open(path, "a", 0o600);
    try {
      const { size } = await file.stat();
      await file.writeFile(size === 0 ? archiveHead() + text : text);
      await file.datasync();
    } finally {
      await file.close();
    }
    return path;
  }
}
