import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { PRIVATE_DIRECTORY, PRIVATE_FILE } from "../../kernel/files/private-files.ts";
import * as z from "zod";
import type { Clock } from "../../kernel/clock.ts";
import { ArtifactId, mint, RunId, uuidFrom } from "../../kernel/ids.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { type Artifact, type ArtifactStore, ArtifactNotFoundError } from "../../runs/index.ts";
import type { Database } from "../database.ts";
import { numberedName } from "./distinct-names.ts";
import { ArtifactTooLargeError, storageError } from "../../kernel/sqlite/errors.ts";
import { isMissing, linkFile } from "./link-file.ts";
import { safeFileName } from "./safe-file-name.ts";

const Row = z
  .object({
    id: ArtifactId,
    run_id: RunId,
    name: z.string(),
    media_type: z.string(),
    bytes: z.int(),
    path: z.string(),
    created_at_ms: z.int(),
  })
  .transform((row): Artifact => ({
    id: row.id,
    runId: row.run_id,
    name: row.name,
    mediaType: row.media_type,
    bytes: row.bytes,
    path: row.path,
    createdAtMs: row.created_at_ms,
  }));

/** Artifacts as files under `<data>/artifacts/<run>/`, with a row each. */
export class SqliteArtifactStore implements ArtifactStore {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async save(runId: RunId, file: Parameters<ArtifactStore["save"]>[1]): Promise<Artifact> {
    const known = file.id === undefined ? undefined : this.find(file.id);
    if (known !== undefined) return known;
    const bytes = "text" in file ? Buffer.from(file.text) : file.bytes;
    if (bytes.length > LIMITS.artifactBytesMax) {
      throw new ArtifactTooLargeError(
        `${file.name} has ${bytes.length} bytes; an artifact may have ${LIMITS.artifactBytesMax}`,
        "Let the tool make a smaller file.",
        { bytesMax: LIMITS.artifactBytesMax },
      );
    }
    const directory = resolve(this.#db.directory, "artifacts", runId);
    try {
      await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY });
      const name = await underUnusedName(safeFileName(file.name), (candidate) =>
        writeFile(join(directory, candidate), bytes, { flag: "wx", mode: PRIVATE_FILE }),
      );
      const { id, mediaType } = file;
      return await this.#register(runId, { ...(id && { id }), name, mediaType, bytes: bytes.length });
    } catch (error) {
      throw storageError(error, this.#db.directory);
    }
  }

  async #register(
    runId: RunId,
    {
      id = mint(ArtifactId),
      name,
      mediaType,
      bytes,
    }: Pick<Artifact, "name" | "mediaType" | "bytes"> & { readonly id?: ArtifactId },
  ): Promise<Artifact> {
    const path = relative(this.#db.directory, resolve(this.#db.directory, "artifacts", runId, name));
    const createdAtMs = this.#clock.nowMs();
    const artifact: Artifact = { id, runId, name, mediaType, bytes, path, createdAtMs };
    const sql =
      "INSERT INTO artifacts (id, run_id, name, media_type, bytes, path, created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)";
    await this.#db.write(() => this.#db.sql(sql).run(artifact.id, runId, name, mediaType, bytes, path, createdAtMs));
    return artifact;
  }

  fileOf({ name, mediaType, bytes, path }: Artifact): ReturnType<ArtifactStore["fileOf"]> {
    return { name, mediaType, bytes, location: resolve(this.#db.directory, path) };
  }

  async copy(artifact: Artifact, runId: RunId): Promise<Artifact> {
    const id = copyIdOf(artifact, runId);
    const known = this.find(id);
    if (known !== undefined) return known;
    const directory = resolve(this.#db.directory, "artifacts", runId);
    try {
      await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY });
      const from = resolve(this.#db.directory, artifact.path);
      const name = await underUnusedName(artifact.name, (candidate) => linkFile(from, join(directory, candidate)));
      return await this.#register(runId, { ...artifact, name, id });
    } catch (error) {
      if (isMissing(error)) throw fileGone(artifact, error);
      throw storageError(error, this.#db.directory);
    }
  }

  async discard(runId: RunId): Promise<void> {
    await rm(resolve(this.#db.directory, "artifacts", runId), { recursive: true, force: true });
    await this.#db.write(() => this.#db.sql("DELETE FROM artifacts WHERE run_id = ?").run(runId));
  }

  find(id: ArtifactId): Artifact | undefined {
    return this.#db.read(() => {
      const row = this.#db.sql("SELECT * FROM artifacts WHERE id = ?").get(id);
      return row && Row.parse(row);
    });
  }

  ofRun(runId: RunId): readonly Artifact[] {
    return this.#db.read(() =>
      this.#db
        .sql("SELECT * FROM artifacts WHERE run_id = ? ORDER BY id")
        .all(runId)
        .map((row) => Row.parse(row)),
    );
  }

  async read(artifact: Artifact): Promise<Uint8Array> {
    try {
      return await readFile(resolve(this.#db.directory, artifact.path));
    } catch (error) {
      if (isMissing(error)) throw fileGone(artifact, error);
      throw storageError(error, this.#db.directory);
    }
  }
}

const fileGone = ({ id, path }: Artifact, cause: unknown): ArtifactNotFoundError =>
  new ArtifactNotFoundError(
    `the file of artifact ${id} is gone from ${path}`,
    "It was removed from the data directory by hand.",
    { id },
    { cause },
  );

const NAME_TRIES_MAX = 10_000;

/** The copy of an artifact for a run has the same id each time. */
const copyIdOf = ({ id }: Artifact, runId: RunId): ArtifactId =>
  ArtifactId.parse(uuidFrom(createHash("sha256").update(`${id}\n${runId}`).digest("hex"), "7"));

/** Writes under `name`, or `name-2`, `name-3` … when a file of the run has it already; the name taken. */
async function underUnusedName(name: string, write: (candidate: string) => Promise<void>): Promise<string> {
  for (let attempt = 1; attempt <= NAME_TRIES_MAX; attempt += 1) {
    const candidate = attempt === 1 ? name : numberedName(name, attempt);
    try {
      await write(candidate);
      return candidate;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
  }
  throw new Error(`no free name for ${name}`);
}
