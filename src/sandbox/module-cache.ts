import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { METER_VERSION } from "./meter/index.ts";
import type { GuestTool } from "./wire/index.ts";

/** Raised when what the guest side does with a module changes: entries of another version are made anew. */
const ABI_VERSION = 2;
const MAGIC = "caxton-module-1\n";
const DIGEST_CHARS = 64;
const HEAD_CHARS = MAGIC.length + DIGEST_CHARS + 1;

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
    }),
  ),
});

/** What making a module ready gave, apart from the module itself. */
export type Catalogue = { readonly abi: string; readonly types: number; readonly tools: readonly ReadyTool[] };
export type ReadyTool = z.output<typeof Catalogue>["tools"][number];
export type ReadyModule = { readonly catalogue: Catalogue; readonly bytes: () => Promise<Uint8Array> };

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

export const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/**
 * Modules that are ready to be compiled, each with its tools, by what they were made from. On disk when there is a
 * directory, else in memory. A damaged entry is as good as none.
 */
export class ModuleCache {
  readonly #directory: string | undefined;
  readonly #held = new Map<string, ReadyModule>();

  constructor(directory: string | undefined) {
    this.#directory = directory;
  }

  /** Names an entry: the module's hash, the limits it was made for, the versions of what made it. */
  static key(moduleHash: string, limits: object): string {
    return hashOf(
      Buffer.from(JSON.stringify({ moduleHash, limits, METER_VERSION, ABI_VERSION, node: process.version })),
    );
  }

  async get(key: string): Promise<ReadyModule | undefined> {
    const held = this.#held.get(key);
    if (held !== undefined || this.#directory === undefined) return held;
    const entry = await this.#read(key);
    if (entry === undefined) return undefined;
    const ready = { catalogue: entry.catalogue, bytes: () => this.#bytes(key) };
    this.#held.set(key, ready);
    return ready;
  }

  async put(key: string, catalogue: Catalogue, bytes: Uint8Array): Promise<ReadyModule> {
    const isStored = this.#directory !== undefined && (await this.#write(key, catalogue, bytes));
    const ready = { catalogue, bytes: isStored ? () => this.#bytes(key) : () => Promise.resolve(bytes) };
    this.#held.set(key, ready);
    return ready;
  }

  forget(key: string): void {
    this.#held.delete(key);
  }

  /** Throws when the entry has been damaged or removed since it was read. */
  async #bytes(key: string): Promise<Uint8Array> {
    const entry = await this.#read(key);
    if (entry !== undefined) return entry.bytes;
    this.forget(key);
    throw new Error("its entry in the module cache is gone; deploy the tool server again");
  }

  #path(key: string): string {
    return join(this.#directory ?? "", `${key}.module`);
  }

  async #read(key: string): Promise<{ readonly catalogue: Catalogue; readonly bytes: Uint8Array } | undefined> {
    try {
      const file = await readFile(this.#path(key));
      const content = file.subarray(HEAD_CHARS);
      if (file.toString("latin1", 0, HEAD_CHARS) !== `${MAGIC}${hashOf(content)}\n`) return undefined;
      const end = 4 + content.readUInt32LE(0);
      const catalogue = Catalogue.parse(JSON.parse(content.toString("utf8", 4, end)));
      return { catalogue, bytes: content.subarray(end) };
    } catch {
      return undefined;
    }
  }

  /** False when the disk does not take it; the module is then held in memory. */
  async #write(key: string, catalogue: Catalogue, bytes: Uint8Array): Promise<boolean> {
    const json = Buffer.from(JSON.stringify(catalogue));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(json.length);
    const content = Buffer.concat([length, json, bytes]);
    const path = this.#path(key);
    const draft = `${path}.${process.pid}.draft`;
    try {
      await mkdir(this.#directory ?? "", { recursive: true });
      await writeFile(draft, [Buffer.from(`${MAGIC}${hashOf(content)}\n`), content]);
      await rename(draft, path);
      return true;
    } catch {
      return false;
    }
  }
}
