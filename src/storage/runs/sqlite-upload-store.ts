import { createWriteStream } from "node:fs";
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { PRIVATE_DIRECTORY, PRIVATE_FILE } from "../../kernel/files/private-files.ts";
import * as z from "zod";
import type { Clock } from "../../kernel/clock.ts";
import { CancelledError, CaxtonError } from "../../kernel/errors.ts";
import { mint, RunId, UploadId } from "../../kernel/ids.ts";
import { log } from "../../kernel/log.ts";
import { type UploadStore, UploadNotFoundError, UploadTakenError } from "../../runs/index.ts";
import type { Database } from "../database.ts";
import { distinctNames } from "./distinct-names.ts";
import { storageError, UploadsFullError, UploadTooLargeError } from "../../kernel/sqlite/errors.ts";
import { isMissing, linkFile } from "./link-file.ts";
import { safeFileName } from "./safe-file-name.ts";

const Row = z
  .object({
    id: UploadId,
    name: z.string(),
    media_type: z.string(),
    bytes: z.int(),
    path: z.string(),
    workspace: z.string(),
    run_id: RunId.nullable(),
    created_at_ms: z.int(),
  })
  .transform((row): Upload => ({
    id: row.id,
    name: row.name,
    mediaType: row.media_type,
    bytes: row.bytes,
    location: row.path,
    workspace: row.workspace,
    runId: row.run_id,
    createdAtMs: row.created_at_ms,
  }));

const Waiting = z.object({ count: z.int(), total: z.int() });
type Upload = NonNullable<ReturnType<UploadStore["find"]>>;
type RunFile = Parameters<UploadStore["copy"]>[0];
type FileHolder = Parameters<UploadStore["copy"]>[1];

export type UploadStoreOptions = {
  readonly bytesMax: number;
  /** Maximum bytes of a workspace's files that wait for a run, those that are being received included. */
  readonly waitingBytesMax: number;
};

/** Maximum files of a workspace that wait for a run. */
const WAITING_MAX = 10_000;

/** Uploads as files under `<data>/uploads/<id>/`, with a row each. */
export class SqliteUploadStore implements UploadStore {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #options: UploadStoreOptions;
  /** Bytes of files that are being received, by workspace. */
  readonly #incoming = new Map<string, number>();

  constructor(db: Database, clock: Clock, options: UploadStoreOptions) {
    this.#db = db;
    this.#clock = clock;
    this.#options = options;
  }

  async save(
    file: {
      readonly workspace: string;
      readonly name: string;
      readonly mediaType: string;
      readonly bytes?: number | undefined;
    },
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<Upload> {
    const id = mint(UploadId);
    const name = safeFileName(file.name);
    const directory = resolve(this.#db.directory, "uploads", id);
    const location = join(directory, name);
    if ((file.bytes ?? 0) > this.#options.bytesMax) throw uploadTooLarge(name, this.#options.bytesMax);
    using stack = new DisposableStack();
    stack.use(this.#reserve(file.workspace, file.bytes ?? this.#options.bytesMax));
    const counter = countingStream(this.#options.bytesMax, name);
    try {
      await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY });
      await pipeline(
        Readable.from(bytes),
        counter.stream,
        createWriteStream(location, { flags: "wx", mode: PRIVATE_FILE }),
        {
          signal,
        },
      );
      const upload: Upload = {
        id,
        name,
        mediaType: file.mediaType,
        bytes: counter.count(),
        location,
        workspace: file.workspace,
        runId: null,
        createdAtMs: this.#clock.nowMs(),
      };
      await this.#db.write(() =>
        this.#db
          .sql(
            "INSERT INTO uploads (id, workspace, name, media_type, bytes, path, created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
          )
          .run(id, upload.workspace, name, upload.mediaType, upload.bytes, location, upload.createdAtMs),
      );
      return upload;
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      if (error instanceof CaxtonError) throw error;
      if (counter.count() > this.#options.bytesMax) throw uploadTooLarge(name, this.#options.bytesMax);
      if (signal.aborted || isCutOff(error)) throw new CancelledError(`the upload of ${name}`);
      throw storageError(error, this.#db.directory);
    }
  }

  /** Reserves room for a file until it is received. Throws UploadsFullError. */
  #reserve(workspace: string, bytes: number): Disposable {
    const incoming = this.#incoming.get(workspace) ?? 0;
    const { waitingBytesMax } = this.#options;
    const { count, total } = this.#waiting(workspace);
    if (count >= WAITING_MAX || total + incoming + bytes > waitingBytesMax)
      throw new UploadsFullError({ count, countMax: WAITING_MAX, bytes: total + incoming, bytesMax: waitingBytesMax });
    this.#incoming.set(workspace, incoming + bytes);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#incoming.get(workspace) ?? 0) - bytes;
        if (left > 0) this.#incoming.set(workspace, left);
        else this.#incoming.delete(workspace);
      },
    };
  }

  #waiting(workspace: string) {
    return this.#db.read(() =>
      Waiting.parse(
        this.#db
          .sql(
            "SELECT count(*) AS count, coalesce(sum(bytes), 0) AS total FROM uploads WHERE run_id IS NULL AND workspace = ?",
          )
          .get(workspace),
      ),
    );
  }

  find(id: UploadId): Upload | undefined {
    return this.#db.read(() => {
      const row = this.#db.sql("SELECT * FROM uploads WHERE id = ?").get(id);
      return row && Row.parse(row);
    });
  }

  async take(ids: readonly string[], { workspace, runId }: FileHolder): Promise<readonly Upload[]> {
    if (ids.length === 0) return [];
    const taken = await this.#db.write(() =>
      [...new Set(ids)].map((id) => {
        const parsed = UploadId.safeParse(id);
        const upload = parsed.success ? this.find(parsed.data) : undefined;
        if (upload?.workspace !== workspace)
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
    const names = distinctNames(taken.map(({ name }) => name));
    return taken.map((upload, index) => ({ ...upload, name: names[index] ?? upload.name }));
  }

  async copy(file: RunFile, { workspace, runId }: FileHolder): Promise<RunFile> {
    const id = mint(UploadId);
    const directory = resolve(this.#db.directory, "uploads", id);
    const location = join(directory, basename(file.location));
    try {
      await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY });
      await linkFile(file.location, location);
      await this.#db.write(() =>
        this.#db
          .sql(
            "INSERT INTO uploads (id, workspace, name, media_type, bytes, path, run_id, created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
          )
          .run(id, workspace, file.name, file.mediaType, file.bytes, location, runId, this.#clock.nowMs()),
      );
      return { ...file, location };
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw isMissing(error) ? fileGone(file) : storageError(error, this.#db.directory);
    }
  }

  async read(file: RunFile): Promise<AsyncIterable<Uint8Array>> {
    try {
      return (await open(file.location)).createReadStream();
    } catch (error) {
      throw isMissing(error) ? fileGone(file) : storageError(error, this.#db.directory);
    }
  }

  async release(runId: RunId): Promise<void> {
    await this.#db.write(() => this.#db.sql("UPDATE uploads SET run_id = NULL WHERE run_id = ?").run(runId));
  }

  async recover(): Promise<void> {
    try {
      await this.#setFree();
      await this.#deleteUnknown();
    } catch (error) {
      log.warn({ err: error }, "uploads that a crash left could not be set free or deleted");
    }
  }

  async #setFree(): Promise<void> {
    await this.#db.write(() =>
      this.#db
        .sql(
          "UPDATE uploads SET run_id = NULL WHERE run_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.id = uploads.run_id) AND NOT EXISTS (SELECT 1 FROM run_removals WHERE run_removals.run_id = uploads.run_id)",
        )
        .run(),
    );
  }

  async #deleteUnknown(): Promise<void> {
    const root = resolve(this.#db.directory, "uploads");
    for (const name of await namesIn(root)) {
      const id = UploadId.safeParse(name);
      if (id.success && !this.find(id.data)) await rm(join(root, name), { recursive: true, force: true });
    }
  }

  async sweep(beforeMs: number): Promise<number> {
    return this.#delete("run_id IS NULL AND created_at_ms < ?", beforeMs);
  }

  bytesOf(workspace: string): number {
    const sql = `SELECT (SELECT ifnull(sum(bytes), 0) FROM uploads WHERE workspace = ?1) + (SELECT ifnull(sum(a.bytes), 0)
      FROM artifacts a JOIN runs r ON r.id = a.run_id WHERE r.workspace = ?1) AS bytes`;
    return Number(this.#db.read(() => this.#db.sql(sql).get(workspace))?.["bytes"]);
  }

  async deleteWorkspace(workspace: string): Promise<void> {
    await this.#delete("workspace = ?", workspace);
  }

  /** Files go before the rows that name them. */
  async #delete(condition: string, value: string | number): Promise<number> {
    const sql = `SELECT id FROM uploads WHERE ${condition}`;
    const ids = this.#db.read(() => this.#db.sql(sql).all(value)).map((row) => UploadId.parse(row["id"]));
    for (const id of ids) await rm(resolve(this.#db.directory, "uploads", id), { recursive: true, force: true });
    await this.#db.write(() => {
      for (const id of ids) this.#db.sql("DELETE FROM uploads WHERE id = ?").run(id);
    });
    return ids.length;
  }
}

const fileGone = ({ name }: RunFile): UploadNotFoundError =>
  new UploadNotFoundError(`the file ${name} of the run is gone`, "Send it again with a new run.", { id: name });

/** Whether a stream ended because the other side disconnected. */
const isCutOff = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  (error.code === "ECONNRESET" || error.code === "ERR_STREAM_PREMATURE_CLOSE");

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
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
