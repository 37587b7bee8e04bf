import { CaxtonError } from "../../kernel/errors.ts";

/** A client tried to fetch the messages of an agent that the server runs. */
export class ParticipantServedError extends CaxtonError<{ readonly name: string }> {
  readonly code = "PARTICIPANT_SERVED";
  readonly kind = "conflict";
  constructor(name: string) {
    super(`the server handles the messages of ${name} itself`, "Fetch those of a registered participant.", { name });
  }
}

/** There is no mailbox of that name. */
export class MailboxNotFoundError extends CaxtonError<{ readonly name: string }> {
  readonly code = "MAILBOX_NOT_FOUND";
  readonly kind = "not-found";
  constructor(name: string) {
    super(`${name} has no mailbox`, "Register the participant, or deploy the agent, first.", { name });
  }
}

/** There is no message of that id. */
export class MessageNotFoundError extends CaxtonError<{ readonly id: string }> {
  readonly code = "MESSAGE_NOT_FOUND";
  readonly kind = "not-found";
  constructor(id: string) {
    super(`there is no message ${id}`, "Messages are kept for messages.retention.", { id });
  }
}

/** There is no content of that id, or it was kept long enough. */
export class MessageContentNotFoundError extends CaxtonError<{ readonly id: string }> {
  readonly code = "MESSAGE_CONTENT_NOT_FOUND";
  readonly kind = "not-found";
  constructor(id: string) {
    super(`there is no content ${id}`, "Content is kept as long as its message, for messages.retention.", { id });
  }
}

/** There is no such dead letter; it may have been sent again or dropped. */
export class DeadLetterNotFoundError extends CaxtonError<{ readonly id: string }> {
  readonly code = "DEAD_LETTER_NOT_FOUND";
  readonly kind = "not-found";
  constructor(id: string) {
    super(`there is no dead letter ${id}`, "It may have been sent again, or dropped.", { id });
  }
}

/** There is no conversation of that id, or it was over long ago. */
export class ConversationNotFoundError extends CaxtonError<{ readonly id: string }> {
  readonly code = "CONVERSATION_NOT_FOUND";
  readonly kind = "not-found";
  constructor(id: string) {
    super(`there is no conversation ${id}`, "Conversations that are over are kept for messages.retention.", { id });
  }
}

/** A participant has an open part in it. */
export class ConversationActiveError extends CaxtonError<{ readonly id: string }> {
  readonly code = "CONVERSATION_UNDER_WAY";
  readonly kind = "conflict";
  constructor(id: string) {
    super(`conversation ${id} is in progress`, "Cancel it, or wait until it is over.", { id });
  }
}

export class MessageContentsFullError extends CaxtonError<{ readonly bytesMax: number }> {
  readonly code = "MESSAGE_CONTENTS_FULL";
  readonly kind = "storage-full";
  constructor(bytesMax: number) {
    super(
      "waiting messages refer to as much large content as the server keeps",
      "Let their recipients take them, or raise messages.content_bytes_max.",
      { bytesMax },
    );
  }
}
