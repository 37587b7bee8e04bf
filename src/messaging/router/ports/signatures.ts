import { type Message, type MessageError } from "../../acl/index.ts";

/** Who may sign, and where signatures are required. */
export interface Signatures {
  /** Returns the message to take: as it is, or signed by the server for its own participants; an error if it is refused. */
  admit(message: Message): Message | MessageError;
}
