/** Secrets of tools and of the server, by name. */
export { SecretVault, type VaultOptions } from "./secret-vault.ts";
