export { EndSignals } from "./end-signals.ts";
export type { KeyStore, StoredKey } from "./key-store.ts";
export { KeyNotFoundError } from "./errors.ts";
export { isSame, type KeyFault, Keys, listPosition } from "./keys.ts";
