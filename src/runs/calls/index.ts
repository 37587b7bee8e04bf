export { type CallHooks, callHooks, callContext } from "./call-hooks.ts";
export { diffSinceApproval, authorizeCalls, formatRule } from "./authorize.ts";
export { type Answer, Elicitations, isOnlyAsking, lostQuestions } from "./elicitations.ts";
export {
  type HandOff,
  type HandOffOutcome,
  HandoffTools,
  handoffTool,
  openCalls,
  waitsForOthers,
  withOneHandoff,
} from "./handoffs.ts";
export { inputClosed, inputNotFound, unfitAnswer } from "./input-refusals.ts";
export { offeredTools, OWN_TOOLS, READ_RESULT } from "./run-tools.ts";
export {
  type PreparedCall,
  resourceHold,
  prepareCall,
  queuedPast,
  repliedEnds,
  runCalls,
  startsOf,
} from "./tool-calls.ts";
export { ClientTools, clientToolsOf, UserTools } from "./user-tools.ts";
