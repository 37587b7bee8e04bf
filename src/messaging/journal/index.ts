/** The journal of messages: a file and a thread of its own. */
export { FileContentStore } from "./file-content-store.ts";
export { FileInFlightLog } from "./file-in-flight-log.ts";
export { MESSAGE_JOURNAL_DEFAULTS, type MessageJournalOptions, SqliteMessageJournal } from "./message-journal.ts";
