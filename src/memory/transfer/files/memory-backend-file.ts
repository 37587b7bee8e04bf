import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { flushDirectory } from "../../../kernel/files/flush-directory.ts";
import * as z from "zod";
import { MemoryBackendUnknownError, type ActiveBackend, type ActiveBackendFile } from "../index.ts";

const Note = z.object({
  configured: z.string(),
  was: z.string(),
  now: z.string(),
  seq: z.int().optional(),
  at: z.iso.datetime(),
  confirmed: z.boolean(),
});

/** The active backend, stored in `memory-backend.json` of the data directory. */
export class MemoryBackendFile implements ActiveBackendFile {
  readonly #file: string;

  constructor(directory: string) {
    this.#file = join(directory, "memory-backend.json");
  }

  /** Throws MemoryBackendUnknownError. */
  async read(): Promise<ActiveBackend | undefined> {
    try {
      const { at, confirmed, seq, ...note } = Note.parse(JSON.parse(await readFile(this.#file, "utf8")));
      return { ...note, seq, atMs: Date.parse(at), isConfirmed: confirmed };
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw new MemoryBackendUnknownError(
        `${this.#file}, which names the active memory backend, is unreadable`,
        "Make it readable. If it is lost, set memory.backend to the backend that was active, and delete the file.",
        { file: this.#file },
        { cause: error },
      );
    }
  }

  async write({ atMs, isConfirmed, ...note }: ActiveBackend): Promise<void> {
    const text = JSON.stringify({ ...note, at: new Date(atMs).toISOString(), confirmed: isConfirmed });
    const fresh = `${this.#file}.new`;
    const file = await open(fresh, "w", 0o600);
    try {
      await file.writeFile(`${text}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, this.#file);
    await flushDirectory(dirname(this.#file));
  }

  async remove(): Promise<void> {
    await rm(this.#file, { force: true });
    await flushDirectory(dirname(this.#file));
  }
}
