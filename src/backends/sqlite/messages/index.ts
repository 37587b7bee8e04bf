/** The journal of messages: a file and a thread of its own. */
export { MESSAGE_JOURNAL_DEFAULTS, type MessageJournalOptions, SqliteMessageJournal } from "./message-journal.ts";
