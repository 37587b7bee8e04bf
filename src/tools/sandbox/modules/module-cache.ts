import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PRIVATE_DIRECTORY, PRIVATE_FILE } from "../../../kernel/files/private-files.ts";
import * as z from "zod";
import { contentHash } from "../../../kernel/content-hash.ts";
import { type Clock, systemClock } from "../../../kernel/clock.ts";
import { ModuleLruCache } from "./module-lru-cache.ts";
import { METER_VERSION } from "../meter/index.ts";
import type { GuestTool } from "../wire/index.ts";

/** Raised when the guest side treats modules differently: entries of another version are built again. */
const ABI_VERSION = 3;
const MAGIC = "caxton-module-1\n";
const DIGEST_CHARS = 64;
const HEAD_CHARS = MAGIC.length + DIGEST_CHARS + 1;

const BYTES_MAX = 2 * 1024 ** 3;
const CACHED_BYTES_MAX = 256 * 1024 ** 2;
const ENTRY = /^([0-9a-f]{64})\.module$/;
const DRAFT = ".draft";
/** Age at which a draft is abandoned: no module takes this long to write. */
const DRAFT_AGE_MS_MAX = 3_600_000;

const Fields = z.record(z.string(), z.json());
const Catalogue = z.strictObject({
  abi: z.string(),
  types: z.int().min(0),
  tools: z.array(
    z.strictObject({
      name: z.string(),
      title: z.string(),
      description: z.string(),
      inputSchema: Fields,
      outputSchema: Fields.optional(),
      readOnly: z.boolean(),
      idempotent: z.boolean(),
      destructive: z.boolean().optional(),
    }),
  ),
});

/** What making a module ready gave, apart from the module itself. */
export type Catalogue = { readonly abi: string; readonly types: number; readonly tools: readonly ReadyTool[] };
export type ReadyTool = z.output<typeof Catalogue>["tools"][number];
export type ReadyModule = { readonly catalogue: Catalogue; readonly bytes: () => Promise<Uint8Array> };

type Decoded = { readonly catalogue: Catalogue; readonly bytes: Uint8Array };
type Entry = { readonly key: string; readonly bytes: number; readonly usedAtMs: number };

/** Reads the catalogue a build child gave, which is not trusted. Undefined when it is not one. */
export const readCatalogue = (value: {
  readonly abi: string;
  readonly types: number;
  readonly tools: readonly GuestTool[];
}): Catalogue | undefined => {
  const { abi, types, tools } = value;
  const parsed = Catalogue.safeParse({ abi, types, tools });
  return parsed.success ? parsed.data : undefined;
};

/** An entry has been damaged or removed since it was made. */
export class EntryLostError extends Error {
  override readonly name = "EntryLostError";
  constructor() {
    super("its entry in the module cache is lost; deploy the tool server again");
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : String(error);

export type ModuleCacheOptions = {
  /** Bytes of all entries on disk; default 2 GiB. */
  readonly bytesMax?: number | undefined;
  /** Bytes of what is held in memory; default 256 MiB. */
  readonly cachedBytesMax?: number | undefined;
  /**
   * A read-only directory of entries: those of the modules that are part of the package, made when it was built.
   * What is found there is copied. An entry is found by what it was made from, so that none matches another module,
   * other limits or another version of what makes them.
   */
  readonly packaged?: string | undefined;
  readonly clock?: Clock | undefined;
};

/**
 * Modules that are ready to be compiled, each with its tools, by what they were made from. On disk when there is a
 * directory, else in memory. A damaged entry is as good as none.
 *
 * sandbox.module-cache.M1. On disk and in memory it holds a bounded number of bytes; the least recently used entry is evicted first. Of a file the time of its last change is that of its last use.
 * sandbox.module-cache.M2. An entry that is being read or written, or that a caller holds, is not evicted; these entries may exceed the
 *   bound. Any other entry is built again when it is requested.
 */
export class ModuleCache {
  readonly #directory: string | undefined;
  readonly #bytesMax: number;
  readonly #clock: Clock;
  readonly #packaged: string | undefined;
  readonly #held: ModuleLruCache;
  /** Reads and writes in progress, by key. */
  readonly #busy = new Map<string, number>();
  /** Modules that are still in use. */
  readonly #given = new Map<string, WeakRef<ReadyModule["bytes"]>>();
  readonly #removing = new Map<string, Promise<void>>();
  #sweeping: Promise<void>;

  constructor(directory: string | undefined, options: ModuleCacheOptions = {}) {
    this.#directory = directory;
    this.#bytesMax = options.bytesMax ?? BYTES_MAX;
    this.#clock = options.clock ?? systemClock;
    this.#packaged = options.packaged;
    this.#held = new ModuleLruCache(options.cachedBytesMax ?? CACHED_BYTES_MAX);
    this.#sweeping = this.#sweepDirectory();
  }

  /** Names an entry: the module's hash, the limits it was made for, the versions of what made it. */
  static key(moduleHash: string, limits: object): string {
    const made = { moduleHash, limits, METER_VERSION, ABI_VERSION, node: process.version };
    return createHash("sha256").update(JSON.stringify(made)).digest("hex");
  }

  async get(key: string): Promise<ReadyModule | undefined> {
    const held = this.#held.get(key);
    if (held !== undefined) return held.type === "module" ? held.ready : this.#onDisk(key, held.catalogue);
    const known = await this.#using(key, async () => {
      const entry = this.#directory === undefined ? undefined : await this.#read(key);
      return entry && this.#give(key, entry.catalogue);
    });
    return known ?? (await this.#fromPackage(key));
  }

  async #fromPackage(key: string): Promise<ReadyModule | undefined> {
    if (this.#packaged === undefined) return undefined;
    const file = await readFile(join(this.#packaged, `${key}.module`)).catch(() => undefined);
    const entry = file && (await decode(file));
    return entry && (await this.put(key, entry.catalogue, entry.bytes));
  }

  /** What was held of an entry is worth nothing when its file is gone. */
  async #onDisk(key: string, catalogue: Catalogue): Promise<ReadyModule | undefined> {
    return this.#using(key, async () => {
      if (await this.#touch(key)) return this.#give(key, catalogue);
      this.forget(key);
      return undefined;
    });
  }

  async put(key: string, catalogue: Catalogue, bytes: Uint8Array): Promise<ReadyModule> {
    const ready = await this.#using(key, async () => {
      if (this.#directory !== undefined && (await this.#write(key, catalogue, bytes)))
        return this.#give(key, catalogue);
      const module = { catalogue, bytes: () => Promise.resolve(bytes) };
      this.#held.set(key, { type: "module", ready: module }, bytes.length);
      return module;
    });
    await this.sweep();
    return ready;
  }

  forget(key: string): void {
    this.#held.delete(key);
  }

  /** Removes from disk what is over the bound, and what writers left that died. Never rejects. */
  async sweep(): Promise<void> {
    this.#sweeping = this.#sweeping.then(() => this.#sweepDirectory());
    await this.#sweeping;
  }

  async #sweepDirectory(): Promise<void> {
    if (this.#directory === undefined) return;
    const names = await readdir(this.#directory).catch(() => []);
    const found = await Promise.all(names.map((name) => this.#entryAt(name)));
    const entries = found.filter((entry) => entry !== undefined);
    let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { key, bytes } of entries.toSorted((one, other) => one.usedAtMs - other.usedAtMs)) {
      if (total <= this.#bytesMax) return;
      if (this.#isInUse(key)) continue;
      this.forget(key);
      const removing = rm(this.#path(key), { force: true }).catch(() => {});
      this.#removing.set(key, removing);
      await removing;
      this.#removing.delete(key);
      total -= bytes;
    }
  }

  /** An entry's file; an abandoned draft is removed. */
  async #entryAt(name: string): Promise<Entry | undefined> {
    const path = join(this.#directory ?? "", name);
    const stats = await stat(path).catch(() => undefined);
    if (stats === undefined) return undefined;
    const key = ENTRY.exec(name)?.[1];
    if (key !== undefined) return { key, bytes: stats.size, usedAtMs: stats.mtimeMs };
    if (name.endsWith(DRAFT) && stats.mtimeMs < this.#clock.nowMs() - DRAFT_AGE_MS_MAX) {
      await rm(path, { force: true }).catch(() => {});
    }
    return undefined;
  }

  #isInUse(key: string): boolean {
    if (this.#busy.has(key)) return true;
    if (this.#given.get(key)?.deref() !== undefined) return true;
    this.#given.delete(key);
    return false;
  }

  /** Does something with an entry that is not removed meanwhile. */
  async #using<Value>(key: string, work: () => Promise<Value>): Promise<Value> {
    this.#busy.set(key, (this.#busy.get(key) ?? 0) + 1);
    try {
      await this.#removing.get(key);
      return await work();
    } finally {
      const left = (this.#busy.get(key) ?? 1) - 1;
      if (left === 0) this.#busy.delete(key);
      else this.#busy.set(key, left);
    }
  }

  /** Returns an entry on disk to the caller, whose reference keeps it there. */
  #give(key: string, catalogue: Catalogue): ReadyModule {
    const bytes = this.#given.get(key)?.deref() ?? ((): Promise<Uint8Array> => this.#bytes(key));
    this.#given.set(key, new WeakRef(bytes));
    this.#held.set(key, { type: "catalogue", catalogue }, JSON.stringify(catalogue).length);
    return { catalogue, bytes };
  }

  /** Throws EntryLostError; another error when the entry may be whole and cannot be read just now. */
  async #bytes(key: string): Promise<Uint8Array> {
    const file = await this.#using(key, () => readFile(this.#path(key))).catch((error: unknown) => error);
    const code = file instanceof Uint8Array ? undefined : codeOf(file);
    if (code !== undefined && code !== "ENOENT") {
      throw new Error(`its entry in the module cache cannot be read (${code})`, { cause: file });
    }
    const entry = file instanceof Buffer ? await decode(file) : undefined;
    if (entry !== undefined) {
      await this.#touch(key);
      return entry.bytes;
    }
    this.forget(key);
    throw new EntryLostError();
  }

  #path(key: string): string {
    return join(this.#directory ?? "", `${key}.module`);
  }

  async #read(key: string): Promise<Decoded | undefined> {
    const file = await readFile(this.#path(key)).catch(() => undefined);
    const entry = file && (await decode(file));
    if (entry !== undefined) await this.#touch(key);
    return entry;
  }

  /** Notes that an entry is used; false when it is not there. One that cannot be noted is used all the same. */
  async #touch(key: string): Promise<boolean> {
    const now = this.#clock.nowMs() / 1_000;
    try {
      await utimes(this.#path(key), now, now);
      return true;
    } catch {
      return await stat(this.#path(key)).then(
        () => true,
        () => false,
      );
    }
  }

  /** False when the disk does not take it; the module is then held in memory. */
  async #write(key: string, catalogue: Catalogue, bytes: Uint8Array): Promise<boolean> {
    const json = Buffer.from(JSON.stringify(catalogue));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(json.length);
    const content = Buffer.concat([length, json, bytes]);
    const hash = await contentHash(content);
    const path = this.#path(key);
    const draft = `${path}.${process.pid}${DRAFT}`;
    try {
      await mkdir(this.#directory ?? "", { recursive: true, mode: PRIVATE_DIRECTORY });
      await writeFile(draft, [Buffer.from(`${MAGIC}${hash}\n`), content], { mode: PRIVATE_FILE });
      await rename(draft, path);
      await this.#touch(key);
      return true;
    } catch {
      await rm(draft, { force: true }).catch(() => {});
      return false;
    }
  }
}

/** What an entry's file holds; undefined when it is damaged. */
async function decode(file: Buffer<ArrayBuffer>): Promise<Decoded | undefined> {
  try {
    const content = file.subarray(HEAD_CHARS);
    if (file.toString("latin1", 0, HEAD_CHARS) !== `${MAGIC}${await contentHash(content)}\n`) return undefined;
    const end = 4 + content.readUInt32LE(0);
    const catalogue = Catalogue.parse(JSON.parse(content.toString("utf8", 4, end)));
    return { catalogue, bytes: content.subarray(end) };
  } catch {
    return undefined;
  }
}
