import { constants } from "node:fs";
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  rmdir,
  stat,
  unlink,
} from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  type BrokeredFile,
  type Caller,
  type FileAccess as SandboxFiles,
  type DirectoryEntry,
  type FileInfo,
  type OpenFlags,
  refused,
  type Refusal,
  type Refused,
} from "../../sandbox/index.ts";
import type { AttachedFile, FileAccess } from "../../tools/index.ts";
import { DiskFile, infoOf } from "./brokered-file.ts";
import { isInside, isVisible, type Place, placeOf, settle, type Settled } from "./paths.ts";
import { refusalOf } from "./refusal.ts";

/** One use of a grant, or an attempt at one. */
export type AuditRecord = {
  readonly server: string;
  readonly agent: string | undefined;
  readonly session: string;
  readonly operation: "read" | "write" | "stat" | "list" | "make-directory" | "rename" | "remove";
  /** As the guest gave it. */
  readonly path: string;
  readonly outcome: "allowed" | Refusal;
};

export type FileBrokerOptions = {
  /** What relative paths, the guests' and the grants', are relative to. */
  readonly root: string;
  /** Told of each use; must not throw. */
  readonly audit?: ((record: AuditRecord) => void) | undefined;
  /** Bytes a file may grow to by a tool's writing; default 256 MiB. */
  readonly fileBytesMax?: number | undefined;
};

const FILE_BYTES_MAX = 256 * 1024 * 1024;
const ENTRIES_MAX = 10_000;
const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
/** A link that appears where none was is not followed, and a pipe does not make the server wait. */
const SAFELY = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
const MODE = 0o644;

/**
 * Files for guests, from disk. A path is looked at three times: its text against the grants, where its links lead
 * against the granted directory, and what was opened in the end against both, since links may change in between.
 * Only regular files are opened.
 */
export class FileBroker implements SandboxFiles {
  readonly #root: string;
  readonly #audit: NonNullable<FileBrokerOptions["audit"]>;
  readonly #bytesMax: number;

  constructor({ root, audit, fileBytesMax }: FileBrokerOptions) {
    this.#root = resolve(root);
    this.#audit = audit ?? (() => {});
    this.#bytesMax = fileBytesMax ?? FILE_BYTES_MAX;
  }

  open(caller: Caller, path: string, flags: OpenFlags): Promise<BrokeredFile | Refused> {
    const need: FileAccess = flags.access === "write" || flags.create || flags.truncate ? "write" : "read";
    return this.#audited(caller, need, path, async () => {
      const place = placeOf(this.#root, caller, path, need);
      if (place.type === "upload") return this.#openUpload(place.file);
      if (place.type !== "granted") return refused(whyNot(place));
      if (need === "write") await mkdir(place.root, { recursive: true }).catch(() => {});
      const settled = await settle(place);
      return settled.type === "settled" ? this.#openSettled(settled, flags, need) : refused(whyNot(settled));
    });
  }

  async #openUpload({ location }: AttachedFile): Promise<BrokeredFile | Refused> {
    const handle = await open(location, O_RDONLY | SAFELY);
    return this.#checked(handle, "read", () => Promise.resolve(true));
  }

  async #openSettled(
    { path, root }: Extract<Settled, { type: "settled" }>,
    flags: OpenFlags,
    need: FileAccess,
  ): Promise<BrokeredFile | Refused> {
    const creation = flags.create ? O_CREAT | (flags.exclusive ? O_EXCL : 0) : 0;
    const handle = await open(path, (need === "write" ? O_RDWR : O_RDONLY) | creation | SAFELY, MODE);
    const file = await this.#checked(handle, need, () => isStillInside(handle, path, root));
    if (flags.truncate && "truncate" in file) await handle.truncate(0);
    return flags.truncate && file instanceof DiskFile
      ? new DiskFile(handle, { ...file.info, bytes: 0 }, { isWritable: true, bytesMax: this.#bytesMax })
      : file;
  }

  /** The file behind a handle, or a refusal and a closed handle. */
  async #checked(
    handle: FileHandle,
    need: FileAccess,
    isWhereItShouldBe: () => Promise<boolean>,
  ): Promise<DiskFile | Refused> {
    const stats = await handle.stat();
    const refusal = stats.isDirectory() ? "is-directory" : stats.isFile() ? undefined : "denied";
    if (refusal === undefined && (await isWhereItShouldBe())) {
      return new DiskFile(handle, infoOf(stats), { isWritable: need === "write", bytesMax: this.#bytesMax });
    }
    await handle.close();
    return refused(refusal ?? "denied");
  }

  stat(caller: Caller, path: string): Promise<FileInfo | Refused> {
    return this.#audited(caller, "stat", path, async () => {
      const place = placeOf(this.#root, caller, path, "read");
      if (place.type === "above") return { kind: "directory", bytes: 0, modifiedAtMs: 0 };
      if (place.type === "upload") return infoOf(await stat(place.file.location));
      if (place.type !== "granted") return refused(whyNot(place));
      const settled = await settle(place);
      if (settled.type !== "settled") return refused(whyNot(settled));
      const stats = await lstat(settled.path);
      return stats.isFile() || stats.isDirectory() ? infoOf(stats) : refused("denied");
    });
  }

  list(caller: Caller, path: string): Promise<readonly DirectoryEntry[] | Refused> {
    return this.#audited(caller, "list", path, async () => {
      const place = placeOf(this.#root, caller, path, "read");
      if (place.type === "upload") return refused("not-directory");
      if (place.type === "above") return this.#listAbove(caller, path, place.children);
      if (place.type !== "granted") return refused(whyNot(place));
      const settled = await settle(place);
      if (settled.type !== "settled") return refused(whyNot(settled));
      const entries = await listDirectory(settled);
      const isTop = place.path === this.#root && caller.context.files.length > 0;
      return isTop ? [...entries, { name: "uploads", kind: "directory" }] : entries;
    });
  }

  /** Directories on the way to what is granted; without children it is the one of attached files. */
  async #listAbove(caller: Caller, path: string, children: readonly string[]): Promise<readonly DirectoryEntry[]> {
    if (children.length === 0 && resolve(this.#root, path) !== this.#root) {
      return caller.context.files.map(({ name }) => ({ name, kind: "file" }));
    }
    const entries = children.map(async (name): Promise<DirectoryEntry> => {
      const stats = await stat(join(resolve(this.#root, path), name)).catch(() => undefined);
      return { name, kind: stats?.isFile() === true ? "file" : "directory" };
    });
    return Promise.all(entries);
  }

  createDirectory(caller: Caller, path: string): Promise<Refused | undefined> {
    return this.#audited(caller, "make-directory", path, async () => {
      const target = await this.#writable(caller, path);
      if (typeof target !== "string") return target;
      await mkdir(target);
      return undefined;
    });
  }

  rename(caller: Caller, from: string, to: string): Promise<Refused | undefined> {
    return this.#audited(caller, "rename", `${from} -> ${to}`, async () => {
      const source = await this.#writable(caller, from);
      if (typeof source !== "string") return source;
      const target = await this.#writable(caller, to);
      if (typeof target !== "string") return target;
      await rename(source, target);
      return undefined;
    });
  }

  remove(caller: Caller, path: string, kind: FileInfo["kind"]): Promise<Refused | undefined> {
    return this.#audited(caller, "remove", path, async () => {
      const target = await this.#writable(caller, path);
      if (typeof target !== "string") return target;
      const stats = kind === "file" ? await lstat(target) : undefined;
      if (stats?.isDirectory() === true) return refused("is-directory");
      if (stats?.isFile() === false) return refused("denied");
      await (kind === "file" ? unlink(target) : rmdir(target));
      return undefined;
    });
  }

  /** The real path of something below a writable root; the root itself is not the guest's to change. */
  async #writable(caller: Caller, path: string): Promise<string | Refused> {
    const place = placeOf(this.#root, caller, path, "write");
    if (place.type !== "granted" || place.path === place.root) return refused("denied");
    await mkdir(place.root, { recursive: true }).catch(() => {});
    const settled = await settle(place);
    return settled.type === "settled" ? settled.path : refused(whyNot(settled));
  }

  async #audited<Value>(
    caller: Caller,
    operation: AuditRecord["operation"],
    path: string,
    work: () => Promise<Value | Refused>,
  ): Promise<Value | Refused> {
    const outcome = await work().catch((error: unknown) => refused(refusalOf(error)));
    const { server, context } = caller;
    this.#audit({
      server,
      agent: context.agent,
      session: context.session,
      operation,
      path,
      outcome: isRefused(outcome) ? outcome.reason : "allowed",
    });
    return outcome;
  }
}

const isRefused = (value: unknown): value is Refused =>
  typeof value === "object" && value !== null && "type" in value && value.type === "refused";

function whyNot(place: Exclude<Place, { type: "upload" }> | Exclude<Settled, { type: "settled" }>): Refusal {
  switch (place.type) {
    case "missing":
      return "not-found";
    case "above":
      return "is-directory";
    case "granted":
    case "denied":
      return "denied";
  }
}

/** Whether what was opened is what was looked at; where the system can name an open file, by its name. */
async function isStillInside(handle: FileHandle, path: string, root: string): Promise<boolean> {
  const name = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => undefined);
  if (name !== undefined) return isInside(root, name);
  const [opened, found] = await Promise.all([handle.stat(), lstat(path)]);
  return opened.dev === found.dev && opened.ino === found.ino && (await realpath(path)) === path;
}

/** Files and directories, no links that lead out, no pipes, nothing hidden. */
async function listDirectory({
  path,
  root,
}: Extract<Settled, { type: "settled" }>): Promise<readonly DirectoryEntry[]> {
  const found = await readdir(path, { withFileTypes: true });
  const shown = found.filter(({ name }) => !name.startsWith(".")).slice(0, ENTRIES_MAX);
  const entries = await Promise.all(
    shown.map(async (entry): Promise<DirectoryEntry | undefined> => {
      if (entry.isFile()) return { name: entry.name, kind: "file" };
      if (entry.isDirectory()) return { name: entry.name, kind: "directory" };
      if (!entry.isSymbolicLink()) return undefined;
      const real = await realpath(join(path, entry.name)).catch(() => undefined);
      if (real === undefined || !isVisible(root, real)) return undefined;
      const stats = await lstat(real);
      return stats.isFile() || stats.isDirectory() ? { name: entry.name, kind: infoOf(stats).kind } : undefined;
    }),
  );
  return entries.filter((entry) => entry !== undefined);
}
