import type { Mailbox, MessageDelivery, MessageRecord } from "../../../../src/api/contract/index.ts";
import { text } from "../../text/text.ts";
import { requestTitle } from "./plain-words.ts";

const words = text.messages;

type Addressed = Pick<MessageRecord, "receiver" | "capability" | "nearest" | "topic" | "recipients">;

/** Whether an answer went to whom a `reply_to` named instead of whom it was addressed to. */
const isElsewhere = (receiver: readonly string[], recipients: readonly string[]): boolean =>
  recipients.some((name) => receiver.every((other) => other.toLowerCase() !== name.toLowerCase()));

/** How the recipients were meant, where not by name. */
export function meantAs({ receiver, capability, nearest, topic, recipients }: Addressed): string | undefined {
  if (receiver !== null) return isElsewhere(receiver, recipients) ? words.replyToOf(receiver) : undefined;
  if (capability !== null && nearest !== null) return words.nearest(capability, nearest);
  if (capability !== null) return words.capability(capability);
  return topic === null ? words.allParticipants : words.topic(topic);
}

/** Whom it was for: names, or how they were found and who it was. */
export function addressWords(message: Addressed): string {
  const { receiver, recipients } = message;
  const meant = meantAs(message);
  if (receiver !== null && meant === undefined) return receiver.join(", ");
  const found = recipients.length === 0 ? words.noRecipient : recipients.join(", ");
  return `${found} (${meant})`;
}

/** One line of what it says. */
export const contentWords = (message: Pick<MessageRecord, "content" | "error" | "performative">): string =>
  message.error?.message ?? requestTitle(contentText(message), message);

const contentText = ({ content }: Pick<MessageRecord, "content">): string =>
  typeof content === "string" ? content : content === null ? "" : JSON.stringify(content);

const WORST = ["dead", "dropped", "expired", "retrying", "leased", "blocked", "queued", "over", "done"] as const;

/** State of the delivery; with several recipients, the worst one. */
export function worstDelivery(deliveries: readonly MessageDelivery[]): MessageDelivery["state"] | undefined {
  return WORST.find((state) => deliveries.some((delivery) => delivery.state === state));
}

export const deliveryTone = (state: MessageDelivery["state"]): string => {
  if (state === "done") return "text-good";
  if (state === "dead" || state === "dropped" || state === "expired") return "text-bad";
  return state === "retrying" ? "text-warn" : "text-muted";
};

/** What sort of one has the name: an agent, a program, people, the server itself. */
export function whoHas(name: string, mailbox: Pick<Mailbox, "presence"> | undefined): string {
  const { presence } = words.mailboxes;
  if (name === "user") return presence.people;
  if (name === "caxton" || name.startsWith("caxton.")) return presence.server;
  return presence[mailbox?.presence ?? "gone"];
}

const WHOLE_ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const SHORT_CHARS = 8;

/** The end of an id, which distinguishes ids of the same time; other names stay unchanged. */
export const shortId = (id: string): string => (WHOLE_ID.test(id) ? id.slice(-SHORT_CHARS) : id);
