export * as budget from "./budget-operations.ts";
export * as model from "./model-operations.ts";
