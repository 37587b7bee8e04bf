export { type WorkerPoolOptions, DEFAULT_WORKERS, WorkerPool } from "./worker-pool.ts";
export { type WorkerOutcome } from "./execute-in-worker.ts";
