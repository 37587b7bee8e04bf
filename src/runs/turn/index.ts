export { expiredFailure, isStorageFault, thrownFailure } from "./failure.ts";
export { type ModelChosen, afterModelFailure, chosenEvents, expiredEvents, onModelFailureOf } from "./model-choice.ts";
export { keepModelFiles } from "./model-files.ts";
export {
  type Answer,
  type ModelInUse,
  type RetryPolicy,
  type RunModels,
  type TurnDeps,
  DEFAULT_RETRY,
  takeTurn,
} from "./model-turn.ts";
export { backupOf, modelOf, requestedOf, settingsFor, summarizerOf } from "./run-models.ts";
export { prepareRequest } from "./turn-context.ts";
