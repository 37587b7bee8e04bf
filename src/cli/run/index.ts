export { askBelow, followRun, type FollowRunOptions, isAnswerable } from "./follow.ts";
export { run } from "./run.ts";
export { thread } from "./thread.ts";
export { approval } from "./asked/approval.ts";
export { questionLines } from "./turn-text.ts";
export { effectsText } from "./effects.ts";
