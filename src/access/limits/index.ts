export { DEFAULT_LIMITS, type Level, LEVELS, type Limits, LOCAL_LIMITS } from "./limits.ts";
export { endWith, limitConnections } from "./limit-connections.ts";
export { type Allowance, lesser, type Limited } from "./operation-rates.ts";
export type { Party } from "./parties.ts";
export { type Permit, ResourceLimits } from "./resource-limits.ts";
