import type { Grant } from "../permissions/index.ts";

/** The API key, or the user, for which a session stands. */
export type SessionOwner =
  | { readonly type: "key"; readonly keyId: string }
  | { readonly type: "user"; readonly user: SessionUser };

/** A user as the login found it: later changes at the issuer count from the next login on. */
export type SessionUser = {
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly grants: readonly Grant[];
  /** The session at the issuer, by which the issuer can end this one. */
  readonly issuerSession: string | undefined;
};

/** A browser session as it is stored. */
export type StoredSession = {
  /** SHA-256 of the id, which only the browser has. */
  readonly idHash: string;
  readonly owner: SessionOwner;
  readonly createdAtMs: number;
  /** On disk to the minute. */
  readonly usedAtMs: number;
};

/** Where browser sessions are stored. */
export interface SessionStore {
  load(): readonly StoredSession[];
  /** Resolves when the session is on disk. */
  save(session: StoredSession): Promise<void>;
  delete(idHashes: readonly string[]): Promise<void>;
}
