import type { Grant } from "../permissions/index.ts";

/** The issuer of users that login links create. */
export const LOCAL_ISSUER = "local";

/** A user who logged in, or whose token was accepted. */
export type StoredUser = {
  /** user_<issuer>:<subject>; the issuer `local` has the users of login links. */
  readonly id: string;
  /** Name of the issuer in the configuration. */
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly email: string | undefined;
  /** At the last login or request. */
  readonly grants: readonly Grant[];
  readonly createdAtMs: number;
  /** On disk to the minute. */
  readonly seenAtMs: number;
  /** Undefined for a user who may log in. */
  readonly disabledAtMs: number | undefined;
};

/** Where users are stored. */
export interface UserStore {
  load(): readonly StoredUser[];
  /** Resolves when the user is on disk. */
  save(user: StoredUser): Promise<void>;
  delete(ids: readonly string[]): Promise<void>;
}

/** A one-time link as it is stored: without its token. */
export type StoredLink = {
  readonly tokenHash: string;
  readonly workspace: string;
  readonly name: string;
  readonly role: string;
  readonly createdBy: string;
  readonly expiresAtMs: number;
};

/** Where login links are stored. */
export interface LinkStore {
  load(): readonly StoredLink[];
  save(link: StoredLink): Promise<void>;
  delete(tokenHashes: readonly string[]): Promise<void>;
}
