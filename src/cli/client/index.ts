export { readAuthority } from "./authority.ts";
export { type Answer, Client, type Query } from "./client.ts";
export { Contexts, type SavedContext } from "./contexts.ts";
export { reasonOf, ServerProblem, unreadable, unwritable } from "./errors.ts";
export { follow } from "./follow.ts";
export { type FileToSend, fileToSend, upload } from "./upload.ts";
