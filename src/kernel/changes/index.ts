/** What changed in the server besides runs, in order, for readers who come back. */
export type { Change, ChangeLog, LoggedChange } from "./change-log.ts";
