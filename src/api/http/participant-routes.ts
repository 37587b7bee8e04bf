import type { FastifyRequest } from "fastify";
import * as z from "zod";
import { messages, participants, ROUTES } from "../contract/index.ts";
import {
  acknowledge,
  fetchMessages,
  getCapability,
  getParticipant,
  getRegistration,
  listCapabilities,
  listMailboxes,
  listParticipants,
  listSubscriptions,
  registerCapability,
  registerParticipant,
  revokeParticipantToken,
  rotateParticipantToken,
  removeParticipant,
  removeRegistration,
  subscribe,
  unsubscribe,
  updateRegistration,
} from "../operations/index.ts";
import { speakerOf } from "./caller.ts";
import { clientGone } from "./client-gone.ts";
import type { Http, HttpContext } from "./context.ts";
import { askedIds } from "./idempotency.ts";
import { failures } from "./responses.ts";

const named = z.object({ name: z.string() });
const params = z.object({ id: z.string() });

export function participantRoutes(http: Http, context: HttpContext): void {
  ownRoutes(http, context);
  tokenRoutes(http, context);
  mailboxRoutes(http, context);
  capabilityRoutes(http, context);
  registrationRoutes(http, context);
  subscriptionRoutes(http, context);
}

function ownRoutes(http: Http, { services }: HttpContext): void {
  const tags = ["participants"];
  http.get(
    ROUTES.participants,
    {
      schema: {
        tags,
        summary: "Programs outside of the server that take part in conversations",
        querystring: participants.ParticipantQuery,
        response: { 200: participants.ParticipantPage, ...failures },
      },
    },
    async ({ query }) => listParticipants(services, query),
  );
  http.post(
    ROUTES.participants,
    {
      schema: {
        tags,
        summary: "Give a program a name and a mailbox; again, to change its description",
        description:
          "The answer has the program's token, this once. With it, as `Authorization: Bearer`, it sends, fetches and settles.",
        body: participants.RegisterParticipantBody,
        response: { 200: participants.RegisteredParticipant, ...failures },
      },
    },
    async (request) => registerParticipant(services, request.body, askedIds(request)),
  );
  http.get(
    ROUTES.participant,
    {
      schema: { tags, summary: "One program", params: named, response: { 200: participants.Participant, ...failures } },
    },
    async ({ params: { name } }) => getParticipant(services, name),
  );
  http.delete(
    ROUTES.participant,
    {
      schema: {
        tags,
        summary: "Take a program's name away, with its registrations",
        params: named,
        response: { 200: named, ...failures },
      },
    },
    async ({ params: { name } }) => removeParticipant(services, name),
  );
}

function tokenRoutes(http: Http, { services }: HttpContext): void {
  const tags = ["participants"];
  http.post(
    ROUTES.participantToken,
    {
      schema: {
        tags,
        summary: "Make a new token for a program; the one before ends at once",
        description: "A program that has a token shows it, as `Authorization: Bearer`.",
        params: named,
        response: { 200: participants.RegisteredParticipant, ...failures },
      },
    },
    async (request: FastifyRequest<{ Params: { name: string } }>) => {
      const { name } = request.params;
      speakerOf(request, services).mustHoldToken(name);
      return rotateParticipantToken(services, name);
    },
  );
  http.delete(
    ROUTES.participantToken,
    {
      schema: {
        tags,
        summary: "Take a program's token back: nobody speaks as it until it gets a new one",
        description: "Shown as `Authorization: Bearer`.",
        params: named,
        response: { 200: participants.Participant, ...failures },
      },
    },
    async (request: FastifyRequest<{ Params: { name: string } }>) => {
      const { name } = request.params;
      speakerOf(request, services).mustHoldToken(name);
      return revokeParticipantToken(services, name);
    },
  );
}

function mailboxRoutes(http: Http, { services }: HttpContext): void {
  const tags = ["mailboxes"];
  http.get(
    ROUTES.mailboxes,
    { schema: { tags, summary: "Mailboxes, the fullest first", response: { 200: messages.MailboxList, ...failures } } },
    async () => listMailboxes(services),
  );
  http.get(
    ROUTES.mailboxMessages,
    {
      schema: {
        tags,
        summary: "Take messages out of a program's mailbox",
        description:
          "They are the caller's for `lease` seconds; what is not settled by then comes again. With `wait` the answer comes with the first message, or empty when the time is over.",
        params: named,
        querystring: participants.FetchQuery,
        response: { 200: participants.LeasedMessages, ...failures },
      },
    },
    async (
      request: FastifyRequest<{ Params: { name: string }; Querystring: z.output<typeof participants.FetchQuery> }>,
      reply,
    ) => {
      speakerOf(request, services).mustHold(request.params.name);
      return fetchMessages(services, request.params.name, request.query, clientGone(reply).signal);
    },
  );
  http.post(
    ROUTES.settleMessages,
    {
      schema: {
        tags,
        summary: "Say how it went with messages that were taken",
        description: "On disk when answered. `late` are those whose lease had ended: they come, or came, again.",
        params: named,
        body: participants.AcknowledgeBody,
        response: { 200: z.object({ late: z.array(z.int()) }), ...failures },
      },
    },
    async (
      request: FastifyRequest<{ Params: { name: string }; Body: z.output<typeof participants.AcknowledgeBody> }>,
    ) => {
      const { name } = request.params;
      speakerOf(request, services).mustHold(name);
      const { body } = request;
      const { late } = await acknowledge(services, name, body);
      return { late: [...late] };
    },
  );
}

function capabilityRoutes(http: Http, { services }: HttpContext): void {
  const tags = ["capabilities"];
  http.get(
    ROUTES.capabilities,
    {
      schema: {
        tags,
        summary: "What can be asked for, and who provides it",
        querystring: participants.CapabilityQuery,
        response: { 200: participants.CapabilityPage, ...failures },
      },
    },
    async ({ query }) => listCapabilities(services, query),
  );
  http.get(
    ROUTES.capability,
    {
      schema: {
        tags,
        summary: "Who provides a capability, the one that is chosen first on top",
        params: named,
        response: { 200: participants.Capability, ...failures },
      },
    },
    async ({ params: { name } }) => getCapability(services, name),
  );
  http.post(
    ROUTES.capabilities,
    {
      schema: {
        tags,
        summary: "Say that a registered program, or an agent, provides a capability",
        body: participants.RegisterCapabilityBody,
        response: { 201: participants.CapabilityProvider, ...failures },
      },
    },
    async (request, reply) =>
      reply.status(201).send(await registerCapability(services, request.body, askedIds(request))),
  );
}

function registrationRoutes(http: Http, { services }: HttpContext): void {
  const tags = ["capabilities"];
  http.get(
    ROUTES.registration,
    {
      schema: {
        tags,
        summary: "One registration",
        params,
        response: { 200: participants.CapabilityProvider, ...failures },
      },
    },
    async ({ params: { id } }) => getRegistration(services, id),
  );
  http.put(
    ROUTES.registration,
    {
      schema: {
        tags,
        summary: "Change a registration; what is left out stays",
        params,
        body: participants.UpdateRegistrationBody,
        response: { 200: participants.CapabilityProvider, ...failures },
      },
    },
    async ({ params: { id }, body }) => updateRegistration(services, id, body),
  );
  http.delete(
    ROUTES.registration,
    { schema: { tags, summary: "Take a registration back", params, response: { 200: params, ...failures } } },
    async ({ params: { id } }) => removeRegistration(services, id),
  );
}

function subscriptionRoutes(http: Http, { services }: HttpContext): void {
  const tags = ["subscriptions"];
  http.get(
    ROUTES.subscriptions,
    {
      schema: {
        tags,
        summary: "Who gets what is published",
        querystring: participants.SubscriptionQuery,
        response: { 200: participants.SubscriptionPage, ...failures },
      },
    },
    async ({ query }) => listSubscriptions(services, query),
  );
  http.post(
    ROUTES.subscriptions,
    {
      schema: {
        tags,
        summary: "Let a program or an agent get what is published under topics; the same twice is one",
        body: participants.SubscribeBody,
        response: { 200: participants.Subscription, ...failures },
      },
    },
    async ({ body }) => subscribe(services, body),
  );
  http.delete(
    ROUTES.subscription,
    { schema: { tags, summary: "End a subscription", params, response: { 200: params, ...failures } } },
    async ({ params: { id } }) => unsubscribe(services, id),
  );
}
