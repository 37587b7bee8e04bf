export { type ExecutionDeps, execute, pendingWaits } from "./execution.ts";
