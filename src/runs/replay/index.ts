export type { Recording } from "./recording.ts";
export { type ReplayDeps, replayRun, type ReplayReport } from "./replay.ts";
