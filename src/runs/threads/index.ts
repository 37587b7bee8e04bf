export { type ThreadPoolOptions, DEFAULT_THREADS, ThreadPool } from "./thread-pool.ts";
export { type ThreadOutcome } from "./thread-work.ts";
