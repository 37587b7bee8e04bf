import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { PRIVATE_DIRECTORY, PRIVATE_FILE } from "../../kernel/files/private-files.ts";
import { type Clock } from "../../kernel/clock.ts";
import { mint, UploadId } from "../../kernel/ids.ts";
import { type ContentStore, type MessageArtifact } from "../acl/index.ts";

/** Content stored within this time is not removed for lack of space. */
const FRESH_MS = 60_000;
const HASH = /^[0-9a-f]{64}$/;
const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/**
 * Content of messages as files named by their SHA-256 and workspace, in folders by its first two digits. What is kept again is as new
 * as when it was first kept, so that retention by age never takes what a newer message refers to.
 */
export class FileContentStore implements ContentStore {
  readonly #directory: string;
  readonly #clock: Clock;
  /** By workspace. Undefined until first used, and after files were removed. */
  #bytes: Map<string, number> | undefined;

  constructor(directory: string, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
  }

  async keep(workspace: string, bytes: Uint8Array, mediaType: string, signal: AbortSignal): Promise<MessageArtifact> {
    const hash = hashOf(bytes);
    const path = this.#path(workspace, hash);
    const artifact = { id: `sha256-${hash}`, mediaType, bytes: bytes.length, hash };
    if (await this.#touch(path)) return artifact;
    await mkdir(join(path, ".."), { recursive: true, mode: PRIVATE_DIRECTORY });
    // Written beside and renamed, so that a file that is there is whole.
    const draft = `${path}.${mint(UploadId)}`;
    try {
      await writeSynced(draft, bytes, signal);
      await rename(draft, path);
      await this.#touch(path);
      this.#bytes?.set(workspace, (this.#bytes.get(workspace) ?? 0) + bytes.length);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    return artifact;
  }

  async fetch(
    workspace: string,
    { hash }: Pick<MessageArtifact, "hash">,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    if (!HASH.test(hash)) return undefined;
    try {
      const bytes = await readFile(this.#path(workspace, hash), { signal });
      return hashOf(bytes) === hash ? bytes : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** Removes what was last kept before `ms` (epoch); how many. */
  async dropBefore(ms: number): Promise<number> {
    let dropped = 0;
    for await (const { path, keptAtMs } of this.#files()) {
      if (keptAtMs >= ms) continue;
      await rm(path, { force: true });
      dropped += 1;
    }
    if (dropped > 0) this.#bytes = undefined;
    return dropped;
  }

  async deleteWorkspace(workspace: string): Promise<void> {
    for await (const file of this.#files()) if (file.workspace === workspace) await rm(file.path, { force: true });
    this.#bytes = undefined;
  }

  async bytes(workspace: string): Promise<number> {
    this.#bytes ??= await this.#counted();
    return this.#bytes.get(workspace) ?? 0;
  }

  async #counted(): Promise<Map<string, number>> {
    const sums = new Map<string, number>();
    for await (const { workspace, bytes } of this.#files()) sums.set(workspace, (sums.get(workspace) ?? 0) + bytes);
    return sums;
  }

  async dropOldest(workspace: string, bytesMax: number, spared: ReadonlySet<string>): Promise<number> {
    const all = await Array.fromAsync(this.#files());
    const files = all.filter((file) => file.workspace === workspace);
    let left = files.reduce((sum, { bytes }) => sum + bytes, 0);
    const freshMs = this.#clock.nowMs() - FRESH_MS;
    for (const { path, hash, bytes } of files.toSorted((one, other) => one.keptAtMs - other.keptAtMs)) {
      if (left <= bytesMax) break;
      // Checked again: it may have been stored again while others were removed.
      const found = await stat(path).catch(() => undefined);
      if (spared.has(hash) || found === undefined || found.mtimeMs > freshMs) continue;
      await rm(path, { force: true });
      left -= bytes;
    }
    this.#bytes?.set(workspace, left);
    return left;
  }

  async *#files(): AsyncGenerator<KeptFile> {
    for (const folder of await readdir(this.#directory).catch(() => [])) {
      for (const name of await readdir(join(this.#directory, folder))) {
        const path = join(this.#directory, folder, name);
        const found = await stat(path).catch(() => undefined);
        // A file that is being written has the id of its draft after the workspace.
        const [hash = "", workspace = ""] = name.split(/[@.]/u);
        if (found !== undefined) yield { path, hash, workspace, bytes: found.size, keptAtMs: found.mtimeMs };
      }
    }
  }

  #path(workspace: string, hash: string): string {
    return join(this.#directory, hash.slice(0, 2), `${hash}@${workspace}`);
  }

  /** Whether the file is there; it is then as new as now. */
  async #touch(path: string): Promise<boolean> {
    const nowSeconds = this.#clock.nowMs() / 1_000;
    try {
      await utimes(path, nowSeconds, nowSeconds);
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }
}

type KeptFile = {
  readonly path: string;
  readonly hash: string;
  readonly workspace: string;
  readonly bytes: number;
  readonly keptAtMs: number;
};

async function writeSynced(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  await using file = await open(path, "wx", PRIVATE_FILE);
  await file.writeFile(bytes, { signal });
  await file.sync();
}

const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT";
