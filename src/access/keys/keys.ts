import { timingSafeEqual } from "node:crypto";
import { isNarrowed } from "../permissions/index.ts";
import { KeyedMutex } from "../../kernel/async/keyed-mutex.ts";
import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import { EndSignals } from "./end-signals.ts";
import { KeyNotFoundError, KeyRevokedError, KeysFullError } from "./errors.ts";
import { mintKey, mintKeyId, readKey } from "./api-key.ts";
import type { KeyStore, StoredKey } from "./key-store.ts";

/** Active keys of a server. */
const KEYS_MAX = 100_000;
/** `last_used_at` is exact to the minute, so that a request does not cost a write. */
const USED_EVERY_MS = 60_000;
/** The workspace of a key that is valid in every one. */
const EVERY = "*";

type NewKey = Pick<StoredKey, "name" | "role" | "workspace" | "only" | "createdBy" | "expiresAtMs">;

/** Why a key does not count. */
export type KeyFault = "unknown" | "expired" | "revoked";
/** A key that is refused; `key` is the one whose secret was presented. */
export type RefusedKey = { readonly fault: KeyFault; readonly key?: StoredKey };

/**
 * API keys.
 * access.keys.K1. A key is found by its id, in constant time for any number of keys; its secret is compared in constant time.
 * access.keys.K2. A revoked or expired key is refused from the next request on, and its streams end within a second.
 * access.keys.K3. A text that a connection presents again is valid only while the key's record is the one that the text was checked
 *   against: each change of a key makes another record. Expiry is checked in each request, and the text is forgotten with the connection.
 */
export class Keys implements Disposable {
  readonly #store: KeyStore;
  readonly #clock: Clock;
  readonly #keys = new Map<string, StoredKey>();
  readonly #usedAtMs = new Map<string, number>();
  readonly #changing = new KeyedMutex();
  /** The last valid text of each connection, so that it is not hashed in each request. */
  readonly #checked = new WeakMap<object, { readonly text: string; readonly key: StoredKey }>();
  /** Roles of the keys for every workspace that were created since the start. */
  readonly #createdRoles = new Set<string>();
  readonly #ends = new EndSignals((id) => this.active(id) === undefined);

  constructor(store: KeyStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    for (const key of store.load()) {
      this.#keys.set(key.id, key);
      if (key.lastUsedAtMs !== undefined) this.#usedAtMs.set(key.id, key.lastUsedAtMs);
    }
  }

  /** Every key, the oldest first. */
  list(): readonly StoredKey[] {
    return [...this.#keys.values()].toSorted((one, other) => (listPosition(one) < listPosition(other) ? -1 : 1));
  }

  /** Throws KeyNotFoundError. */
  get(id: string): StoredKey {
    const found = this.#keys.get(id);
    if (found === undefined) throw new KeyNotFoundError(id);
    return found;
  }

  /** Whether a key with this role in every workspace can be used now, or was created since the start. */
  hasServerKey(role: string): boolean {
    if (this.#createdRoles.has(role)) return true;
    for (const key of this.#keys.values())
      if (key.role === role && key.workspace === EVERY && !isNarrowed(key.only) && this.fault(key) === undefined)
        return true;
    return false;
  }

  /** Deletes the keys of a workspace. */
  async deleteWorkspace(workspace: string): Promise<void> {
    await this.#store.deleteWorkspace(workspace);
    for (const key of this.#keys.values()) if (key.workspace === workspace) this.#keys.delete(key.id);
    this.#ends.check();
  }

  /** Creates a key. Only this answer has its text. Throws KeysFullError. */
  async create(wanted: NewKey): Promise<{ readonly stored: StoredKey; readonly key: string }> {
    if (this.#keys.size >= KEYS_MAX && this.list().filter((key) => this.fault(key) === undefined).length >= KEYS_MAX)
      throw new KeysFullError(KEYS_MAX);
    const id = mintKeyId();
    const { key, secretHash } = mintKey(id);
    const unused = {
      revokedAtMs: undefined,
      lastUsedAtMs: undefined,
      previousHash: undefined,
      previousUntilMs: undefined,
    };
    const stored = { ...wanted, ...unused, id, createdAtMs: this.#clock.nowMs(), secretHash };
    await this.#put(stored);
    if (stored.workspace === EVERY && !isNarrowed(stored.only)) this.#createdRoles.add(stored.role);
    return { stored, key };
  }

  /** Gives a key another secret. The previous one is valid for `graceMs` more. Throws KeyNotFoundError, KeyRevokedError. */
  rotate(id: string, graceMs: number): Promise<{ readonly stored: StoredKey; readonly key: string }> {
    return this.#changing.run(id, async () => {
      const before = this.get(id);
      if (this.fault(before) !== undefined) throw new KeyRevokedError(id);
      const { key, secretHash } = mintKey(id);
      const previous = { previousHash: before.secretHash, previousUntilMs: this.#clock.nowMs() + graceMs };
      return { stored: await this.#put({ ...before, ...previous, secretHash }), key };
    });
  }

  /** Ends a key at once. Throws KeyNotFoundError. */
  revoke(id: string): Promise<StoredKey> {
    return this.#changing.run(id, async () => {
      const before = this.get(id);
      if (before.revokedAtMs !== undefined) return before;
      const revoked = await this.#put({ ...before, revokedAtMs: this.#clock.nowMs() });
      this.#ends.check();
      return revoked;
    });
  }

  /** When a key was last used, to the minute. */
  lastUsedAtMs(id: string): number | undefined {
    return this.#usedAtMs.get(id);
  }

  /** Returns the key that a client presented on a connection, or why it is refused. */
  find(text: string, connection: object): StoredKey | RefusedKey {
    const last = this.#checked.get(connection);
    // In constant time, because clients of a proxy share its connections.
    const isKnown = last !== undefined && this.#keys.get(last.key.id) === last.key && isSame(text, last.text);
    const key = isKnown ? last.key : this.#check(text, connection);
    if (key === undefined) return { fault: "unknown" };
    const fault = this.fault(key);
    if (fault !== undefined) return { fault, key };
    this.used(key.id);
    return key;
  }

  #check(text: string, connection: object): StoredKey | undefined {
    const given = readKey(text);
    const key = given && this.#keys.get(given.id);
    if (given === undefined || key === undefined) return undefined;
    const { secretHash, previousHash = "", previousUntilMs = 0 } = key;
    if (isSame(given.secretHash, secretHash)) {
      this.#checked.set(connection, { text, key });
      return key;
    }
    // Not remembered, because it is valid for a time only.
    return previousUntilMs > this.#clock.nowMs() && isSame(given.secretHash, previousHash) ? key : undefined;
  }

  /** Returns the key with this id if it can be used now. */
  active(id: string): StoredKey | undefined {
    const key = this.#keys.get(id);
    return key !== undefined && this.fault(key) === undefined ? key : undefined;
  }

  /** Why a key cannot be used now. */
  fault({ revokedAtMs, expiresAtMs }: StoredKey): Exclude<KeyFault, "unknown"> | undefined {
    if (revokedAtMs !== undefined) return "revoked";
    return expiresAtMs !== undefined && expiresAtMs <= this.#clock.nowMs() ? "expired" : undefined;
  }

  /** Aborts when the key is revoked or expires. */
  ended(id: string): AbortSignal {
    return this.#ends.of(id);
  }

  /** Records that a key is used now. */
  used(id: string): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - (this.#usedAtMs.get(id) ?? 0) < USED_EVERY_MS) return;
    this.#usedAtMs.set(id, nowMs);
    // A request does not fail because its time could not be recorded.
    this.#store
      .used(id, nowMs)
      .catch((error: unknown) => log.warn({ err: error }, "the use of an API key was not recorded"));
  }

  [Symbol.dispose](): void {
    this.#ends[Symbol.dispose]();
  }

  async #put(key: StoredKey): Promise<StoredKey> {
    await this.#store.save(key);
    this.#keys.set(key.id, key);
    return key;
  }
}

/** Orders keys by the time of their creation; unique. */
export const listPosition = ({ createdAtMs, id }: StoredKey): string =>
  `${String(createdAtMs).padStart(15, "0")}-${id}`;

/** Compares in constant time. */
export function isSame(one: string, other: string): boolean {
  const [first, second] = [Buffer.from(one), Buffer.from(other)];
  return first.length === second.length && timingSafeEqual(first, second);
}
