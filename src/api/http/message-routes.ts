import type { FastifyRequest } from "fastify";
import * as z from "zod";
import { conversations, messages, ROUTES } from "../contract/index.ts";
import {
  archiveConversation,
  archiveConversations,
  checkMessage,
  dropDeadLetter,
  endConversation,
  getConversation,
  getDeadLetter,
  getMessage,
  getMessageContent,
  listConversations,
  listDeadLetters,
  listMessages,
  listProtocols,
  mergeConversation,
  replayMessage,
  retryDeadLetters,
  sendMessage,
  sendMessages,
  traceMessage,
  watchMessages,
} from "../operations/index.ts";
import { speakerOf } from "./caller.ts";
import { clientGone } from "./client-gone.ts";
import type { Http, HttpContext } from "./context.ts";
import { askedIds } from "./idempotency.ts";
import { failures } from "./responses.ts";

const tags = ["messages"];
const params = z.object({ id: z.string() });

export function messageRoutes(http: Http, context: HttpContext): void {
  sendRoutes(http, context);
  readRoutes(http, context);
  tailRoutes(http, context);
  conversationRoutes(http, context);
  archiveRoutes(http, context);
  deadLetterRoutes(http, context);
}

function sendRoutes(http: Http, { services }: HttpContext): void {
  http.post(
    ROUTES.messages,
    {
      schema: {
        tags,
        summary: "Send a message",
        description:
          "On disk when answered (202), as its durability says. With `wait` the answer is waited for. A message that nobody can be " +
          "found for is on record all the same, and its sender gets a failure. 429 MAILBOX_FULL says when to try again.",
        querystring: messages.SendQuery,
        body: messages.SendMessageBody,
        response: { 202: messages.MessageReceipt, ...failures },
      },
    },
    async (request, reply) => {
      const speaker = speakerOf(request, services);
      const asked = askedIds(request);
      const options = { waitMs: request.query.wait * 1_000, signal: clientGone(reply).signal, speaker, asked };
      const message = asked?.named(request.body) ?? request.body;
      return reply.status(202).send(await sendMessage(services, message, options));
    },
  );
  http.post(
    ROUTES.sendBatch,
    {
      schema: {
        tags,
        summary: "Send up to 1,000 messages, each for itself",
        body: messages.SendBatchBody,
        response: { 202: messages.BatchReceipt, ...failures },
      },
    },
    async (request, reply) => {
      const { messages: sent } = request.body;
      const asked = askedIds(request);
      const who = { speaker: speakerOf(request, services), asked };
      return reply.status(202).send(await sendMessages(services, asked?.eachNamed(sent) ?? sent, who));
    },
  );
  http.post(
    ROUTES.validateMessage,
    {
      schema: {
        tags,
        summary: "Check a message without sending it, and see to whom it would go",
        body: messages.SendMessageBody,
        response: { 200: messages.MessageCheck, ...failures },
      },
    },
    async ({ body }) => checkMessage(services, body),
  );
  http.post(
    ROUTES.replayMessage,
    {
      schema: {
        tags,
        summary: "Send a message on record once more, under a new id and in a new conversation",
        params,
        querystring: messages.SendQuery,
        response: { 202: messages.MessageReceipt, ...failures },
      },
    },
    async (request, reply) => {
      const { params: asked, query } = request;
      const options = { waitMs: query.wait * 1_000, signal: clientGone(reply).signal, asked: askedIds(request) };
      return reply.status(202).send(await replayMessage(services, asked.id, options));
    },
  );
}

function readRoutes(http: Http, { services }: HttpContext): void {
  http.get(
    ROUTES.messages,
    {
      schema: {
        tags,
        summary: "Messages on record, newest first",
        querystring: messages.MessageQuery.extend({ cursor: z.coerce.number().int().min(1).optional() }),
        response: { 200: messages.MessagePage, ...failures },
      },
    },
    async ({ query }) => listMessages(services, query),
  );
  http.get(
    ROUTES.message,
    {
      schema: {
        tags,
        summary: "One message, with what became of it at each recipient",
        params,
        response: { 200: messages.MessageRecord, ...failures },
      },
    },
    async ({ params: { id } }) => getMessage(services, id),
  );
  http.get(
    ROUTES.messageContent,
    {
      schema: {
        tags,
        summary: "Content that is too large to travel with its message, by the id in its reference",
        description:
          'A message whose content has more than 64 KiB carries `{"$artifact": {id, media_type, bytes, hash}}` in its place; ' +
          "`media_type` says whether these bytes are a text or JSON, `hash` is their SHA-256.",
        params,
      },
    },
    async ({ params: { id } }, reply) => {
      const bytes = await getMessageContent(services, id, clientGone(reply).signal);
      // What somebody wrote must not become a page of this server.
      return reply
        .header("content-security-policy", "default-src 'none'; sandbox")
        .header("x-content-type-options", "nosniff")
        .type("text/plain; charset=utf-8")
        .send(Buffer.from(bytes));
    },
  );
  http.get(
    ROUTES.messageTrace,
    {
      schema: {
        tags,
        summary: "All messages of its trace, oldest first",
        params,
        response: { 200: messages.MessageTrace, ...failures },
      },
    },
    async ({ params: { id } }) => traceMessage(services, id),
  );
}

const lastEventId = ({ headers }: FastifyRequest): number | undefined => {
  const given = headers["last-event-id"];
  const seq = typeof given === "string" ? Number(given) : Number.NaN;
  return Number.isSafeInteger(seq) && seq >= 0 ? seq : undefined;
};

function tailRoutes(http: Http, { services, streams }: HttpContext): void {
  http.get(
    ROUTES.messageEvents,
    {
      schema: {
        tags,
        summary: "Messages as they come, as server-sent events",
        description:
          "`Last-Event-ID` resumes after a break, also one of the server. A slow reader is told how many it missed.",
        querystring: messages.TailQuery,
      },
    },
    async (request, reply) =>
      streams.send(request, reply, (signal) =>
        watchMessages(services, { ...request.query, afterSeq: lastEventId(request) }, signal),
      ),
  );
  http.get(
    ROUTES.conversationEvents,
    {
      schema: {
        tags: ["conversations"],
        summary: "What is said in a conversation, as server-sent events",
        params,
        querystring: messages.TailQuery.omit({ conversation_id: true }),
      },
    },
    async (request, reply) => {
      await getConversation(services, request.params.id);
      const tail = { ...request.query, conversation_id: request.params.id, afterSeq: lastEventId(request) };
      return streams.send(request, reply, (signal) => watchMessages(services, tail, signal));
    },
  );
}

function conversationRoutes(http: Http, { services }: HttpContext): void {
  const shared = { tags: ["conversations"], params };
  http.get(
    ROUTES.conversations,
    {
      schema: {
        tags: ["conversations"],
        summary: "Conversations, the last changed first",
        description:
          "Last come those of one message without a protocol that memory holds no more. They are looked for among the messages, " +
          "100,000 for a page: it may have few or none of them and still a `next`.",
        querystring: conversations.ConversationQuery,
        response: { 200: conversations.ConversationPage, ...failures },
      },
    },
    async ({ query }) => listConversations(services, query),
  );
  http.get(
    ROUTES.conversation,
    {
      schema: {
        ...shared,
        summary: "One conversation, with what its protocol expects next",
        response: { 200: conversations.Conversation, ...failures },
      },
    },
    async ({ params: { id } }) => getConversation(services, id),
  );
  http.get(
    ROUTES.conversationMessages,
    {
      schema: {
        ...shared,
        summary: "What was said in it, newest first",
        querystring: messages.MessageQuery.omit({ conversation_id: true }).extend({
          cursor: z.coerce.number().int().min(1).optional(),
        }),
        response: { 200: messages.MessagePage, ...failures },
      },
    },
    async ({ params: { id }, query }) => listMessages(services, { ...query, conversation_id: id }),
  );
  http.get(
    ROUTES.protocols,
    {
      schema: {
        tags: ["conversations"],
        summary: "The interaction protocols, and what they allow in which state",
        response: { 200: conversations.ProtocolList, ...failures },
      },
    },
    async () => listProtocols(),
  );
}

function archiveRoutes(http: Http, { services }: HttpContext): void {
  const schema = { tags: ["conversations"], params, response: { 200: conversations.Conversation, ...failures } };
  http.post(
    ROUTES.archiveConversation,
    { schema: { ...schema, summary: "Put a conversation away that is over" } },
    async (request) => archiveConversation(services, request.params.id, speakerOf(request, services)),
  );
  http.post(
    ROUTES.endConversation,
    { schema: { ...schema, summary: "End a conversation: nothing more may be said in it" } },
    async (request) => endConversation(services, request.params.id, speakerOf(request, services)),
  );
  http.post(
    ROUTES.mergeConversation,
    { schema: { ...schema, summary: "Let a conversation go on in another one", body: conversations.MergeBody } },
    async (request) => {
      const { params: asked, body } = request;
      return mergeConversation(services, { id: asked.id, into: body.into }, speakerOf(request, services));
    },
  );
  http.post(
    ROUTES.archiveConversations,
    {
      schema: {
        tags: ["conversations"],
        summary: "Put away all that are over and silent for so long",
        body: conversations.ArchiveBody,
        response: { 200: conversations.ArchiveReport, ...failures },
      },
    },
    async (request) => archiveConversations(services, request.body, speakerOf(request, services)),
  );
}

const DEAD_LETTERS_PER_REQUEST_MAX = 10_000;

function deadLetterRoutes(http: Http, { services }: HttpContext): void {
  http.get(
    ROUTES.deadLetters,
    {
      schema: {
        tags,
        summary: "Deliveries that were given up, newest first",
        querystring: messages.DeadLetterQuery,
        response: { 200: messages.DeadLetterPage, ...failures },
      },
    },
    async ({ query }) => listDeadLetters(services, query),
  );
  http.get(
    ROUTES.deadLetter,
    { schema: { tags, summary: "One dead letter", params, response: { 200: messages.DeadLetter, ...failures } } },
    async ({ params: { id } }) => getDeadLetter(services, id),
  );
  http.delete(
    ROUTES.deadLetter,
    {
      schema: {
        tags,
        summary: "Forget a dead letter",
        params,
        response: { 200: z.object({ dropped: z.int() }), ...failures },
      },
    },
    async ({ params: { id } }) => dropDeadLetter(services, id),
  );
  http.post(
    ROUTES.retryDeadLetters,
    {
      schema: {
        tags,
        summary: "Send dead letters again, to the recipient that did not get them",
        body: z.strictObject({ ids: z.array(z.string()).min(1).max(DEAD_LETTERS_PER_REQUEST_MAX) }),
        response: { 200: z.object({ retried: z.int() }), ...failures },
      },
    },
    async ({ body: { ids } }) => retryDeadLetters(services, ids),
  );
}
