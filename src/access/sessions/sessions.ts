import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import { EndSignals, type Keys, type StoredKey } from "../keys/index.ts";
import type { SessionOwner, SessionStore, SessionUser, StoredSession } from "./session-store.ts";

export type SessionLimits = {
  /** From login to the end, in milliseconds. */
  readonly maxMs: number;
  /** From the last request to the end, in milliseconds. */
  readonly idleMs: number;
};

/** A session with the key or user for which it stands. */
export type FoundSession = { readonly session: StoredSession } & FoundOwner;
type FoundOwner =
  | { readonly type: "key"; readonly key: StoredKey }
  | { readonly type: "user"; readonly user: SessionUser };

type Owners = {
  readonly keys: Keys;
  /** Users of identity providers and login links. */
  readonly users: { isDisabled(id: string): boolean };
  /** Whether an issuer is still in the configuration. */
  hasIssuer(name: string): boolean;
};

/** The sessions that an issuer ends. It names a user, a session, or both. */
type IssuerLogout = Pick<SessionUser, "issuer" | "issuerSession"> & { readonly userId: string | undefined };

/** Sessions of one key or user; the oldest one ends when another is created. */
const SESSIONS_PER_OWNER_MAX = 100;
/** How often the last use of a session is written, so that a request does not cost a write. */
const USED_EVERY_MS = 60_000;

/** How far in the future the last use of a session may lie: a clock is corrected by less. */
const FUTURE_MS_MAX = 60_000;

const hashOf = (text: string): string => createHash("sha256").update(text).digest("base64url");

const ownerId = (owner: SessionOwner): string => (owner.type === "key" ? owner.keyId : owner.user.id);

/**
 * Browser sessions. Each stands for the API key, or the user, with which it was created.
 * access.sessions.S1. The server makes the id of a session when it is created, and never adopts one that a client brings.
 * access.sessions.S2. A session ends at logout, after `maxMs`, after `idleMs` without a request, and when its key is revoked
 *   or expires. It also ends when the secret of the key from before a rotation does, when its user is disabled, and when the
 *   issuer ends it. Its streams end within a second.
 * access.sessions.S3. A clock that is set back extends no session: time continues from the start of the server, and a session
 *   that was used in the future is over.
 */
export class Sessions implements Disposable {
  readonly #store: SessionStore;
  readonly #owners: Owners;
  readonly #clock: Clock;
  /** What to add to the monotonic clock for the time that has passed since the start. */
  readonly #offsetMs: number;
  readonly #limits: SessionLimits;
  readonly #sessions: Map<string, StoredSession>;
  readonly #writtenAtMs = new Map<string, number>();
  readonly #ends = new EndSignals((idHash) => this.#current(idHash) === undefined);

  constructor(store: SessionStore, { clock, ...owners }: Owners & { readonly clock: Clock }, limits: SessionLimits) {
    this.#store = store;
    this.#owners = owners;
    this.#clock = clock;
    this.#offsetMs = clock.nowMs() - clock.monotonicMs();
    this.#limits = limits;
    this.#sessions = new Map(store.load().map((session) => [session.idHash, session]));
  }

  /** Creates a session. Only this answer has its id. S1. */
  async create(owner: SessionOwner): Promise<{ readonly id: string; readonly session: StoredSession }> {
    const nowMs = this.#nowMs();
    const id = randomBytes(32).toString("base64url");
    const session = { idHash: hashOf(id), owner, createdAtMs: nowMs, usedAtMs: nowMs };
    await this.#delete(this.#over(ownerId(owner)));
    await this.#store.save(session);
    this.#sessions.set(session.idHash, session);
    return { id, session };
  }

  /** Returns the session with this id and counts the request as its last use; undefined if it is over. */
  find(id: string): FoundSession | undefined {
    const found = this.#current(hashOf(id));
    if (found === undefined) return undefined;
    const session = { ...found.session, usedAtMs: this.#nowMs() };
    this.#sessions.set(session.idHash, session);
    this.#used(session);
    if (found.type === "key") this.#owners.keys.used(found.key.id);
    return { ...found, session };
  }

  /** The token that writes need besides the cookie. It derives from the id, so it is not stored. */
  csrfTokenOf(id: string): string {
    return hashOf(`csrf ${id}`);
  }

  /** When the session ends if it is used until then. */
  endsAtMs({ createdAtMs }: StoredSession): number {
    return createdAtMs + this.#limits.maxMs;
  }

  /** The issuer of the session's user; undefined for the session of a key. */
  issuerOf(idHash: string): string | undefined {
    const owner = this.#sessions.get(idHash)?.owner;
    return owner?.type === "user" ? owner.user.issuer : undefined;
  }

  /** Ends a session at once. */
  async end(idHash: string): Promise<void> {
    await this.#delete([idHash]);
    this.#ends.check();
  }

  /** Ends the sessions that an issuer names: one session of it, or else all of a user. Returns their number. */
  endByIssuer({ issuer, userId, issuerSession }: IssuerLogout): Promise<number> {
    return this.#endOfUsers(
      (user) =>
        user.issuer === issuer &&
        (userId === undefined || userId === user.id) &&
        (issuerSession === undefined || issuerSession === user.issuerSession),
    );
  }

  /** Ends the sessions of users that have a role in a workspace. Those of its keys end with the keys. */
  async deleteWorkspace(name: string): Promise<void> {
    await this.#endOfUsers(({ grants }) => grants.some(({ workspace }) => workspace === name));
  }

  async #endOfUsers(isEnded: (user: SessionUser) => boolean): Promise<number> {
    const ended = [...this.#sessions.values()].filter(({ owner }) => owner.type === "user" && isEnded(owner.user));
    await this.#delete(ended.map(({ idHash }) => idHash));
    this.#ends.check();
    return ended.length;
  }

  /** Aborts when the session ends. */
  ended(idHash: string): AbortSignal {
    return this.#ends.of(idHash);
  }

  [Symbol.dispose](): void {
    this.#ends[Symbol.dispose]();
  }

  /** The session with its key or user; undefined if it is over. S2. */
  #current(idHash: string): FoundSession | undefined {
    const session = this.#sessions.get(idHash);
    if (session === undefined) return undefined;
    const nowMs = this.#nowMs();
    const { usedAtMs } = session;
    const isExpired =
      nowMs >= this.endsAtMs(session) || nowMs >= usedAtMs + this.#limits.idleMs || usedAtMs > nowMs + FUTURE_MS_MAX;
    const owner = isExpired ? undefined : this.#ownerOf(session, nowMs);
    return owner && { session, ...owner };
  }

  /** The time, also if the clock was set back since the start. S3. */
  #nowMs(): number {
    return Math.max(this.#clock.nowMs(), Math.floor(this.#clock.monotonicMs() + this.#offsetMs));
  }

  #ownerOf({ owner, createdAtMs }: StoredSession, nowMs: number): FoundOwner | undefined {
    const { keys, users } = this.#owners;
    if (owner.type === "user") {
      const { id, issuer } = owner.user;
      return this.#owners.hasIssuer(issuer) && !users.isDisabled(id) ? owner : undefined;
    }
    const key = keys.active(owner.keyId);
    const { previousUntilMs = 0 } = key ?? {};
    const isOfPreviousSecret = createdAtMs < previousUntilMs && previousUntilMs <= nowMs;
    return key === undefined || isOfPreviousSecret ? undefined : { type: "key", key };
  }

  /** The sessions to delete before an owner gets another one. */
  #over(owner: string): readonly string[] {
    const all = [...this.#sessions.values()];
    const over = all.filter(({ idHash }) => this.#current(idHash) === undefined);
    const own = all.filter((session) => ownerId(session.owner) === owner && !over.includes(session));
    const excess = own.slice(0, Math.max(0, own.length - SESSIONS_PER_OWNER_MAX + 1));
    return [...over, ...excess].map(({ idHash }) => idHash);
  }

  async #delete(idHashes: readonly string[]): Promise<void> {
    if (idHashes.length === 0) return;
    for (const idHash of idHashes) {
      this.#sessions.delete(idHash);
      this.#writtenAtMs.delete(idHash);
    }
    await this.#store.delete(idHashes);
  }

  #used(session: StoredSession): void {
    const { idHash, createdAtMs, usedAtMs } = session;
    if (usedAtMs - (this.#writtenAtMs.get(idHash) ?? createdAtMs) < USED_EVERY_MS) return;
    this.#writtenAtMs.set(idHash, usedAtMs);
    // A request does not fail because its time could not be recorded.
    this.#store
      .save(session)
      .catch((error: unknown) => log.warn({ err: error }, "the use of a session was not recorded"));
  }
}
