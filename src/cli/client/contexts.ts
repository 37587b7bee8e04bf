import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { PRIVATE_DIRECTORY, PRIVATE_FILE } from "../../kernel/files/private-files.ts";
import { ContextsInvalidError } from "./errors.ts";

const LOCK_POLL_MS = 50;
const LOCK_MS_MAX = 30_000;

const SavedLogin = z.object({
  issuer: z.url(),
  client_id: z.string(),
  id_token: z.string(),
  refresh_token: z.string().optional(),
  expires_at_ms: z.number(),
});
/** A login of a user at an identity provider. */
export type SavedLogin = z.infer<typeof SavedLogin>;

const Saved = z.object({
  server: z.url(),
  key: z.string().optional(),
  login: SavedLogin.optional(),
  ca: z.string().optional(),
  client_cert: z.string().optional(),
  client_key: z.string().optional(),
  workspace: z.string().optional(),
});
const File = z.object({
  current: z.string().nullable().default(null),
  contexts: z.record(z.string(), Saved).default({}),
});
type File = z.infer<typeof File>;

/** A server with the API key, or the tokens of a user, that `caxton login` stored for it. */
export type SavedContext = {
  readonly name: string;
  readonly server: string;
  readonly key?: string | undefined;
  readonly login?: SavedLogin | undefined;
  /** Certificate of the private authority that signed the server's; PEM. */
  readonly ca?: string | undefined;
  /** Absolute paths of the client certificate and its key. */
  readonly client_cert?: string | undefined;
  readonly client_key?: string | undefined;
  /** Of commands that name none; undefined for that of the key. */
  readonly workspace?: string | undefined;
};

const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT";

/** The servers that a user of this machine logs in to, in one file that only this user can read. */
export class Contexts {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The context that commands use unless they name a server. Throws ContextsInvalidError. */
  current(): SavedContext | undefined {
    const { current } = this.#read();
    return this.list().find(({ name }) => name === current);
  }

  /** By name. Throws ContextsInvalidError. */
  list(): readonly SavedContext[] {
    return Object.entries(this.#read().contexts)
      .map(([name, saved]) => ({ name, ...saved }))
      .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** The context of a server, `preferred` if it is one: its key is sent to this origin alone. Throws ContextsInvalidError. */
  for(server: URL, preferred = this.#read().current ?? undefined): SavedContext | undefined {
    const own = this.list().filter((saved) => URL.parse(saved.server)?.origin === server.origin);
    return own.find(({ name }) => name === preferred) ?? own[0];
  }

  /** Saves a context and makes it the current one. Throws ContextsInvalidError. */
  save(context: SavedContext): void {
    this.change(context);
    this.use(context.name);
  }

  /** Replaces a context. Throws ContextsInvalidError. */
  change({ name, ...saved }: SavedContext): void {
    const before = this.#read();
    this.#write({ ...before, contexts: { ...before.contexts, [name]: saved } });
  }

  /** Makes a context the current one; undefined for none. Throws ContextsInvalidError. */
  use(name: string | undefined): void {
    this.#write({ ...this.#read(), current: name ?? null });
  }

  /** Deletes a context with its key. Returns whether there was one. Throws ContextsInvalidError. */
  delete(name: string): boolean {
    const { current, contexts } = this.#read();
    if (!Object.hasOwn(contexts, name)) return false;
    const rest = Object.fromEntries(Object.entries(contexts).filter(([other]) => other !== name));
    this.#write({ current: current === name ? null : current, contexts: rest });
    return true;
  }

  /** Does `work` while no other command of this user does: a provider accepts a refresh token once. */
  async exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    mkdirSync(dirname(this.#path), { recursive: true, mode: PRIVATE_DIRECTORY });
    const lock = `${this.#path}.lock`;
    while (!isLocked(lock)) await sleep(LOCK_POLL_MS);
    try {
      return await work();
    } finally {
      rmSync(lock, { force: true });
    }
  }

  #read(): File {
    let text: string;
    try {
      text = readFileSync(this.#path, "utf8");
    } catch (error) {
      if (isMissing(error)) return { current: null, contexts: {} };
      throw new ContextsInvalidError(this.#path, error instanceof Error ? error.message : String(error));
    }
    try {
      return File.parse(JSON.parse(text));
    } catch (error) {
      throw new ContextsInvalidError(this.#path, error instanceof SyntaxError ? error.message : "unexpected content");
    }
  }

  /** Replaces the file in one step, so that a command that is interrupted leaves the earlier one. */
  #write(file: File): void {
    mkdirSync(dirname(this.#path), { recursive: true, mode: PRIVATE_DIRECTORY });
    const next = `${this.#path}.${process.pid}`;
    try {
      writeFileSync(next, `${JSON.stringify(file, null, 2)}\n`, { mode: PRIVATE_FILE, flag: "wx" });
      renameSync(next, this.#path);
    } finally {
      rmSync(next, { force: true });
    }
  }
}

/** Creates a lock. Returns whether it did; one of a command that died is removed. */
function isLocked(lock: string): boolean {
  try {
    writeFileSync(lock, "", { mode: PRIVATE_FILE, flag: "wx" });
    return true;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  const createdAtMs = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  if (Date.now() - createdAtMs > LOCK_MS_MAX) rmSync(lock, { force: true });
  return false;
}
