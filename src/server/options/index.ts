/** Maps the configuration to the options of each module: one function per module. */
export { accessOptions } from "./access.ts";
export { agentsOptions } from "./agents.ts";
export { memoryOptions, modelsDirectory } from "./memory.ts";
export { messagingOptions } from "./messaging.ts";
export { modelsOptions } from "./models.ts";
export { runsOptions } from "./runs.ts";
export { keyFile, vaultOptions } from "./secrets.ts";
export { storageOptions } from "./storage.ts";
export { toolsOptions } from "./tools.ts";
