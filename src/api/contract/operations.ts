export * as approval from "./approval-operations.ts";
export * as budget from "./budget-operations.ts";
export * as memory from "./memory-operations.ts";
export * as memoryUpkeep from "./memory-upkeep-operations.ts";
export * as model from "./model-operations.ts";
export * as run from "./run-operations.ts";
