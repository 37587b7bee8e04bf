import { basename } from "node:path";
import type { RunId } from "../../kernel/ids.ts";
import { log } from "../../kernel/log.ts";
import type { UploadStore } from "../../runs/index.ts";
import { FileChangedError, FileTriggersOffError } from "../errors.ts";
import type { Fire } from "../trigger.ts";
import { folderOf, openWatched, sameContent } from "./watched-folder.ts";

export type FilePorts = {
  /** Directory with a folder for each workspace; undefined if it is not configured. */
  readonly root: string | undefined;
  /** Maximum bytes of a file. */
  readonly bytesMax: number;
  /** Reserves bytes in the quota of a workspace. Throws QuotaExceededError. */
  readonly reserve: (workspace: string, bytes: number) => Disposable;
};

type FileCopiesDeps = FilePorts & { readonly uploads: UploadStore };
type RunFile = Parameters<UploadStore["copy"]>[0];

/** Copies files that fired triggers for the runs that they start. */
export class FileCopies {
  readonly #deps: FileCopiesDeps;
  /** Of runs that are not accepted yet. */
  readonly #copied = new Map<RunId, readonly RunFile[]>();

  constructor(deps: FileCopiesDeps) {
    this.#deps = deps;
  }

  /** Returns the files of an event's run; empty for other events. Throws FileChangedError, FileTriggersOffError, QuotaExceededError and what uploads throw. */
  async of({ workspace, runId, source }: Fire): Promise<readonly RunFile[]> {
    if (source?.type !== "file") return [];
    const copied = this.#copied.get(runId);
    if (copied !== undefined) return copied;
    const { uploads, root, reserve } = this.#deps;
    if (root === undefined) throw new FileTriggersOffError();
    const { path, hash, mediaType } = source;
    const folder = await folderOf(root, workspace);
    if (folder === undefined) throw new FileChangedError(path, "is gone");
    await using file = await openWatched(folder, path);
    using stack = new DisposableStack();
    stack.use(reserve(workspace, file.bytes));
    const given = { workspace, name: basename(path), mediaType, bytes: file.bytes };
    const { id } = await uploads.save(given, sameContent(file, path, hash), new AbortController().signal);
    const taken = await uploads.take([id], { workspace, runId });
    const files = taken.map(({ name, bytes, location }) => ({ name, mediaType, bytes, location }));
    this.#copied.set(runId, files);
    return files;
  }

  /** The run was accepted. */
  taken({ runId }: Fire): void {
    this.#copied.delete(runId);
  }

  /** The run was refused. Never rejects: what stays is released by the next start. */
  async release({ runId }: Fire): Promise<void> {
    if (!this.#copied.delete(runId)) return;
    await this.#deps.uploads
      .release(runId)
      .catch((error: unknown) =>
        log.warn({ err: error, run: runId }, "the file of a trigger stays taken until the next start"),
      );
  }
}
