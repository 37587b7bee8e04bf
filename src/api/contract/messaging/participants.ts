import * as z from "zod";
import { Json } from "../../../kernel/json.ts";
import { PERFORMATIVES } from "../../../kernel/performatives.ts";
import { Handle, ListQuery, page } from "../problem.ts";

const Instant = z.iso.datetime();
const Name = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_.-]{0,62}[A-Za-z0-9]$/, { error: "2 to 64 letters, digits and _.-, a letter first" });

/** An external program that takes part in conversations under its own name. */
export const Participant = z
  .object({
    name: z.string(),
    description: z.string(),
    registered_at: Instant,
    seen_at: Instant.nullable().meta({ description: "When it last fetched, settled or sent messages" }),
    waiting: z.int().meta({ description: "Number of messages in its mailbox" }),
    capabilities: z.array(z.string()),
    has_token: z.boolean().meta({ description: "Whether it has a valid token; false after its token was revoked" }),
    is_remote: z.boolean().meta({ description: "Whether it is an agent of another system, as remoteAgent.list lists" }),
  })
  .meta({ id: "Participant" });
export type Participant = z.infer<typeof Participant>;
/** A program with its new token. */
export const RegisteredParticipant = Participant.extend({
  token: z.string().nullable().meta({
    description:
      "Sent once, and stored only as a hash. The program sends it as `Authorization: Bearer`. null if it had a token before",
  }),
}).meta({ id: "RegisteredParticipant" });
export type RegisteredParticipant = z.infer<typeof RegisteredParticipant>;
export const ParticipantPage = page(Participant).meta({ id: "ParticipantPage" });

export const ParticipantQuery = ListQuery;

export const RegisterParticipantBody = z
  .strictObject({ name: Name, description: z.string().max(2_000).default("") })
  .meta({ id: "RegisterParticipant" });

export const LEASE_MESSAGES_MAX = 1_000;
const LEASE_WAIT_S_MAX = 60;
const LEASE_S_MAX = 3_600;
export const FetchQuery = z.object({
  max: z.coerce
    .number()
    .int()
    .min(1)
    .max(LEASE_MESSAGES_MAX)
    .default(10)
    .meta({ description: "Maximum number of messages. Default: 10" }),
  wait: z.coerce
    .number()
    .min(0)
    .max(LEASE_WAIT_S_MAX)
    .default(0)
    .meta({ description: "Maximum seconds to wait for the first message. Default: 0" }),
  lease: z.coerce.number().min(1).max(LEASE_S_MAX).optional().meta({
    description: "Seconds until unsettled messages are delivered again. Default: `messages.lease` (30 s)",
  }),
});

/** A message leased to one recipient. */
export const LeasedMessage = z
  .object({
    handle: Handle.meta({ description: "Opaque; sent back to settle the message" }),
    attempt: z.int().meta({ description: "Number of the delivery attempt, from 1" }),
    message: z.record(z.string(), Json).meta({ description: "The message in wire format" }),
  })
  .meta({ id: "LeasedMessage" });
export type LeasedMessage = z.infer<typeof LeasedMessage>;
export const LeasedMessages = z.object({ items: z.array(LeasedMessage) }).meta({ id: "LeasedMessages" });
export type LeasedMessages = z.infer<typeof LeasedMessages>;

export const AcknowledgeBody = z
  .strictObject({
    done: z
      .array(Handle)
      .max(LEASE_MESSAGES_MAX)
      .default([])
      .meta({ description: "`handle` of each processed message" }),
    failed: z
      .array(z.strictObject({ handle: Handle, reason: z.string().max(2_000) }))
      .max(LEASE_MESSAGES_MAX)
      .default([])
      .meta({
        description:
          "Messages that failed: they are retried after a backoff, and become dead letters after the last attempt",
      }),
    rejected: z
      .array(z.strictObject({ handle: Handle, reason: z.string().max(2_000) }))
      .max(LEASE_MESSAGES_MAX)
      .default([])
      .meta({ description: "Messages to reject: they become dead letters at once" }),
  })
  .meta({ id: "Acknowledge" });

export const REGISTRATION_STATUSES = ["active", "inactive", "unhealthy", "draining"] as const;

/** A provider of a capability. */
export const CapabilityProvider = z
  .object({
    registration_id: z.string().nullable().meta({ description: "null if a deployed definition declares it" }),
    agent: z.string(),
    capability: z.string(),
    version: z.string(),
    priority: z.int(),
    status: z.enum(REGISTRATION_STATUSES),
    load: z.number().nullable().meta({ description: "0 (idle) to 1 (full)" }),
    score: z.number().nullable().meta({ description: "priority × health × (1 − load); higher is better" }),
    source: z
      .enum(["definition", "registration", "fipa", "a2a"])
      .meta({ description: "`fipa`: an agent of another platform; `a2a`: the card of an agent of another system" }),
    health_check_url: z.string().nullable(),
    metadata: z.record(z.string(), Json),
  })
  .meta({ id: "CapabilityProvider" });
export type CapabilityProvider = z.infer<typeof CapabilityProvider>;

export const Capability = z
  .object({ name: z.string(), providers: z.array(CapabilityProvider) })
  .meta({ id: "Capability" });
export type Capability = z.infer<typeof Capability>;
export const CapabilityPage = page(Capability).meta({ id: "CapabilityPage" });
export const CapabilityQuery = ListQuery.extend({
  agent: z.string().optional(),
  status: z.enum(REGISTRATION_STATUSES).optional(),
});

export const RegisterCapabilityBody = z
  .strictObject({
    agent: z.string().meta({ description: "A registered participant or a deployed agent" }),
    capability: z.string(),
    version: z.string().default("1.0.0"),
    priority: z.int().min(0).max(1_000).default(50),
    health_check_url: z.url({ protocol: /^https?$/ }).optional(),
    metadata: z.record(z.string(), Json).default({}),
  })
  .meta({ id: "RegisterCapability" });
export const UpdateRegistrationBody = z
  .strictObject({
    version: z.string().optional(),
    priority: z.int().min(0).max(1_000).optional(),
    status: z.enum(["active", "inactive", "draining"]).optional(),
    load: z.number().min(0).max(1).optional(),
    health_check_url: z
      .url({ protocol: /^https?$/ })
      .nullable()
      .optional(),
    metadata: z.record(z.string(), Json).optional(),
  })
  .meta({ id: "UpdateRegistration" });

/** A subscription to messages published under topics. */
export const Subscription = z
  .object({
    id: z.string(),
    subscriber: z.string(),
    topic: z.string().meta({ description: 'Words with dots; "*" is one word, "#" any number of words' }),
    performative: z.string().nullable().meta({ description: "Only messages with this performative" }),
    sender: z.string().nullable().meta({ description: "Only messages of this sender" }),
    where: z
      .string()
      .nullable()
      .meta({ description: "Only messages for which this expression over `message` is true" }),
    created_at: Instant,
  })
  .meta({ id: "Subscription" });
export type Subscription = z.infer<typeof Subscription>;
export const SubscriptionPage = page(Subscription).meta({ id: "SubscriptionPage" });
export const SubscriptionQuery = ListQuery.extend({ subscriber: z.string().optional() });

const EXPRESSION_CHARS_MAX = 2_000;
export const SubscribeBody = z
  .strictObject({
    subscriber: z.string().meta({ description: "A registered program or a deployed agent" }),
    topic: z.string().meta({ description: 'For example orders.*.created, or "#" for all topics' }),
    performative: z.enum(PERFORMATIVES).optional(),
    sender: z.string().optional(),
    where: z
      .string()
      .max(EXPRESSION_CHARS_MAX)
      .optional()
      .meta({
        description: "Expression, for example message.content.price < 100",
        examples: ["message.content.price < 100"],
      }),
  })
  .meta({ id: "Subscribe" });
