import type { Narrowing } from "../permissions/index.ts";

/** An API key as it is stored: without its secret. */
export type StoredKey = {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  /** `*` stands for every workspace. */
  readonly workspace: string;
  /** What the key is limited to. */
  readonly only: Narrowing;
  readonly createdAtMs: number;
  readonly createdBy: string;
  /** Undefined for a key that does not expire. */
  readonly expiresAtMs: number | undefined;
  readonly revokedAtMs: number | undefined;
  /** To the minute, as of the last start; `Keys.lastUsedAtMs` knows of later uses. */
  readonly lastUsedAtMs: number | undefined;
  readonly secretHash: string;
  /** The secret before the last rotation, valid until `previousUntilMs`. */
  readonly previousHash: string | undefined;
  readonly previousUntilMs: number | undefined;
};

/** Where API keys are stored. */
export interface KeyStore {
  load(): readonly StoredKey[];
  /** Resolves when the key is on disk. */
  save(key: StoredKey): Promise<void>;
  /** Records a use without changing anything else of the key, which may be revoked at the same time. */
  used(id: string, atMs: number): Promise<void>;
  deleteWorkspace(workspace: string): Promise<void>;
}
