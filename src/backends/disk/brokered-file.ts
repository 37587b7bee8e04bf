import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { type BrokeredFile, type FileInfo, refused, type Refused } from "../../sandbox/index.ts";
import { refusalOf } from "./refusal.ts";

export const infoOf = (stats: Stats): FileInfo => ({
  kind: stats.isDirectory() ? "directory" : "file",
  bytes: stats.isDirectory() ? 0 : stats.size,
  modifiedAtMs: Math.floor(stats.mtimeMs),
});

/** An open file on disk. Reads and writes are at offsets, so nothing depends on their order. */
export class DiskFile implements BrokeredFile {
  readonly info: FileInfo;
  readonly #handle: FileHandle;
  readonly #isWritable: boolean;
  readonly #bytesMax: number;

  constructor(handle: FileHandle, info: FileInfo, { isWritable, bytesMax }: { isWritable: boolean; bytesMax: number }) {
    this.info = info;
    this.#handle = handle;
    this.#isWritable = isWritable;
    this.#bytesMax = bytesMax;
  }

  async read(offset: number, length: number): Promise<Uint8Array | Refused> {
    try {
      const { bytesRead, buffer } = await this.#handle.read(Buffer.allocUnsafe(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    } catch (error) {
      return refused(refusalOf(error));
    }
  }

  async write(offset: number, bytes: Uint8Array): Promise<number | Refused> {
    if (!this.#isWritable) return refused("denied");
    if (offset + bytes.length > this.#bytesMax) return refused("too-large");
    try {
      return (await this.#handle.write(bytes, 0, bytes.length, offset)).bytesWritten;
    } catch (error) {
      return refused(refusalOf(error));
    }
  }

  async truncate(bytes: number): Promise<Refused | undefined> {
    if (!this.#isWritable) return refused("denied");
    if (bytes > this.#bytesMax) return refused("too-large");
    try {
      await this.#handle.truncate(bytes);
      return undefined;
    } catch (error) {
      return refused(refusalOf(error));
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
