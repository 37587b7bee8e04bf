export type { SessionOwner, SessionStore, SessionUser, StoredSession } from "./session-store.ts";
export { type SessionLimits, type FoundSession, Sessions } from "./sessions.ts";
