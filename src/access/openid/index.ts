export { Logins } from "./logins.ts";
export type { ProviderOptions } from "./provider.ts";
