import { nearest } from "../../documents/index.ts";
import { type Message, type MessageError } from "../../messages/index.ts";
import { type Recipient, type Recipients } from "../mailboxes/index.ts";
import { type Directory, failure, type RouterOptions } from "../ports/index.ts";

/** Whom a message goes to. */
export type Route =
  | { readonly type: "found"; readonly recipients: readonly Recipient[] }
  /** It is put on record, and its sender is told. */
  | { readonly type: "nobody"; readonly error: MessageError }
  /** It should not have been sent. */
  | { readonly type: "refused"; readonly error: MessageError };

export type AddressingParts = {
  readonly recipients: Recipients;
  readonly directory: Directory;
  readonly options: RouterOptions;
};

/** From a message's address to mailboxes. */
export class Addressing {
  readonly #parts: AddressingParts;

  constructor(parts: AddressingParts) {
    this.#parts = parts;
  }

  route(message: Message): Route {
    const { address } = message;
    switch (address.type) {
      case "receivers":
        return this.#toNames(message, address.names);
      case "broadcast":
      case "capability":
      case "topic":
        return { type: "nobody", error: failure("NO_CAPABILITY_PROVIDERS", "nobody") };
    }
  }

  #toNames(message: Message, names: readonly string[]): Route {
    const { recipients } = this.#parts;
    const found: Recipient[] = [];
    const unknown: string[] = [];
    for (const name of names) {
      if (name === message.sender) return { type: "refused", error: toItself(name) };
      const recipient = recipients.find(message.workspace, name);
      if (recipient === undefined) unknown.push(name);
      else if (!found.includes(recipient)) found.push(recipient);
    }
    return unknown.length === 0
      ? { type: "found", recipients: found }
      : { type: "nobody", error: this.#notFound(message.workspace, unknown) };
  }

  #notFound(workspace: string, unknown: readonly string[]): MessageError {
    const known = [...this.#parts.directory.names(workspace)];
    const near = [...new Set(unknown.flatMap((name) => nearest(name, known)))];
    const hint = near.length > 0 ? `Did you mean ${near.join(", ")}?` : "`caxton agent list` shows who is there.";
    return failure("AGENT_NOT_FOUND", `there is no agent or participant ${unknown.join(", ")}`, {
      hint,
      details: { names: [...unknown], near },
    });
  }
}

const toItself = (name: string): MessageError =>
  failure("SENDER_IS_RECEIVER", `${name} sends to itself`, {
    hint: "Name somebody else; what an agent tells itself belongs into its memory.",
    details: { name },
  });
