import { CaxtonError } from "../../kernel/errors.ts";
import { reasonOf } from "../client/index.ts";

/** The connection was lost before an import had ended. */
export class ImportInterruptedError extends CaxtonError {
  readonly code = "IMPORT_INTERRUPTED";
  readonly kind = "unavailable";
  constructor(cause: unknown) {
    super(
      `the connection was lost before the import had ended: ${reasonOf(cause)}`,
      "import the same file again: the import resumes without duplicates",
      {},
      { cause },
    );
  }
}

/** An import of which something could not be taken. */
export class ImportProblemsError extends CaxtonError<{ readonly problems: number }> {
  readonly code = "IMPORT_PROBLEMS";
  readonly kind = "rejected";
  constructor(problems: number) {
    super(
      problems === 1 ? "one record could not be imported" : `${problems} records could not be imported`,
      "correct the lines named above and import the file again: what is there already is passed over",
      { problems },
    );
  }
}

/** The connection was lost before a migration had ended. `again`: the command that resumes it. */
export class MigrationInterruptedError extends CaxtonError {
  readonly code = "MIGRATION_INTERRUPTED";
  readonly kind = "unavailable";
  constructor(cause: unknown, again: string) {
    super(
      `the connection was lost before the migration had ended: ${reasonOf(cause)}`,
      `resume it with: ${again}`,
      {},
      { cause },
    );
  }
}
