export { type Attend, attendBy, callContext } from "./attend.ts";
export { changeSince, permitCalls, ruleInWords } from "./permit.ts";
export { type Answer, Questions } from "./questions.ts";
export { offeredTools, OWN_TOOLS, READ_RESULT } from "./run-tools.ts";
export {
  type PreparedCall,
  artifactLine,
  holdOf,
  prepareCall,
  queuedPast,
  repliedEnds,
  runCalls,
  startsOf,
} from "./tool-calls.ts";
