export { run } from "./run.ts";
export { approval } from "./approval.ts";
