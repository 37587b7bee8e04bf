import { MessageId } from "../../../src/kernel/ids.ts";
import {
  composeMessage,
  type Message,
  type MessageDraft,
  PERFORMATIVES,
  type Performative,
} from "../../../src/messaging/acl/index.ts";
import {
  advance,
  type Advance,
  type ProtocolViolation,
  type Conversation,
  CONVERSATION_TERMS,
  type ConversationTerms,
} from "../../../src/messaging/protocols/index.ts";

function actOf(text: string): Performative {
  const act = PERFORMATIVES.find((known) => known === text);
  if (act === undefined) throw new Error(`${text} is no act`);
  return act;
}

/** A conversation in tests: messages at times, by name. */
export class Talk {
  conversation: Conversation | undefined;
  nowMs = 1_000_000;
  #count = 0;
  readonly #protocol: string | undefined;
  readonly #terms: ConversationTerms;

  constructor(protocol: string | undefined, terms: Partial<ConversationTerms> = {}) {
    this.#protocol = protocol;
    this.#terms = { ...CONVERSATION_TERMS, ...terms };
  }

  /** `"alice request bob"` or `"alice cfp bob,carol"`. */
  message(line: string, draft: Partial<MessageDraft> = {}): { message: Message; to: readonly string[] } {
    const [sender = "", act = "", receivers = ""] = line.split(" ");
    const to = receivers.split(",").filter((name) => name !== "");
    this.#count += 1;
    const message = composeMessage({
      id: MessageId.parse(`00000000-0000-7000-8000-${String(this.#count).padStart(12, "0")}`),
      workspace: "default",
      performative: actOf(act),
      sender,
      address: { type: "receivers", names: to },
      content: { type: "text", text: line },
      atMs: this.nowMs,
      conversationId: "c1",
      ...(this.#protocol !== undefined && { protocol: this.#protocol }),
      ...draft,
    });
    return { message, to };
  }

  try(line: string, draft: Partial<MessageDraft> = {}): Advance {
    this.nowMs += 1;
    const { message, to } = this.message(line, draft);
    return advance(this.conversation, message, to, this.#terms);
  }

  /** Says it; throws when it is a breach. */
  say(line: string, draft: Partial<MessageDraft> = {}): Conversation {
    const outcome = this.try(line, draft);
    if (outcome.type === "breach") throw new Error(`${line}: ${outcome.rule}: ${outcome.error.message}`);
    this.conversation = outcome.conversation;
    return outcome.conversation;
  }

  known(): Conversation {
    if (this.conversation === undefined) throw new Error("nothing was said");
    return this.conversation;
  }

  /** The breach that it is; throws when it is allowed. */
  breach(line: string, draft: Partial<MessageDraft> = {}): ProtocolViolation {
    const outcome = this.try(line, draft);
    if (outcome.type === "moved") throw new Error(`${line} was allowed`);
    return outcome;
  }
}
