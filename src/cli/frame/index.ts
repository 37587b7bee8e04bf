export { confirm, confirmName } from "./ask.ts";
export { act, type CommandMaker, examples, type Invocation, operandPlace, commandPath } from "./command.ts";
export {
  type Context,
  DEFAULT_SERVER,
  formatAsked,
  FORMATS,
  Globals,
  type ProcessContext,
  terminalFor,
  savedIdentity,
} from "./context.ts";
export { download } from "./download.ts";
export {
  FileExistsError,
  InterruptedError,
  ApprovalReferenceError,
  AwaitingApprovalError,
  AwaitingInputError,
  AwaitingChoiceError,
  ConversationReferenceError,
  MessageReferenceError,
  NeedsDecisionError,
  ObservationReferenceError,
  StillRunningError,
  TaskReferenceError,
  ToolNotFoundError,
  UsageError,
} from "./errors.ts";
export { onInterrupt } from "./interrupt.ts";
export {
  Filter,
  filterOf,
  filterOptions,
  instantOf,
  limitOption,
  listOption,
  revisionOption,
  spanSeconds,
  wholeNumber,
} from "./options.ts";
export { listUpTo, pagesOf, showPages } from "./pages.ts";
export { pathsFrom } from "./paths.ts";
export { reportError } from "./report-error.ts";
export { resolveRun, shortRunId } from "./run-reference.ts";
export { sendFiles } from "./send-files.ts";
export { EACH_FORMATS, LIST_FORMATS, ONE_FORMATS, showDocument, showEach, showList, showOne, toJson } from "./show.ts";
export { watchDirectory } from "./watch.ts";
