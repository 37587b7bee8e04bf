export type { SealedSecret, SecretStore } from "./secret-store.ts";
export { listPosition, type SecretEntry, StoredSecrets } from "./stored-secrets.ts";
