import { operations } from "../../api/contract/index.ts";
import { type Context, ConversationReferenceError, listUpTo, MessageReferenceError, pagesOf } from "../frame/index.ts";

const WHOLE_ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
export const isWholeId = (text: string): boolean => WHOLE_ID.test(text);
const RECENT_MAX = 1_000;
const SHORT_CHARS = 8;

/** End of an id, which distinguishes ids of the same time; other names of conversations are unchanged. */
export const shortId = (id: string): string => (WHOLE_ID.test(id) ? id.slice(-SHORT_CHARS) : id);

/** The id meant by a whole id, by `last`, or by the end of a recent one's. Throws MessageReferenceError. */
export async function resolveMessage({ client }: Context, reference: string): Promise<string> {
  if (WHOLE_ID.test(reference)) return reference.toLowerCase();
  const list = pagesOf(operations.message.list, {});
  const { items } = (await listUpTo(client, list, reference === "last" ? 1 : RECENT_MAX)).value;
  const fitting = reference === "last" ? items : items.filter(({ id }) => id.endsWith(reference.toLowerCase()));
  const [only, ...others] = new Set(fitting.map(({ id }) => id));
  if (only !== undefined && others.length === 0) return only;
  throw new MessageReferenceError(
    only === undefined ? `no recent message is "${reference}"` : `"${reference}" fits ${others.length + 1} messages`,
    "a message is named by its id, by the last characters of it, or by the word last; see: caxton message list",
    { reference },
  );
}

/** The id meant by a whole id, by `last`, or by the end of one. Throws ConversationReferenceError. */
export async function resolveConversation({ client }: Context, reference: string): Promise<string> {
  const all = pagesOf(operations.conversation.list, {});
  const { items } = (await listUpTo(client, all, reference === "last" ? 1 : 1_000)).value;
  if (items.some(({ id }) => id === reference)) return reference;
  const fitting = reference === "last" ? items : items.filter(({ id }) => id.endsWith(reference));
  const [only, ...others] = fitting;
  if (only !== undefined && others.length === 0) return only.id;
  // It may be an old one: then its whole id was given.
  if (only === undefined && reference !== "last") return reference;
  throw new ConversationReferenceError(
    only === undefined ? "there is no conversation yet" : `"${reference}" fits ${fitting.length} conversations`,
    "a conversation is named by its id, by the last characters of it, or by the word last; see: caxton conversation list",
    { reference },
  );
}
