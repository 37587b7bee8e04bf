import { isDeepStrictEqual } from "node:util";
import { KeyedMutex } from "../../kernel/async/keyed-mutex.ts";
import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import { EndSignals } from "../keys/index.ts";
import { UserDisabledError, UserNotFoundError, UsersFullError } from "./errors.ts";
import { LOCAL_ISSUER, type StoredUser, type UserStore } from "./user-store.ts";

const USERS_MAX = 100_000;
/** `seenAtMs` is exact to the minute, so that a request does not cost a write. */
const SEEN_EVERY_MS = 60_000;

type SeenUser = Pick<StoredUser, "id" | "issuer" | "subject" | "name" | "grants"> & {
  readonly email?: string | undefined;
};

/**
 * Users of identity providers and of login links. They exist from their first login or request on.
 * access.users.U1. A disabled user is refused from the next request on, and its streams end within a second.
 */
export class Users implements Disposable {
  readonly #store: UserStore;
  readonly #clock: Clock;
  readonly #users: Map<string, StoredUser>;
  readonly #changing = new KeyedMutex();
  readonly #ends = new EndSignals((id) => this.isDisabled(id));

  constructor(store: UserStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#users = new Map(store.load().map((user) => [user.id, user]));
  }

  /** Every user, the oldest first. */
  list(): readonly StoredUser[] {
    return [...this.#users.values()].toSorted((one, other) => (userPosition(one) < userPosition(other) ? -1 : 1));
  }

  /** Throws UserNotFoundError. */
  get(id: string): StoredUser {
    const found = this.#users.get(id);
    if (found === undefined) throw new UserNotFoundError(id);
    return found;
  }

  has(id: string): boolean {
    return this.#users.has(id);
  }

  isDisabled(id: string): boolean {
    return this.#users.get(id)?.disabledAtMs !== undefined;
  }

  /** Records that a user logged in or sent a request. Throws UserDisabledError, UsersFullError. */
  seen(user: SeenUser): void {
    const before = this.#users.get(user.id);
    if (before?.disabledAtMs !== undefined) throw new UserDisabledError(before);
    if (before === undefined && this.#users.size >= USERS_MAX) throw new UsersFullError(USERS_MAX);
    const nowMs = this.#clock.nowMs();
    const { name, email, grants } = user;
    const isSame = before?.name === name && before.email === email && isDeepStrictEqual(before.grants, grants);
    if (isSame && nowMs - before.seenAtMs < SEEN_EVERY_MS) return;
    const { id, issuer, subject } = user;
    const profile = { id, issuer, subject, name, email, grants };
    this.#users.set(id, {
      ...profile,
      createdAtMs: before?.createdAtMs ?? nowMs,
      seenAtMs: nowMs,
      disabledAtMs: undefined,
    });
    // A request does not fail because its time could not be recorded.
    this.#changing
      .run(id, () => this.#save(id))
      .catch((error: unknown) => log.warn({ err: error }, "a user was not recorded"));
  }

  /** Refuses the user from now on. Throws UserNotFoundError. */
  async disable(id: string): Promise<StoredUser> {
    const disabled = await this.#change(id, (user) => ({
      ...user,
      disabledAtMs: user.disabledAtMs ?? this.#clock.nowMs(),
    }));
    this.#ends.check();
    return disabled;
  }

  /** Lets a disabled user log in again. Throws UserNotFoundError. */
  enable(id: string): Promise<StoredUser> {
    return this.#change(id, (user) => ({ ...user, disabledAtMs: undefined }));
  }

  /** Deletes the users of login links of a workspace: their names belong to it. */
  async deleteWorkspace(workspace: string): Promise<void> {
    const own = this.list().filter(
      ({ issuer, grants }) => issuer === LOCAL_ISSUER && grants.every((grant) => grant.workspace === workspace),
    );
    const ids = own.map(({ id }) => id);
    for (const id of ids) this.#users.delete(id);
    await this.#store.delete(ids);
  }

  /** Aborts when the user is disabled. */
  ended(id: string): AbortSignal {
    return this.#ends.of(id);
  }

  [Symbol.dispose](): void {
    this.#ends[Symbol.dispose]();
  }

  #change(id: string, change: (user: StoredUser) => StoredUser): Promise<StoredUser> {
    return this.#changing.run(id, async () => {
      const changed = change(this.get(id));
      await this.#store.save(changed);
      this.#users.set(id, changed);
      return changed;
    });
  }

  /** Writes the user as it is when its turn comes. */
  async #save(id: string): Promise<void> {
    const user = this.#users.get(id);
    if (user !== undefined) await this.#store.save(user);
  }
}

/** Orders users by the time of their first login; unique. */
export const userPosition = ({ createdAtMs, id }: StoredUser): string =>
  `${String(createdAtMs).padStart(15, "0")}-${id}`;
