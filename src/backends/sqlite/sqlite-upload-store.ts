import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as z from "zod";
import type { Clock } from "../../kernel/clock.ts";
import { mint, RunId, UploadId } from "../../kernel/ids.ts";
import { type Upload, type UploadStore, UploadNotFoundError, UploadTakenError } from "../../runs/index.ts";
import type { Database } from "./database.ts";
import { storageError, UploadTooLargeError } from "./errors.ts";
import { safeFileName } from "./safe-file-name.ts";

const Row = z
  .object({
    id: UploadId,
    name: z.string(),
    media_type: z.string(),
    bytes: z.int(),
    path: z.string(),
    run_id: RunId.nullable(),
    created_at_ms: z.int(),
  })
  .transform((row): Upload => ({
    id: row.id,
    name: row.name,
    mediaType: row.media_type,
    bytes: row.bytes,
    location: row.path,
    runId: row.run_id,
    createdAtMs: row.created_at_ms,
  }));

export type UploadStoreOptions = { readonly bytesMax: number };

/** Uploads as files under `<data>/uploads/<id>/`, with a row each. */
export class SqliteUploadStore implements UploadStore {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #options: UploadStoreOptions;

  constructor(db: Database, clock: Clock, options: UploadStoreOptions) {
    this.#db = db;
    this.#clock = clock;
    this.#options = options;
  }

  async save(
    file: { readonly name: string; readonly mediaType: string },
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<Upload> {
    const id = mint(UploadId);
    const name = safeFileName(file.name);
    const directory = resolve(this.#db.directory, "uploads", id);
    const location = join(directory, name);
    const counter = countingStream(this.#options.bytesMax, name);
    try {
      await mkdir(directory, { recursive: true });
      await pipeline(Readable.from(bytes), counter.stream, createWriteStream(location, { flags: "wx", mode: 0o600 }), {
        signal,
      });
      const upload: Upload = {
        id,
        name,
        mediaType: file.mediaType,
        bytes: counter.count(),
        location,
        runId: null,
        createdAtMs: this.#clock.nowMs(),
      };
      await this.#db.write(() =>
        this.#db
          .sql("INSERT INTO uploads (id, name, media_type, bytes, path, created_at_ms) VALUES (?, ?, ?, ?, ?, ?)")
          .run(id, name, upload.mediaType, upload.bytes, location, upload.createdAtMs),
      );
      return upload;
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw storageError(error, this.#db.directory);
    }
  }

  find(id: UploadId): Upload | undefined {
    return this.#db.read(() => {
      const row = this.#db.sql("SELECT * FROM uploads WHERE id = ?").get(id);
      return row && Row.parse(row);
    });
  }

  async take(ids: readonly UploadId[], runId: RunId): Promise<readonly Upload[]> {
    if (ids.length === 0) return [];
    return this.#db.write(() =>
      ids.map((id) => {
        const upload = this.find(id);
        if (!upload)
          throw new UploadNotFoundError(`there is no upload ${id}`, "Send the file to /api/v1/uploads first.", { id });
        if (upload.runId !== null && upload.runId !== runId) {
          throw new UploadTakenError(`upload ${id} belongs to another run`, "Send the file again for this run.", {
            id,
          });
        }
        this.#db.sql("UPDATE uploads SET run_id = ? WHERE id = ?").run(runId, id);
        return { ...upload, runId };
      }),
    );
  }

  async sweep(beforeMs: number): Promise<number> {
    const stale = await this.#db.write(() =>
      this.#db.sql("DELETE FROM uploads WHERE run_id IS NULL AND created_at_ms < ? RETURNING id").all(beforeMs),
    );
    for (const row of stale) {
      await rm(resolve(this.#db.directory, "uploads", UploadId.parse(row["id"])), { recursive: true, force: true });
    }
    return stale.length;
  }
}

function countingStream(bytesMax: number, name: string): { stream: Transform; count: () => number } {
  let total = 0;
  const stream = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      total += chunk.length;
      if (total <= bytesMax) done(null, chunk);
      else done(uploadTooLarge(name, bytesMax));
    },
  });
  return { stream, count: () => total };
}

const uploadTooLarge = (name: string, bytesMax: number): UploadTooLargeError =>
  new UploadTooLargeError(
    `${name} is larger than ${showBytes(bytesMax)}, the most one upload may have`,
    "Send a smaller file, or raise files.upload_bytes_max in caxton.toml.",
    { bytesMax },
  );

const MIB = 1024 * 1024;
const showBytes = (bytes: number): string =>
  bytes >= MIB ? `${Number((bytes / MIB).toFixed(1))} MiB` : `${bytes} bytes`;
