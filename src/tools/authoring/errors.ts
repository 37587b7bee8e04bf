import { CaxtonError } from "../../kernel/errors.ts";

/** A directory is no tool's project, or one that cannot be read. */
export class ToolProjectError extends CaxtonError {
  readonly code = "TOOL_PROJECT_INVALID";
  readonly kind = "rejected";
}

/** The compiler of a tool's language is not on this machine. */
export class CompilerMissingError extends CaxtonError {
  readonly code = "COMPILER_MISSING";
  readonly kind = "not-found";
}

/** A compiler refused the sources; the message is the compiler's. */
export class CompileFailedError extends CaxtonError {
  readonly code = "COMPILE_FAILED";
  readonly kind = "rejected";
}
