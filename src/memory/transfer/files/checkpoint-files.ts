import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { PRIVATE_DIRECTORY, PRIVATE_FILE } from "../../../kernel/files/private-files.ts";
import { type Json, parseJson } from "../../../kernel/json.ts";
import type { Checkpoints } from "../index.ts";

/** Checkpoints as files of a directory, replaced atomically. */
export class CheckpointFiles implements Checkpoints {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async read(name: string): Promise<Json | undefined> {
    const text = await readFile(this.#file(name), "utf8").catch(() => undefined);
    const parsed = text === undefined ? undefined : parseJson(text);
    return parsed?.type === "parsed" ? parsed.value : undefined;
  }

  async write(name: string, value: object): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: PRIVATE_DIRECTORY });
    const fresh = `${this.#file(name)}.new`;
    const file = await open(fresh, "w", PRIVATE_FILE);
    try {
      await file.writeFile(JSON.stringify(value));
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(fresh, this.#file(name));
  }

  async remove(name: string): Promise<void> {
    await rm(this.#file(name), { force: true });
  }

  async removeAll(prefix: string): Promise<void> {
    const files = await readdir(this.#directory).catch(() => []);
    for (const file of files) if (file.startsWith(prefix)) await rm(join(this.#directory, file), { force: true });
  }

  #file(name: string): string {
    return join(this.#directory, `${name}.json`);
  }
}
