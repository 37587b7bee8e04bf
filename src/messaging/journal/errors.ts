import { CaxtonError } from "../../kernel/errors.ts";
import { lostDatabase, storageError, wrongSchema } from "../../kernel/sqlite/errors.ts";
import type { WriterFailure } from "./requests.ts";

export class MessageFileForeignError extends CaxtonError<{ readonly file: string }> {
  readonly code = "MESSAGE_FILE_FOREIGN";
  readonly kind = "conflict";
}

export class MessageFileDamagedError extends CaxtonError<{ readonly file: string }> {
  readonly code = "MESSAGE_FILE_DAMAGED";
  readonly kind = "unavailable";
}

export class MessageJournalClosedError extends CaxtonError<{ readonly file: string }> {
  readonly code = "MESSAGE_JOURNAL_CLOSED";
  readonly kind = "unavailable";
}

/** SQLite's primary result codes for a file whose content is not a sound database. */
const DAMAGED: readonly number[] = [11, 26];

/** What the writer's thread failed with, as one of ours. */
export function journalError(failure: WriterFailure, directory: string, file: string): unknown {
  switch (failure.type) {
    case "wrong-file":
      return failure.reason.type === "foreign" ? foreign(file) : wrongSchema(file, failure.reason);
    case "storage": {
      const { message, errcode, code } = failure;
      if (errcode !== undefined && DAMAGED.includes(errcode & 0xff)) return damaged(file, message);
      return storageError(
        Object.assign(new Error(message), errcode === undefined ? { code } : { code, errcode }),
        directory,
      );
    }
    case "lost":
      return lostDatabase(file, failure.now);
    case "bug":
      return new Error(`the message journal's writer failed: ${failure.message}`);
  }
}

/** The same for what the main thread's own connection throws. */
export function readError(error: unknown, directory: string, file: string): unknown {
  const errcode = error instanceof Error && "errcode" in error ? error.errcode : undefined;
  if (typeof errcode === "number" && DAMAGED.includes(errcode & 0xff)) return damaged(file, String(error));
  return storageError(error, directory);
}

const foreign = (file: string): MessageFileForeignError =>
  new MessageFileForeignError(
    `${file} is not a message journal: another program's database has its name`,
    "Move the file away, or give Caxton another data directory with --data-dir; it makes a new journal.",
    { file },
  );

const damaged = (file: string, message: string): MessageFileDamagedError =>
  new MessageFileDamagedError(
    `the message journal ${file} is damaged: ${message}`,
    "Stop the server and move messages.db, messages.db-wal and messages.db-shm away together: it starts with an empty journal. `sqlite3 messages.db .recover` gets out what can be read.",
    { file },
  );

export const journalClosed = (file: string): MessageJournalClosedError =>
  new MessageJournalClosedError(
    `the message journal ${file} is closed`,
    "The server is stopping, or the journal's thread has ended: the server's log says why. Start the server again.",
    { file },
  );
