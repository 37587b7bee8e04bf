/** A browser session as it is stored. */
export type StoredSession = {
  /** SHA-256 of the id, which only the browser has. */
  readonly idHash: string;
  /** The API key for which the session stands. */
  readonly keyId: string;
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
