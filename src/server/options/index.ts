/** What the configuration means to each module: one function a module. */
export { agentsOptions } from "./agents.ts";
export { memoryOptions, modelsDirectory } from "./memory.ts";
export { messagingOptions } from "./messaging.ts";
export { modelsOptions } from "./models.ts";
export { runsOptions } from "./runs.ts";
export { vaultOptions } from "./secrets.ts";
export { storageOptions } from "./storage.ts";
export { toolsOptions } from "./tools.ts";
