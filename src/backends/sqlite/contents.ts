import { createHash } from "node:crypto";
import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import type { Database } from "./database.ts";

/** Members of an event's `content` longer than this, as JSON, are kept apart, once per distinct text. */
const INLINE_CHARS_MAX = 256;
const KNOWN_MAX = 4_096;

type Reference = { readonly $content: string };
const isReference = (value: Json): value is Reference =>
  isJsonObject(value) && typeof value["$content"] === "string" && Object.keys(value).length === 1;

/** Text by its hash: what many runs share is on disk once, so history grows with what is new in it. */
export class Contents {
  readonly #db: Database;
  /** Hashes seen on disk lately, so that a system prompt is not offered to SQLite again for each run. */
  readonly #known = new Set<string>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** `content` with its large members replaced by references, which are stored, and absent ones left out. Only inside a write job. */
  detach(content: { readonly [member: string]: Json | undefined }): JsonObject {
    const detached: { [key: string]: Json } = {};
    for (const [key, value] of Object.entries(content)) {
      if (value === undefined) continue;
      const text = JSON.stringify(value);
      // A small value that looks like a reference is stored apart too, or it would be taken for one when read.
      detached[key] = text.length > INLINE_CHARS_MAX || isReference(value) ? { $content: this.#put(text) } : value;
    }
    return detached;
  }

  /** The inverse of `detach`. */
  attach(content: JsonObject): JsonObject {
    const attached: { [key: string]: Json } = {};
    for (const [key, value] of Object.entries(content)) {
      attached[key] = isReference(value) ? this.#get(value.$content) : value;
    }
    return attached;
  }

  #put(text: string): string {
    const hash = createHash("sha256").update(text).digest("base64url");
    if (this.#known.has(hash)) return hash;
    this.#db
      .sql("INSERT INTO contents (hash, text) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING")
      .run(Buffer.from(hash, "base64url"), text);
    return hash;
  }

  /** Once a batch is on disk its texts need not be offered again. */
  remember(body: JsonObject): void {
    for (const value of Object.values(body)) {
      if (!isReference(value)) continue;
      if (this.#known.size >= KNOWN_MAX) this.#known.clear();
      this.#known.add(value.$content);
    }
  }

  #get(hash: string): Json {
    const row = this.#db.sql("SELECT text FROM contents WHERE hash = ?").get(Buffer.from(hash, "base64url"));
    const text = row?.["text"];
    if (typeof text !== "string") throw new Error(`content ${hash} is missing from the database`);
    const value: Json = JSON.parse(text);
    return value;
  }
}
