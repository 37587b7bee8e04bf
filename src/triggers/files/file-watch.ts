import { basename } from "node:path";
import { mediaTypeOf } from "../../kernel/files/media-types.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { type FilePattern, parseFilePattern } from "../../kernel/triggers/file-pattern.ts";
import type { TriggerSpec } from "../../kernel/triggers/trigger-spec.ts";
import { FileChangedError } from "../errors.ts";
import { newFire } from "../slots.ts";
import type { Fire, Trigger } from "../trigger.ts";
import type { FileSourceParts } from "./file-source.ts";
import type { SeenFile } from "./seen-file.ts";
import { folderOf, hashOf, openWatched } from "./watched-folder.ts";
import { type FoundFile, walk } from "./walk.ts";

type FileSpec = Extract<TriggerSpec, { kind: "file" }>;
export type FileTrigger = Trigger & { readonly spec: FileSpec };
export const isFileTrigger = (trigger: Trigger): trigger is FileTrigger => trigger.spec.kind === "file";

export type FileWatchParts = FileSourceParts & { readonly root: string };
/** What one poll may do. */
export type Budget = { entries: number; bytes: number };

/** A file that is new or changed, and not known to be complete. */
type Pending = FoundFile & {
  readonly sinceMs: number;
  /** Whether it changed while the server did not run. */
  readonly isMissed: boolean;
};

/** A file is complete when it has not changed for this long. */
const STABLE_MS = 2_000;
/** Times of files are behind the clock by up to a tick. */
const TICK_MS = 20;
/** Path of the row that says which pattern's earlier files are known. */
const MARKER = "";
const MISSED = { outcome: "missed", reason: "the server did not run when the file changed" } as const;

/** The files of one trigger. */
export class FileWatch {
  trigger: FileTrigger;
  readonly #parts: FileWatchParts;
  readonly #pattern: FilePattern;
  readonly #pending = new Map<string, Pending>();
  #scan: AsyncGenerator<FoundFile | undefined> | undefined;
  #seen = new Set<string>();
  /** Whether files from before the trigger are to be distinguished from others; undefined before the first poll. */
  #isNew: boolean | undefined;
  /** Whether the changes since the server ended are known. */
  #isCaughtUp = false;
  #isClosed = false;
  /** The newest of them. */
  #newestMissed: string | undefined;

  constructor(parts: FileWatchParts, trigger: FileTrigger) {
    this.#parts = parts;
    this.trigger = trigger;
    this.#pattern = parseFilePattern(trigger.spec.path);
  }

  /** Continues its scan, and fires for files that are complete. Throws errors of the file system. */
  async poll(budget: Budget): Promise<void> {
    const { root } = this.#parts;
    const folder = await folderOf(root, this.trigger.workspace);
    // It may be a disk that is away: what it has is not gone.
    if (folder === undefined) return;
    if (this.#isNew === undefined) await this.#begin();
    try {
      await this.#continueScan(folder, budget);
    } catch (error) {
      // What was not found may still be there.
      this.#scan = undefined;
      throw error;
    }
    if (!this.#isCaughtUp) return;
    for (const pending of this.#complete()) {
      if (budget.bytes <= 0 || this.#isClosed) return;
      if (!(await this.#settle(folder, pending, budget))) return;
    }
  }

  async #begin(): Promise<void> {
    const { store } = this.#parts;
    const marker = store.seenFile(this.trigger, MARKER);
    this.#isNew = marker?.hash !== this.trigger.spec.path;
    if (this.#isNew) await store.forgetFiles(this.trigger);
  }

  async #continueScan(folder: string, budget: Budget): Promise<void> {
    if (this.#scan === undefined) this.#seen = new Set();
    const scan = (this.#scan ??= walk(folder, this.#pattern));
    const earlier: SeenFile[] = [];
    for (; budget.entries > 0; budget.entries -= 1) {
      const { done, value } = await scan.next();
      if (done === true) {
        this.#scan = undefined;
        break;
      }
      if (value === undefined) continue;
      this.#seen.add(value.path);
      if (this.#seen.size > LIMITS.triggerFilesMax) return this.#stop();
      const seen = this.#look(value);
      if (seen !== undefined) earlier.push(seen);
    }
    if (this.#isClosed) return;
    const gone = this.#scan === undefined ? this.#gone() : [];
    if (earlier.length + gone.length > 0) await this.#parts.store.putSeen(this.trigger, [...earlier, ...gone]);
    if (this.#scan === undefined) await this.#scanned();
  }

  /** Returns what is to be stored of a file that fires nothing. */
  #look(found: FoundFile): SeenFile | undefined {
    const { store, clock } = this.#parts;
    const { path, bytes, modifiedAtMs, changedAtMs } = found;
    const seen = store.seenFile(this.trigger, path);
    if (seen?.bytes === bytes && seen.modifiedAtMs === modifiedAtMs) {
      this.#pending.delete(path);
      return seen.goneAtMs === undefined ? undefined : { ...seen, goneAtMs: undefined };
    }
    if (this.#isNew === true && changedAtMs < this.trigger.updatedAtMs - TICK_MS)
      return { path, bytes, modifiedAtMs, hash: "", goneAtMs: undefined };
    const before = this.#pending.get(path);
    if (before?.bytes === bytes && before.modifiedAtMs === modifiedAtMs) return undefined;
    const isMissed = !this.#isCaughtUp && this.#isNew !== true;
    this.#pending.set(path, { ...found, sinceMs: clock.nowMs(), isMissed: before?.isMissed ?? isMissed });
    return undefined;
  }

  /** After a scan of all files. */
  #gone(): readonly SeenFile[] {
    const { store, clock } = this.#parts;
    for (const path of Array.from(this.#pending.keys())) if (!this.#seen.has(path)) this.#pending.delete(path);
    const goneAtMs = clock.nowMs();
    return store
      .seenPaths(this.trigger)
      .filter((path) => !this.#seen.has(path))
      .flatMap((path) => store.seenFile(this.trigger, path) ?? [])
      .map((seen) => ({ ...seen, goneAtMs }));
  }

  async #scanned(): Promise<void> {
    const { store, clock } = this.#parts;
    if (this.#isNew === true) {
      const { path: hash } = this.trigger.spec;
      await store.putSeen(this.trigger, [
        { path: MARKER, bytes: 0, modifiedAtMs: clock.nowMs(), hash, goneAtMs: undefined },
      ]);
    }
    this.#isNew = false;
    if (this.#isCaughtUp) return;
    this.#isCaughtUp = true;
    this.#newestMissed = [...this.#pending.values()]
      .filter(({ isMissed }) => isMissed)
      .toSorted((one, other) => other.modifiedAtMs - one.modifiedAtMs)[0]?.path;
  }

  /** Files that have not changed for a while, the oldest change first. */
  #complete(): readonly Pending[] {
    const sinceMs = this.#parts.clock.nowMs() - STABLE_MS;
    return [...this.#pending.values()]
      .filter((pending) => pending.sinceMs <= sinceMs)
      .toSorted((one, other) => one.modifiedAtMs - other.modifiedAtMs);
  }

  /** False if too many events of the trigger wait. */
  async #settle(folder: string, pending: Pending, budget: Budget): Promise<boolean> {
    const { store, firing, clock, bytesMax } = this.#parts;
    const { path, bytes, modifiedAtMs } = pending;
    const isTooLarge = bytes > bytesMax;
    budget.bytes -= isTooLarge ? 0 : bytes;
    const hash = isTooLarge ? `${bytes}-${modifiedAtMs}` : await this.#hash(folder, pending);
    if (hash === undefined) {
      // It is looked at again.
      this.#pending.set(path, { ...pending, sinceMs: clock.nowMs() });
      return true;
    }
    const seen: SeenFile = { path, bytes, modifiedAtMs, hash, goneAtMs: undefined };
    const before = store.seenFile(this.trigger, path);
    const isThere = before !== undefined && before.goneAtMs === undefined;
    const what = isThere ? "changed" : "created";
    if ((isThere && before.hash === hash) || !this.trigger.spec.events.includes(what))
      await store.putSeen(this.trigger, [seen]);
    else {
      const fire = this.#fireOf(seen, what);
      const isOver = isTooLarge || this.#isSkipped(pending);
      const end = isTooLarge ? tooLarge(path, bytes, bytesMax) : MISSED;
      if (isOver)
        await firing.record(this.trigger, [{ ...fire, ...end, event: undefined, source: undefined }], undefined, seen);
      else if (!(await firing.admit(this.trigger, fire, seen))) return false;
    }
    this.#pending.delete(path);
    return true;
  }

  /** Undefined if it is not as it was found. */
  async #hash(folder: string, { path, bytes, modifiedAtMs }: Pending): Promise<string | undefined> {
    try {
      await using file = await openWatched(folder, path);
      if (file.bytes !== bytes || file.modifiedAtMs !== modifiedAtMs) return undefined;
      return await hashOf(file);
    } catch (error) {
      if (error instanceof FileChangedError) return undefined;
      throw error;
    }
  }

  /** Whether the policy for changes that were missed leaves it out. */
  #isSkipped({ path, isMissed }: Pending): boolean {
    const { catch_up: policy } = this.trigger.spec;
    return isMissed && (policy === "skip" || (policy === "latest" && path !== this.#newestMissed));
  }

  #fireOf({ path, bytes, modifiedAtMs, hash }: SeenFile, what: "created" | "changed"): Fire {
    const nowMs = this.#parts.clock.nowMs();
    // A file that is changed back is another event.
    const key = `file ${path} ${hash} ${modifiedAtMs}`;
    const name = basename(path);
    const modified = new Date(modifiedAtMs).toISOString();
    const event = { event: what, path, name, bytes, sha256: hash, modified_at: modified };
    const source = { type: "file", path, hash, mediaType: mediaTypeOf(name) } as const;
    return newFire(this.trigger, { key, atMs: nowMs, firedAtMs: nowMs, event, source });
  }

  /** Ends the scan, and fires no more. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#scan?.return(undefined).catch(() => undefined);
    this.#scan = undefined;
  }

  async #stop(): Promise<void> {
    const { store, clock } = this.#parts;
    await this.close();
    const reason = `more than ${LIMITS.triggerFilesMax} files match ${this.trigger.spec.path}: restrict the pattern, or remove files`;
    await store.stop(this.trigger, { reason, atMs: clock.nowMs() });
  }
}

const tooLarge = (path: string, bytes: number, bytesMax: number) =>
  ({
    outcome: "failed",
    code: "UPLOAD_TOO_LARGE",
    reason: `${path} has ${bytes} bytes; a file of a trigger has at most ${bytesMax}`,
  }) as const;
