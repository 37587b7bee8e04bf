import * as z from "zod";
import { CaxtonError } from "../../../kernel/errors.ts";
import { operations } from "../../contract/index.ts";
import type { Exchange, ProtocolScope } from "../../http/index.ts";
import { type Caller, checkInput } from "../../operations/index.ts";
import { Item } from "../responses/request.ts";
import { addedId, addItems, type ConversationItem, messagesOf } from "./added.ts";
import { conversationOf, inConversation, Metadata, tagsWith } from "./conversation.ts";
import { itemsOf } from "./items.ts";

/** No agent can answer in a conversation. */
class NoAgentError extends CaxtonError<Record<string, never>> {
  readonly code = "CONVERSATION_WITHOUT_AGENT";
  readonly kind = "conflict";
}

/** The item is a message of a turn, and turns do not change. */
class ItemInTurnError extends CaxtonError<{ readonly item: string }> {
  readonly code = "CONVERSATION_ITEM_IN_TURN";
  readonly kind = "conflict";
}

/** The id names no message of the conversation. */
class ItemNotFoundError extends CaxtonError<{ readonly item: string }> {
  readonly code = "CONVERSATION_ITEM_NOT_FOUND";
  readonly kind = "not-found";
}

const Named = z.object({ id: z.string() });
const NamedItem = Named.extend({ item: z.string() });
const ITEMS_MAX = 1_000;
const Items = z.array(Item).max(ITEMS_MAX);
const Create = z.object({ metadata: Metadata.nullish(), items: Items.nullish() }).nullish();
const Add = z.object({ items: Items.min(1) });
const Update = z.object({ metadata: Metadata.nullable() });
const ListQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  order: z.enum(["asc", "desc"]).default("desc"),
  after: z.string().optional(),
});

const path = "/v1/conversations";

/** Conversations: each is a thread. */
export function conversationRoutes(scope: ProtocolScope): void {
  scope.route({ method: "POST", path, handle: create });
  scope.route({
    method: "GET",
    path: `${path}/:id`,
    handle: ({ caller, request }) =>
      inConversation(idIn(request), async (id) => conversationOf(await caller.perform(operations.thread.get, { id }))),
  });
  scope.route({ method: "POST", path: `${path}/:id`, handle: update });
  scope.route({
    method: "DELETE",
    path: `${path}/:id`,
    handle: async ({ caller, request }) => {
      const conversation = idIn(request);
      await inConversation(conversation, (id) => caller.perform(operations.thread.delete, { id }));
      return { id: conversation, object: "conversation.deleted", deleted: true };
    },
  });
  scope.route({ method: "GET", path: `${path}/:id/items`, handle: list });
  scope.route({ method: "POST", path: `${path}/:id/items`, handle: add });
  scope.route({ method: "DELETE", path: `${path}/:id/items/:item`, handle: remove });
  scope.route({
    method: "GET",
    path: `${path}/:id/items/:item`,
    handle: async ({ caller, request }) => {
      const { id, item } = checkInput(NamedItem, request.params);
      return inConversation(id, (thread) => itemAt(caller, thread, item));
    },
  });
}

const idIn = ({ params }: Exchange["request"]): string => checkInput(Named, params).id;

async function create({ caller, request }: Exchange): Promise<object> {
  const { metadata, items: given } = checkInput(Create, request.body ?? {}) ?? {};
  const messages = messagesOf(given ?? []);
  // The first response names the agent; until then it is the thread of one that the caller can use.
  const { items } = await caller.perform(operations.agent.list, { limit: 1 });
  const [agent] = items;
  if (agent === undefined)
    throw new NoAgentError("no agent is there that can answer in a conversation", "Deploy an agent first.", {});
  const tags = tagsWith(metadata ?? {});
  const thread = await caller.perform(operations.thread.create, { agent: agent.name, tags });
  await addItems(caller, thread.id, messages);
  return conversationOf(thread);
}

async function add({ caller, request }: Exchange): Promise<object> {
  const { items } = checkInput(Add, request.body);
  const messages = messagesOf(items);
  return inConversation(idIn(request), async (thread) => {
    const data = await addItems(caller, thread, messages);
    return { object: "list", data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: false };
  });
}

async function remove({ caller, request }: Exchange): Promise<object> {
  const { id, item } = checkInput(NamedItem, request.params);
  return inConversation(id, async (thread) => {
    const found = await itemAt(caller, thread, item);
    try {
      await caller.perform(operations.addedMessage.delete, { id: thread, message: addedId(found.id) });
    } catch (error) {
      if (!(error instanceof CaxtonError) || error.code !== "ADDED_MESSAGE_NOT_FOUND") throw error;
      const hint = "Delete the conversation, or undo its newest turn in the dashboard.";
      throw new ItemInTurnError(`${item} is a message of a turn, which does not change`, hint, { item });
    }
    return conversationOf(await caller.perform(operations.thread.get, { id: thread }));
  });
}

async function update({ caller, request }: Exchange): Promise<object> {
  const { metadata } = checkInput(Update, request.body);
  return inConversation(idIn(request), async (id) => {
    const { tags } = await caller.perform(operations.thread.get, { id });
    return conversationOf(await caller.perform(operations.thread.update, { id, tags: tagsWith(metadata ?? {}, tags) }));
  });
}

const list = ({ caller, request }: Exchange): Promise<object> =>
  inConversation(idIn(request), (thread) => listed(caller, thread, checkInput(ListQuery, request.query)));

async function listed(
  caller: Caller,
  thread: string,
  { limit, order, after }: z.output<typeof ListQuery>,
): Promise<object> {
  const all: ConversationItem[] = [];
  let isAfter = after === undefined || order === "asc";
  for await (const item of itemsOf(caller, thread)) {
    if (isAfter) all.push(item);
    isAfter ||= item.id === after;
    if (order === "desc" && all.length > limit) break;
  }
  const ordered = order === "asc" ? all.toReversed() : all;
  const begin = order === "asc" && after !== undefined ? ordered.findIndex(({ id }) => id === after) + 1 : 0;
  if (after !== undefined && (order === "asc" ? begin === 0 : !isAfter)) throw itemNotFound(after);
  const data = ordered.slice(begin, begin + limit);
  return {
    object: "list",
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: ordered.length > begin + limit,
  };
}

async function itemAt(caller: Caller, thread: string, id: string): Promise<ConversationItem> {
  for await (const item of itemsOf(caller, thread)) if (item.id === id) return item;
  throw itemNotFound(id);
}

const itemNotFound = (item: string) =>
  new ItemNotFoundError(`the conversation has no message ${item}`, "GET …/items lists its messages.", { item });
