import { constants } from "node:fs";
import {
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readlink,
  rename,
  rmdir,
  symlink,
  unlink,
  utimes,
  rm,
} from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import {
  type BrokeredFile,
  type Caller,
  type FileAccess as SandboxFiles,
  type FileInfo,
  type Listing,
  type OpenFlags,
  refused,
  type Refusal,
  type Refused,
  type TimeChange,
} from "../../sandbox/index.ts";
import type { AttachedFile, FileAccess } from "../../catalogue/index.ts";
import { directoryAbove, DiskFile, infoOf } from "./brokered-file.ts";
import { DeniedPaths } from "./denied-paths.ts";
import { FileTimes } from "./file-times.ts";
import { CAN_PIN, type PinnedPath, resolveBeneath, type PinnedName, openParent } from "./pinned-path.ts";
import { escapesRoot, leadsOut, listDirectory } from "./links.ts";
import { locate } from "./locate.ts";
import { type Granted, type PathLocation, locatePath, UPLOADS } from "./paths.ts";
import { refusalOf } from "./refusal.ts";
import { resolvePath, settleParent, type ResolvedPath } from "./resolve-path.ts";

/** One use of a grant, or an attempt at one. */
export type AuditRecord = {
  readonly workspace: string;
  readonly server: string;
  readonly agent: string | undefined;
  readonly session: string;
  readonly operation:
    | "read"
    | "write"
    | "stat"
    | "list"
    | "make-directory"
    | "rename"
    | "remove"
    | "set-times"
    | "read-link"
    | "make-link"
    | "link";
  /** As the guest gave it; with two paths, or what a link says, as `one -> other`. */
  readonly path: string;
  readonly outcome: "allowed" | Refusal;
  /** It was denied, and no grant would change that: the path, or one of the two, is closed to all. */
  readonly isClosed: boolean;
};

export type FileBrokerOptions = {
  /** What relative paths, the guests' and the grants', are relative to. */
  readonly root: string;
  /** The workspace with that root; every other has a directory below `workspaces` in it. Absent: all have that root. */
  readonly workspace?: string | undefined;
  /** Files and directories that no grant opens, whatever it says and by whatever way one gets there. */
  readonly closed?: readonly string[] | undefined;
  /** Called with each use; must not throw. */
  readonly audit?: ((record: AuditRecord) => void) | undefined;
  /** Bytes a file may grow to by a tool's writing; default 256 MiB. */
  readonly fileBytesMax?: number | undefined;
};

const FILE_BYTES_MAX = 256 * 1024 * 1024;
const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
/** A link that appears where none was is not followed, and a pipe does not make the server wait. */
const SAFELY = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
const MODE = 0o644;

type Found = Extract<ResolvedPath, { type: "settled" }>;

/**
 * Files on disk. A path is looked at three times: its text against the grants, where its links lead to against the
 * granted directory, and what was found in the end once more, since links may change in between; the last check also finds whether the path is denied to all. What makes, moves or removes a name does so in a directory that is held by a handle, so that nothing can be put in its place.
 * Only regular files are opened.
 */
export class FileBroker implements SandboxFiles {
  readonly #root: string;
  readonly #workspace: string | undefined;
  readonly #closed: DeniedPaths;
  readonly #audit: NonNullable<FileBrokerOptions["audit"]>;
  readonly #bytesMax: number;
  readonly #times = new FileTimes();

  constructor({ root, workspace, closed, audit, fileBytesMax }: FileBrokerOptions) {
    this.#root = resolve(root);
    this.#workspace = workspace;
    this.#closed = new DeniedPaths(closed ?? []);
    this.#audit = audit ?? (() => {});
    this.#bytesMax = fileBytesMax ?? FILE_BYTES_MAX;
  }

  /** A file that a shared tool server writes for one workspace is not found from another. */
  #rootOf({ context: { workspace } }: Caller): string {
    const isOwn = this.#workspace === undefined || workspace === this.#workspace;
    return isOwn ? this.#root : join(this.#root, "workspaces", workspace);
  }

  /** Deletes the files of a workspace. */
  async deleteWorkspace(workspace: string): Promise<void> {
    if (this.#workspace === undefined || workspace === this.#workspace) return;
    await rm(join(this.#root, "workspaces", workspace), { recursive: true, force: true });
  }

  open(caller: Caller, path: string, flags: OpenFlags): Promise<BrokeredFile | Refused> {
    const need: FileAccess = flags.access === "write" || flags.create || flags.truncate ? "write" : "read";
    return this.#audited(caller, need, path, async () => {
      const place = locatePath(this.#rootOf(caller), caller, path, need);
      if (place.type === "upload") return this.#openUpload(place.file);
      if (place.type !== "granted") return whyNot(place);
      if (need === "write") await this.#makeRoot(place);
      // A link is not what an exclusive opening makes, wherever it leads.
      const found = await resolvePath(place, flags.follow && !flags.exclusive);
      if (found.type !== "settled") return found;
      return this.#closed.has(found.path) ? refused("denied") : this.#openFound(found, flags, { place, need });
    });
  }

  async #openUpload({ location }: AttachedFile): Promise<BrokeredFile | Refused> {
    return this.#checked(await open(location, O_RDONLY | SAFELY), { isWritable: false, mayWrite: false });
  }

  async #openFound(
    found: Found,
    flags: OpenFlags,
    { place, need }: { readonly place: Granted; readonly need: FileAccess },
  ): Promise<BrokeredFile | Refused> {
    const access = (need === "write" ? O_RDWR : O_RDONLY) | SAFELY;
    // What was granted itself is there, and its directory is not the guest's.
    const isNew = flags.create && found.path !== found.root;
    if (flags.create && flags.exclusive && !isNew) return refused("exists");
    const handle = await (isNew ? this.#create(found, flags, place.isDirectory) : open(found.path, access));
    if (handle === undefined) return refused("denied");
    const rights = { isWritable: need === "write", mayWrite: place.mayWrite };
    return this.#checked(handle, rights, { ...found, truncate: flags.truncate });
  }

  /** The file behind a handle, or a refusal and a closed handle. */
  async #checked(
    handle: FileHandle,
    rights: { readonly isWritable: boolean; readonly mayWrite: boolean },
    found?: Found & { readonly truncate: boolean },
  ): Promise<DiskFile | Refused> {
    try {
      const [stats, real] = await Promise.all([
        handle.stat({ bigint: true }),
        found && resolveBeneath(handle, found.path, found.root),
      ]);
      // An attached file is in the data directory, and is the run's all the same.
      const isOpen = found === undefined || (real !== undefined && !this.#closed.has(real));
      const info = isOpen ? infoOf(stats, this.#times) : undefined;
      if (info?.kind === "file") {
        const options = { ...rights, times: this.#times, bytesMax: this.#bytesMax };
        if (found?.truncate !== true) return new DiskFile(handle, info, options);
        await handle.truncate(0);
        return new DiskFile(handle, { ...info, bytes: 0 }, options);
      }
      await handle.close();
      return refused(info?.kind === "directory" ? "is-directory" : "denied");
    } catch (error) {
      await handle.close().catch(() => {});
      throw error;
    }
  }

  stat(caller: Caller, path: string, follow: boolean): Promise<FileInfo | Refused> {
    return this.#audited(caller, "stat", path, () => this.#look(caller, path, follow));
  }

  async #look(caller: Caller, path: string, follow: boolean): Promise<FileInfo | Refused> {
    const place = locatePath(this.#rootOf(caller), caller, path, "read");
    if (place.type === "above") return directoryAbove(place.path);
    if (place.type === "upload") {
      const file = await this.#openUpload(place.file);
      if (!isRefused(file)) await file.close();
      return isRefused(file) ? file : file.info;
    }
    if (place.type !== "granted") return whyNot(place);
    const held = await this.#locate(place, follow);
    if (isRefused(held)) return held;
    using kept = held;
    return infoOf(kept.stats, this.#times) ?? refused("denied");
  }

  list(caller: Caller, path: string): Promise<Listing | Refused> {
    return this.#audited(caller, "list", path, async () => {
      const place = locatePath(this.#rootOf(caller), caller, path, "read");
      if (place.type === "upload") return refused("not-directory");
      if (place.type === "above") return this.#listAbove(caller, place);
      if (place.type !== "granted") return whyNot(place);
      const held = await this.#locate(place, true);
      if (isRefused(held)) return held;
      using kept = held;
      const all = await listDirectory(kept);
      const isClosed = this.#closed.lookUp();
      const listing = { ...all, entries: all.entries.filter(({ name }) => !isClosed(join(kept.real, name))) };
      if (!place.isHome || caller.context.files.length === 0) return listing;
      const { inode } = directoryAbove(join(this.#rootOf(caller), UPLOADS));
      return { ...listing, entries: [...listing.entries, { name: UPLOADS, kind: "directory", inode }] };
    });
  }

  /** What is at a granted path and not closed. */
  async #locate(place: Granted, follow: boolean): Promise<PinnedPath | Refused> {
    const held = await locate(place, follow);
    if (isRefused(held) || !this.#closed.has(held.real)) return held;
    held[Symbol.dispose]();
    return refused("denied");
  }

  /** Takes hold of a settled path's directory; undefined when it is no longer there, or the path is closed. */
  async #holdParent(found: Found, isDirectory = false): Promise<PinnedName | undefined> {
    const held = await openParent(found, isDirectory);
    if (held === undefined || !this.#closed.has(held.real)) return held;
    held[Symbol.dispose]();
    return undefined;
  }

  /** Directories on the way to what is granted, or the one of attached files. */
  async #listAbove(
    caller: Caller,
    { path, children, isUploads }: Extract<PathLocation, { type: "above" }>,
  ): Promise<Listing> {
    const names = isUploads ? caller.context.files.map(({ name }) => name) : children;
    const entries = names.map(async (name) => {
      const seen = await this.#look(caller, isUploads ? `${UPLOADS}/${name}` : join(path, name), true).catch(
        () => undefined,
      );
      const { kind, inode } = seen === undefined || isRefused(seen) ? directoryAbove(join(path, name)) : seen;
      return { name, kind, inode };
    });
    return { inode: directoryAbove(path).inode, entries: await Promise.all(entries) };
  }

  createDirectory(caller: Caller, path: string): Promise<Refused | undefined> {
    return this.#audited<undefined>(caller, "make-directory", path, async () => {
      const place = await this.#writable(caller, path);
      if (isRefused(place)) return place;
      if (place.way.length === 0) return refused("exists");
      return this.#inParent(place, (name) => mkdir(name));
    });
  }

  rename(caller: Caller, from: string, to: string): Promise<Refused | undefined> {
    return this.#audited<undefined>(caller, "rename", `${from} -> ${to}`, () =>
      this.#between(caller, [from, to], "rename"),
    );
  }

  link(caller: Caller, from: string, to: string): Promise<Refused | undefined> {
    return this.#audited<undefined>(caller, "link", `${from} -> ${to}`, () =>
      this.#between(caller, [from, to], "link"),
    );
  }

  async #between(
    caller: Caller,
    [from, to]: readonly [string, string],
    operation: "rename" | "link",
  ): Promise<Refused | undefined> {
    const source = await this.#writable(caller, from);
    if (isRefused(source)) return source;
    const target = await this.#writable(caller, to);
    if (isRefused(target)) return target;
    const [one, other] = [await settleParent(source), await settleParent(target)];
    if (one.type !== "settled") return one;
    if (other.type !== "settled") return other;
    using before = await this.#holdParent(one, source.isDirectory);
    using after = await this.#holdParent(other, target.isDirectory);
    if (before === undefined || after === undefined) return refused("denied");
    if (this.#closed.holds(before.real) || this.#closed.holds(after.real)) return refused("denied");
    if (await leadsOut(before.name, { from: one, to: other })) return refused("denied");
    await (operation === "rename" ? rename(before.name, after.name) : link(before.name, after.name));
    return undefined;
  }

  remove(caller: Caller, path: string, kind: "file" | "directory"): Promise<Refused | undefined> {
    return this.#audited<undefined>(caller, "remove", path, async () => {
      const place = await this.#writable(caller, path);
      if (isRefused(place)) return place;
      return this.#inParent(place, kind === "directory" ? (name) => rmdir(name) : removeFile);
    });
  }

  setTimes(caller: Caller, path: string, { follow, times }: TimeChange): Promise<Refused | undefined> {
    return this.#audited<undefined>(caller, "set-times", path, async () => {
      const place = await this.#writable(caller, path);
      if (isRefused(place)) return place;
      const held = await this.#locate(place, follow);
      if (isRefused(held)) return held;
      using kept = held;
      await this.#times.set(
        times,
        (accessed, modified) => utimes(kept.path, accessed, modified),
        () => kept.stat(),
      );
      return undefined;
    });
  }

  readLink(caller: Caller, path: string): Promise<string | Refused> {
    return this.#audited(caller, "read-link", path, async () => {
      const place = locatePath(this.#rootOf(caller), caller, path, "read");
      if (place.type !== "granted") return place.type === "denied" ? whyNot(place) : refused("invalid");
      const found = await resolvePath(place, false);
      if (found.type !== "settled") return found;
      using parent = await this.#holdParent(found);
      if (parent === undefined) return refused("denied");
      const text = await readlink(parent.name);
      // What it says about the outside is not the guest's to know.
      return (await escapesRoot(found.root, dirname(found.path), text)) ? refused("denied") : text;
    });
  }

  makeLink(caller: Caller, path: string, target: string): Promise<Refused | undefined> {
    return this.#audited<undefined>(caller, "make-link", `${path} -> ${target}`, async () => {
      const place = await this.#writable(caller, path);
      if (isRefused(place)) return place;
      if (!CAN_PIN) return refused("denied");
      const found = await settleParent(place);
      if (found.type !== "settled") return found;
      const directory = dirname(found.path);
      if (target.startsWith("/") || this.#closed.has(resolve(directory, target))) return refused("denied");
      if (await escapesRoot(found.root, directory, target)) return refused("denied");
      return this.#inParent(place, (name) => symlink(target, name));
    });
  }

  /** Something that may be changed; a granted directory that is not there is made. */
  async #writable(caller: Caller, path: string): Promise<Granted | Refused> {
    const place = locatePath(this.#rootOf(caller), caller, path, "write");
    if (place.type !== "granted") return refused("denied");
    await this.#makeRoot(place);
    return place;
  }

  async #makeRoot({ root }: Granted): Promise<void> {
    if (!this.#closed.has(root)) await mkdir(root, { recursive: true }).catch(() => {});
  }

  /** Makes or opens a file in a directory that is held; undefined when that is no longer where it was. */
  async #create(found: Found, flags: OpenFlags, isDirectory: boolean): Promise<FileHandle | undefined> {
    using parent = await this.#holdParent(found, isDirectory);
    return parent && (await open(parent.name, O_RDWR | O_CREAT | (flags.exclusive ? O_EXCL : 0) | SAFELY, MODE));
  }

  /** Does something to a name in its directory, which is held meanwhile. */
  async #inParent(place: Granted, work: (name: string) => Promise<Refused | void>): Promise<Refused | undefined> {
    const found = await settleParent(place);
    if (found.type !== "settled") return found;
    using parent = await this.#holdParent(found, place.isDirectory);
    if (parent === undefined) return refused("denied");
    return (await work(parent.name)) ?? undefined;
  }

  async #audited<Value>(
    caller: Caller,
    operation: AuditRecord["operation"],
    path: string,
    work: () => Promise<Value | Refused>,
  ): Promise<Value | Refused> {
    const outcome = await work().catch((error: unknown) => refused(refusalOf(error)));
    const { server, context } = caller;
    const isDenied = isRefused(outcome) && outcome.reason === "denied";
    this.#audit({
      workspace: context.workspace,
      server,
      agent: context.agent,
      session: context.session,
      operation,
      path,
      outcome: isRefused(outcome) ? outcome.reason : "allowed",
      isClosed: isDenied && path.split(" -> ").some((one) => this.#closed.refuses(resolve(this.#rootOf(caller), one))),
    });
    return outcome;
  }
}

const isRefused = (value: unknown): value is Refused =>
  typeof value === "object" && value !== null && "type" in value && value.type === "refused";

function whyNot({ type }: Exclude<PathLocation, { type: "upload" | "granted" }>): Refused {
  switch (type) {
    case "missing":
      return refused("not-found");
    case "above":
      return refused("is-directory");
    case "denied":
      return refused("denied");
  }
}

/** A link is removed itself. Pipes and devices are not the guest's to touch. */
async function removeFile(name: string): Promise<Refused | void> {
  const stats = await lstat(name.replace(/\/$/, ""));
  if (stats.isDirectory()) return refused("is-directory");
  if (!stats.isFile() && !stats.isSymbolicLink()) return refused("denied");
  return unlink(name);
}
