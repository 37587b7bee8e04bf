export { type DeviceClient, type DeviceTokens, logInOnDevice, renewTokens, revokeToken } from "./device.ts";
export { Logins } from "./logins.ts";
export type { ProviderOptions } from "./provider.ts";
