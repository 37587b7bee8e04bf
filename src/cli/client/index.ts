export { readAuthority } from "./authority.ts";
export { type Answer, Client, type Query } from "./client.ts";
export { Contexts, type SavedContext, type SavedLogin } from "./contexts.ts";
export {
  reasonOf,
  ServerProblem,
  ServerUnreachableError,
  unreadable,
  UnreadableFileError,
  unwritable,
} from "./errors.ts";
export { follow } from "./follow.ts";
export { savedLogin, tokenOf } from "./renewal.ts";
export type { Identity } from "./secure-fetch.ts";
export { EventStreamReader } from "../../api/client/index.ts";
export { type FileToSend, fileToSend, upload, uploadBytes } from "./upload.ts";
