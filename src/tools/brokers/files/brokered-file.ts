import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { type BrokeredFile, type FileInfo, refused, type Refused, type Stamps } from "../../sandbox/index.ts";
import type { FileTimes } from "./file-times.ts";
import { CAN_PIN, descriptorPath } from "./pinned-path.ts";
import { refusalOf } from "./refusal.ts";

/** Undefined for what guests may not see: pipes, sockets and devices. */
export function infoOf(stats: BigIntStats, times: FileTimes): FileInfo | undefined {
  const kind = stats.isFile()
    ? "file"
    : stats.isDirectory()
      ? "directory"
      : stats.isSymbolicLink()
        ? "link"
        : undefined;
  return (
    kind && {
      kind,
      bytes: kind === "directory" ? 0 : Number(stats.size),
      device: stats.dev,
      inode: stats.ino,
      links: stats.nlink,
      accessedNs: times.accessedNs(stats),
      modifiedNs: times.modifiedNs(stats),
      changedNs: stats.ctimeNs,
    }
  );
}

/** A directory that guests see and that is not, or not for them, one on disk. Its number comes of its name. */
export const directoryAbove = (path: string): FileInfo => ({
  kind: "directory",
  bytes: 0,
  device: 0n,
  inode: createHash("sha256").update(path).digest().readBigUInt64LE(0) >> 1n,
  links: 1n,
  accessedNs: 0n,
  modifiedNs: 0n,
  changedNs: 0n,
});

export type DiskFileOptions = {
  readonly times: FileTimes;
  /** Whether it was opened for writing. */
  readonly isWritable: boolean;
  /** Whether it may be changed at all. */
  readonly mayWrite: boolean;
  readonly bytesMax: number;
};

/** An open file on disk. Reads and writes are at offsets, so nothing depends on their order. */
export class DiskFile implements BrokeredFile {
  readonly info: FileInfo;
  readonly #handle: FileHandle;
  readonly #options: DiskFileOptions;
  #appending: Promise<FileHandle> | undefined;

  constructor(handle: FileHandle, info: FileInfo, options: DiskFileOptions) {
    this.info = info;
    this.#handle = handle;
    this.#options = options;
  }

  stat(): Promise<FileInfo | Refused> {
    return this.#tried(async () => {
      const info = infoOf(await this.#handle.stat({ bigint: true }), this.#options.times);
      return info ?? refused("io");
    });
  }

  read(offset: number, length: number): Promise<Uint8Array | Refused> {
    return this.#tried(async () => {
      const { bytesRead, buffer } = await this.#handle.read(Buffer.allocUnsafe(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    });
  }

  async write(offset: number, bytes: Uint8Array): Promise<number | Refused> {
    if (!this.#options.isWritable) return refused("denied");
    if (offset + bytes.length > this.#options.bytesMax) return refused("too-large");
    return this.#tried(async () => (await this.#handle.write(bytes, 0, bytes.length, offset)).bytesWritten);
  }

  async append(bytes: Uint8Array): Promise<{ readonly count: number; readonly end: number } | Refused> {
    if (!this.#options.isWritable) return refused("denied");
    return this.#tried(async () => {
      const before = (await this.#handle.stat()).size;
      if (before + bytes.length > this.#options.bytesMax) return refused("too-large");
      // By a handle of its own, since with it the system finds the end: two that append never write over each other.
      const handle = await (this.#appending ??= this.#openAppending());
      const at = handle === this.#handle ? before : null;
      const { bytesWritten } = await handle.write(bytes, 0, bytes.length, at);
      return { count: bytesWritten, end: (await this.#handle.stat()).size };
    });
  }

  #openAppending(): Promise<FileHandle> {
    const { O_WRONLY, O_APPEND } = constants;
    return CAN_PIN ? open(descriptorPath(this.#handle), O_WRONLY | O_APPEND) : Promise.resolve(this.#handle);
  }

  async truncate(bytes: number): Promise<Refused | undefined> {
    if (!this.#options.isWritable) return refused("denied");
    if (bytes > this.#options.bytesMax) return refused("too-large");
    return this.#tried(() => this.#handle.truncate(bytes).then(() => undefined));
  }

  async sync(): Promise<Refused | undefined> {
    if (!this.#options.isWritable) return undefined;
    return this.#tried(() => this.#handle.sync().then(() => undefined));
  }

  async setTimes(times: Stamps): Promise<Refused | undefined> {
    if (!this.#options.mayWrite) return refused("denied");
    const handle = this.#handle;
    return this.#tried(async () => {
      await this.#options.times.set(
        times,
        (accessed, modified) => handle.utimes(accessed, modified),
        () => handle.stat({ bigint: true }),
      );
      return undefined;
    });
  }

  async close(): Promise<void> {
    const appending = await this.#appending?.catch(() => undefined);
    if (appending !== undefined && appending !== this.#handle) await appending.close();
    await this.#handle.close();
  }

  async #tried<Value>(work: () => Promise<Value>): Promise<Value | Refused> {
    try {
      return await work();
    } catch (error) {
      return refused(refusalOf(error));
    }
  }
}
