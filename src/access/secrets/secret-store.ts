/** A secret as it is stored. Its value is encrypted; workspace, name, origins and key are authenticated with it. */
export type SealedSecret = {
  /** ALL_WORKSPACES for a secret that is assigned to all. */
  readonly workspace: string;
  readonly name: string;
  /** Origins that may receive the value; empty for those that the configuration gives. */
  readonly origins: readonly string[];
  /** The master key that decrypts the value. */
  readonly keyId: string;
  readonly nonce: Uint8Array;
  /** With the authentication tag at its end. */
  readonly ciphertext: Uint8Array;
  readonly createdAtMs: number;
  readonly updatedBy: string;
  readonly updatedAtMs: number;
  /** To the minute. */
  readonly lastUsedAtMs: number | undefined;
};

/** Where secrets are stored. Each write is one transaction and resolves when it is on disk. */
export interface SecretStore {
  load(): readonly SealedSecret[];
  save(secrets: readonly SealedSecret[]): Promise<void>;
  delete(workspace: string, name: string): Promise<void>;
  /** Records a use without changing anything else of the secret. */
  used(workspace: string, name: string, atMs: number): Promise<void>;
}
