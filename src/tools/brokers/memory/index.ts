export { ToolRecall, type ToolRecallDeps } from "./tool-recall.ts";
