export { type Answer, type AnswerNote, Client, type Query } from "./client.ts";
export { ServerProblem, ServerUnreachableError, UnreadableFileError, WaitTimeoutError } from "./errors.ts";
export { follow, type Followed } from "./follow.ts";
export { EventStreamReader, type ServerSentEvent } from "./sse.ts";
export { type FileToSend, fileToSend, upload } from "./upload.ts";
