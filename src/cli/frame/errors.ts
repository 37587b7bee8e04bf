import { CaxtonError } from "../../kernel/errors.ts";

/** The command line itself is wrong. `command` is the command whose `--help` shows the right way. */
export class UsageError extends CaxtonError {
  readonly code = "USAGE";
  readonly kind = "invalid";
  constructor(message: string, command: string) {
    super(message, `usage and examples: ${command} --help`, { command });
  }
}

/** The person ended it with Ctrl-C. */
export class InterruptedError extends CaxtonError {
  readonly code = "INTERRUPTED";
  readonly kind = "cancelled";
  constructor() {
    super("interrupted", "", {});
  }
}
