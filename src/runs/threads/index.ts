/** Threads: lasting dialogues whose turns are runs. */
export type { ThreadStore } from "./thread.ts";
export { Threads } from "./threads.ts";
