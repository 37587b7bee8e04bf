export { type WorkerPoolOptions, WorkerPool } from "./worker-pool.ts";
export { type WorkerOutcome } from "./execute-in-worker.ts";
