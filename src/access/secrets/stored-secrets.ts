import { KeyedMutex } from "../../kernel/async/keyed-mutex.ts";
import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import { ALL_WORKSPACES } from "../../kernel/rights/default-workspace.ts";
import {
  SecretKeyFileError,
  SecretNotFoundError,
  SecretsFullError,
  SecretUnreadableError,
  SecretValueInvalidError,
} from "./errors.ts";
import { MasterKeys } from "./master-keys.ts";
import type { SealedSecret, SecretStore } from "./secret-store.ts";

/** A secret for its users. The same object as long as its value is. */
export type FoundSecret = {
  readonly origins: readonly string[];
  /** The principal that stored the value. */
  readonly updatedBy: string;
  /** Returns the value and records the use. Throws SecretUnreadableError. */
  read(): string;
};

/** A secret without its value. */
export type SecretEntry = Omit<SealedSecret, "keyId" | "nonce" | "ciphertext"> & {
  /** Changes with the value and with the master key; undefined if the value cannot be read. */
  readonly fingerprint: string | undefined;
};

export type SecretsPorts = {
  readonly store: SecretStore;
  readonly clock: Clock;
  /** Receives all values before any of them is used, so that they can be hidden. */
  readonly known: (secrets: readonly { readonly name: string; readonly value: string }[]) => void;
};

type Identity = Pick<SealedSecret, "workspace" | "name">;
type NewSecret = Identity & {
  readonly value: string;
  readonly origins: readonly string[];
  readonly updatedBy: string;
};
type Kept = {
  readonly sealed: SealedSecret;
  readonly opened: { readonly value: string } | { readonly why: string };
  readonly found: FoundSecret;
};

/** Stored secrets of a server and their bytes together; each is looked for in every text that the server writes. */
const SECRETS_MAX = 500;
const BYTES_MAX = 256 * 1024;
const VALUE_BYTES_MAX = 64 * 1024;
/** A shorter value cannot be hidden: it would be found by chance. */
const VALUE_CHARS_MIN = 8;
/** `last_used_at` is exact to the minute, so that a request does not cost a write. */
const USED_EVERY_MS = 60_000;
const CHANGES = "changes";
/** Whether the server made a secret for itself. No name of a user's secret has a colon. */
const isOwn = ({ name }: Pick<SealedSecret, "name">): boolean => name.includes(":");

/**
 * Secrets in the database, encrypted with the master key of a file.
 * access.secrets.S1. A value is on disk only encrypted, and bound to its workspace, name and origins: a row that is changed, or moved to
 *   another name, cannot be read.
 * access.secrets.S2. A value is known to the redaction before any user of secrets can find it. The server's own secrets are not: no
 *   tool, model or definition receives one.
 * access.secrets.S3. Origins change only together with the value, so a stored value cannot be sent to another address.
 * access.secrets.S4. A rotation of the master key that is interrupted leaves every secret readable.
 */
export class StoredSecrets {
  readonly #ports: SecretsPorts;
  readonly #file: string;
  readonly #changing = new KeyedMutex<typeof CHANGES>();
  readonly #usedAtMs = new Map<string, number>();
  #keys: MasterKeys | undefined;
  /** Why the file of the master key cannot be used. */
  #fault: string | undefined;
  #secrets: ReadonlyMap<string, Kept> = new Map();

  constructor(file: string, ports: SecretsPorts) {
    this.#ports = ports;
    this.#file = file;
    const rows = ports.store.load();
    try {
      this.#keys = MasterKeys.read(file);
      if (this.#keys === undefined && rows.length > 0) this.#fault = "the file does not exist";
    } catch (error) {
      if (!(error instanceof SecretKeyFileError)) throw error;
      this.#fault = error.message;
    }
    this.#replace(rows);
    const unreadable = [...this.#secrets.values()].filter(({ opened }) => !("value" in opened)).length;
    if (unreadable > 0) log.error({ file, unreadable, reason: this.#fault }, "stored secrets cannot be read");
  }

  /** Returns a secret of a workspace, else one that is assigned to all workspaces. */
  find(workspace: string, name: string): FoundSecret | undefined {
    return (
      this.#secrets.get(idOf({ workspace, name })) ?? this.#secrets.get(idOf({ workspace: ALL_WORKSPACES, name }))
    )?.found;
  }

  /** The secrets that a workspace can use, by name; its own before those of all workspaces. Without those that the server uses itself. */
  list(workspace: string): readonly SecretEntry[] {
    return [...this.#secrets.values()]
      .filter(({ sealed }) => sealed.workspace === workspace || sealed.workspace === ALL_WORKSPACES)
      .filter(({ sealed }) => !isOwn(sealed))
      .toSorted((one, other) => (listPosition(one.sealed) < listPosition(other.sealed) ? -1 : 1))
      .map((kept) => this.#entry(kept));
  }

  /** Stores a secret, or replaces it. Throws SecretValueInvalidError, SecretsFullError, SecretKeyFileError. */
  set(wanted: NewSecret): Promise<SecretEntry> {
    return this.#changing.run(CHANGES, () => this.#set(wanted));
  }

  /** Replaces the value of a secret that exists and keeps its origins. Throws SecretNotFoundError, SecretValueInvalidError, SecretKeyFileError. */
  rotate(wanted: Omit<NewSecret, "origins">): Promise<SecretEntry> {
    return this.#changing.run(CHANGES, () => this.#set({ ...wanted, origins: this.#get(wanted).sealed.origins }));
  }

  /** Throws SecretNotFoundError. */
  delete(identity: Identity): Promise<SecretEntry> {
    return this.#changing.run(CHANGES, async () => {
      const kept = this.#get(identity);
      await this.#ports.store.delete(identity.workspace, identity.name);
      this.#replace(this.#rows().filter((row) => row !== kept.sealed));
      return this.#entry(kept);
    });
  }

  /** Deletes the secrets of a workspace; not those that are assigned to all. */
  deleteWorkspace(workspace: string): Promise<void> {
    return this.#deleteAll((row) => row.workspace === workspace);
  }

  /** Deletes those of the server's own secrets that nothing uses. */
  deleteUnused(isUnused: (secret: Identity) => boolean): Promise<void> {
    return this.#deleteAll((row) => isOwn(row) && isUnused(row));
  }

  #deleteAll(isGone: (secret: Identity) => boolean): Promise<void> {
    return this.#changing.run(CHANGES, async () => {
      const gone = new Set(this.#rows().filter(isGone));
      if (gone.size === 0) return;
      for (const { workspace, name } of gone) await this.#ports.store.delete(workspace, name);
      this.#replace(this.#rows().filter((row) => !gone.has(row)));
    });
  }

  /**
   * Encrypts every secret with a new master key. The file has both keys until the rows are on disk (S4). Returns the number of secrets.
   * Throws SecretUnreadableError if one cannot be read, SecretKeyFileError.
   */
  rotateKey(): Promise<number> {
    return this.#changing.run(CHANGES, async () => {
      const values = [...this.#secrets.values()].map(({ sealed }) => ({ sealed, value: this.#valueOf(sealed) }));
      const keys = MasterKeys.withNew(this.#usableKeys());
      await keys.write(this.#file);
      this.#keys = keys;
      const rows = values.map(({ sealed, value }) => ({ ...sealed, ...keys.seal(sealed, value) }));
      await this.#ports.store.save(rows);
      this.#replace(rows);
      const current = keys.withoutOld();
      await current.write(this.#file);
      this.#keys = current;
      return rows.length;
    });
  }

  async #set({ value, ...wanted }: NewSecret): Promise<SecretEntry> {
    if (value.length < VALUE_CHARS_MIN)
      throw new SecretValueInvalidError(`has fewer than ${VALUE_CHARS_MIN} characters`);
    if (Buffer.byteLength(value) > VALUE_BYTES_MAX) throw new SecretValueInvalidError("is longer than 64 KiB");
    const before = this.#secrets.get(idOf(wanted))?.sealed;
    this.#requireRoom(wanted, value);
    const keys = await this.#keysToWrite();
    const nowMs = this.#ports.clock.nowMs();
    const sealed: SealedSecret = {
      ...wanted,
      ...keys.seal(wanted, value),
      createdAtMs: before?.createdAtMs ?? nowMs,
      updatedAtMs: nowMs,
      lastUsedAtMs: before?.lastUsedAtMs,
    };
    // Hidden before it is stored: a failure of the write may not show it either.
    if (!isOwn(wanted)) this.#hide([...this.#values(), { name: wanted.name, value }]);
    await this.#ports.store.save([sealed]);
    this.#replace([...this.#rows().filter((row) => row !== before), sealed]);
    return this.#entry(this.#get(wanted));
  }

  /** Throws SecretsFullError. */
  #requireRoom(identity: Identity, value: string): void {
    if (isOwn(identity)) return;
    const others = [...this.#secrets.values()].filter(
      ({ sealed }) => !isOwn(sealed) && idOf(sealed) !== idOf(identity),
    );
    const bytes = others.reduce((sum, { sealed }) => sum + sealed.ciphertext.length, Buffer.byteLength(value));
    if (others.length >= SECRETS_MAX || bytes > BYTES_MAX) throw new SecretsFullError(SECRETS_MAX, BYTES_MAX);
  }

  /** The keys of the file, which is created with the first secret. Never beside secrets that it cannot decrypt. */
  async #keysToWrite(): Promise<MasterKeys> {
    const keys = this.#usableKeys();
    if (keys !== undefined) return keys;
    // A file that appeared since the start belongs to the operator.
    const given = MasterKeys.read(this.#file);
    const created = given ?? MasterKeys.withNew();
    if (given === undefined) await created.write(this.#file);
    this.#keys = created;
    this.#fault = undefined;
    return created;
  }

  #usableKeys(): MasterKeys | undefined {
    if (this.#fault !== undefined && this.#secrets.size > 0) throw new SecretKeyFileError(this.#file, this.#fault);
    return this.#keys;
  }

  #replace(rows: readonly SealedSecret[]): void {
    const before = this.#secrets;
    this.#secrets = new Map(
      rows.map((sealed) => {
        const known = before.get(idOf(sealed));
        return [idOf(sealed), known?.sealed === sealed ? known : this.#kept(sealed)];
      }),
    );
    this.#hide(this.#values());
  }

  #kept(sealed: SealedSecret): Kept {
    const opened = this.#keys?.open(sealed) ?? { why: this.#fault ?? "there is no master key" };
    const found = {
      origins: sealed.origins,
      updatedBy: sealed.updatedBy,
      read: () => {
        this.#used(sealed);
        return this.#valueOf(sealed, opened);
      },
    };
    return { sealed, opened, found };
  }

  #valueOf({ name, ...sealed }: SealedSecret, opened = this.#get({ name, ...sealed }).opened): string {
    if ("value" in opened) return opened.value;
    throw new SecretUnreadableError(name, opened.why, this.#file);
  }

  #values() {
    return [...this.#secrets.values()].flatMap(({ sealed: { name }, opened }) =>
      "value" in opened && !isOwn({ name }) ? [{ name, value: opened.value }] : [],
    );
  }

  #hide(values: readonly { readonly name: string; readonly value: string }[]): void {
    this.#ports.known(values);
  }

  #rows(): readonly SealedSecret[] {
    return [...this.#secrets.values()].map(({ sealed }) => sealed);
  }

  /** Throws SecretNotFoundError. */
  #get(identity: Identity): Kept {
    const kept = this.#secrets.get(idOf(identity));
    if (kept !== undefined) return kept;
    const { workspace, name } = identity;
    throw new SecretNotFoundError(
      name,
      workspace === ALL_WORKSPACES ? "for all workspaces" : `in the workspace ${workspace}`,
    );
  }

  #entry({ sealed: { keyId: _key, nonce: _nonce, ciphertext: _text, ...sealed }, opened }: Kept): SecretEntry {
    return {
      ...sealed,
      lastUsedAtMs: this.#usedAtMs.get(idOf(sealed)) ?? sealed.lastUsedAtMs,
      fingerprint: "value" in opened ? this.#keys?.fingerprint(opened.value) : undefined,
    };
  }

  #used({ workspace, name, lastUsedAtMs = 0 }: SealedSecret): void {
    const id = idOf({ workspace, name });
    const nowMs = this.#ports.clock.nowMs();
    if (nowMs - (this.#usedAtMs.get(id) ?? lastUsedAtMs) < USED_EVERY_MS) return;
    this.#usedAtMs.set(id, nowMs);
    // A request does not fail because its time could not be recorded.
    this.#ports.store
      .used(workspace, name, nowMs)
      .catch((error: unknown) => log.warn({ err: error }, "the use of a secret was not recorded"));
  }
}

const idOf = ({ workspace, name }: Identity): string => `${workspace}\0${name}`;

/** Orders secrets by name, those of a workspace before those of all; unique. */
export const listPosition = ({ workspace, name }: Identity): string =>
  `${name} ${workspace === ALL_WORKSPACES ? 1 : 0}`;
