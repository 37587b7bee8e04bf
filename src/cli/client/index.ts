export { type Answer, type AnswerNote, Client, type Query } from "./client.ts";
export { Contexts, type SavedContext } from "./contexts.ts";
export { reasonOf, ServerProblem, unreadable, unwritable } from "./errors.ts";
export { follow, type Followed } from "./follow.ts";
export { type FileToSend, fileToSend, upload } from "./upload.ts";
