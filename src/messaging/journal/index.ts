/** The journal of messages: a file and a thread of its own. */
export { FileContentStore } from "./file-content-store.ts";
export { FileHandRecord } from "./file-hand-record.ts";
export { MESSAGE_JOURNAL_DEFAULTS, type MessageJournalOptions, SqliteMessageJournal } from "./message-journal.ts";
