export { type ExecutionDeps, execute, waitsOf } from "./execution.ts";
