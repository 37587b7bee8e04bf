export { act, type Action, type CommandMaker, examples, type Invocation, operandPlace, pathOf } from "./command.ts";
export {
  type CliEnvironment,
  type Context,
  DEFAULT_SERVER,
  formatAsked,
  FORMATS,
  Globals,
  type Surroundings,
  terminalFor,
} from "./context.ts";
export { InterruptedError, UsageError } from "./errors.ts";
export { announceLocalServer } from "./local-server.ts";
export { reportError } from "./report-error.ts";
export { LIST_FORMATS, ONE_FORMATS, showDocument, showList, showOne, toJson } from "./show.ts";
