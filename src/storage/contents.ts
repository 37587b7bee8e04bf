import { hash as digest } from "node:crypto";
import { ContentDeduplicator, hashesIn, inlineContent } from "../kernel/content-deduplicator.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Database } from "./database.ts";

const KNOWN_MAX = 4_096;

/** Texts of events that are written together, and which of them were there already, by hash. */
export type ContentBatch = { readonly detacher: ContentDeduplicator; readonly seen: ReadonlyMap<string, number> };

/**
 * Text by its hash: what many runs share is on disk once, so history grows with what is new in it.
 * storage.contents.C1. A text is there as long as an event refers to it: `uses` are counted in the transaction that
 *   writes or deletes the event.
 * storage.contents.C2. An id is remembered only of a row that was there before the transaction: one of its own could
 *   be rolled back.
 */
export class Contents {
  readonly #db: Database;
  /**
   * Ids of texts recently seen on disk, by hash, so that a system prompt is not offered to SQLite again for each run.
   */
  readonly #known = new Map<string, number>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** Creates a batch that detaches the contents of events written together. Only inside a write job. */
  batch(): ContentBatch {
    const seen = new Map<string, number>();
    return { seen, detacher: new ContentDeduplicator((text) => this.#put(text, seen)) };
  }

  /** Once a batch is on disk, the texts that were there before it need not be looked for again. */
  remember({ seen }: ContentBatch): void {
    if (this.#known.size + seen.size > KNOWN_MAX) this.#known.clear();
    for (const [hash, id] of seen) this.#known.set(hash, id);
  }

  /** The inverse of detaching. */
  attach(content: JsonObject): JsonObject {
    return inlineContent(content, (hash) => this.#text(hash));
  }

  #text(hash: string): string {
    const row = this.#db.sql("SELECT text FROM contents WHERE hash = ?").get(Buffer.from(hash, "base64url"));
    const text = row?.["text"];
    if (typeof text === "string") return text;
    throw new Error(`content ${hash} is missing from the database`);
  }

  #put(text: string, seen: Map<string, number>): string {
    const hash = digest("sha256", text, "base64url");
    const known = this.#known.get(hash);
    if (known !== undefined) {
      this.#use(known);
      return hash;
    }
    const bytes = Buffer.from(hash, "base64url");
    const { changes } = this.#db
      .sql("INSERT INTO contents (hash, text) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING")
      .run(bytes, text);
    if (Number(changes) > 0) return hash;
    const id = Number(this.#db.sql("SELECT id FROM contents WHERE hash = ?").get(bytes)?.["id"]);
    this.#use(id);
    seen.set(hash, id);
    return hash;
  }

  #use(id: number): void {
    this.#db
      .sql("INSERT INTO content_uses (id, more) VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET more = more + 1")
      .run(id);
  }

  /**
   * Releases the content that an event refers to, and deletes content without other references.
   * Only inside a write job.
   */
  release(content: JsonObject): void {
    for (const hash of hashesIn(content)) {
      const bytes = Buffer.from(hash, "base64url");
      const id = this.#db.sql("SELECT id FROM contents WHERE hash = ?").get(bytes)?.["id"];
      if (typeof id !== "number") continue;
      const { changes } = this.#db.sql("UPDATE content_uses SET more = more - 1 WHERE id = ? AND more > 0").run(id);
      if (Number(changes) > 0) continue;
      this.#db.sql("DELETE FROM content_uses WHERE id = ?").run(id);
      this.#db.sql("DELETE FROM contents WHERE id = ?").run(id);
      this.#known.delete(hash);
    }
  }
}
