import * as z from "zod";
import { PERFORMATIVES } from "../performatives.ts";

/** Slots of one trigger that are fired together after a time in which the server did not run. */
export const CATCH_UP_MAX = 100;
const INPUT_CHARS_MAX = 65_536;
const THREAD_CHARS_MAX = 1_000;
const EXPRESSION_CHARS_MAX = 2_000;
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;
const DURATION = /^\d+(?:\.\d+)?\s*(?:ms|s|m|h|d)$/;

const duration = () =>
  z.string().max(32).regex(DURATION, { error: 'expected a duration such as "30s", "5m", "1h" or "1d"' });

const name = z
  .string()
  .regex(NAME, { error: "a trigger's name has 1 to 64 lower-case letters, digits and hyphens" })
  .meta({ description: "Unique among the triggers of the agent", examples: ["morning-report"] });

/** How the sender of a webhook proves that it has the secret. */
export const HOOK_SCHEMES = ["standard", "github", "bearer"] as const;
export type HookScheme = (typeof HOOK_SCHEMES)[number];

/** Changes of files that fire a trigger. */
export const FILE_EVENTS = ["created", "changed"] as const;

const FIELDS = {
  cron: z
    .string()
    .max(200)
    .meta({ description: "Minute, hour, day of the month, month and day of the week", examples: ["0 7 * * 1-5"] }),
  zone: z
    .string()
    .max(100)
    .meta({ description: "IANA time zone", examples: ["Europe/Berlin"] }),
  every: duration().meta({ description: "Interval, at least 1s", examples: ["15m"] }),
  at: z.iso
    .datetime({ offset: true, error: "expected a time with its offset, such as 2026-12-01T08:00:00+01:00" })
    .max(40)
    .meta({ description: "Time of the one run", examples: ["2026-12-01T08:00:00+01:00"] }),
  catch_up: z.enum(["latest", "skip", "all"]).meta({
    description: `Slots, or changes of files, that were missed while the server did not run: fire the latest, skip them, or fire all; of slots at most the latest ${CATCH_UP_MAX}`,
  }),
  jitter: duration().meta({
    description: "Maximum delay of a slot; each trigger and slot has its own delay",
    examples: ["5m"],
  }),
  verify: z.enum(HOOK_SCHEMES).meta({
    description:
      "standard: signature of Standard Webhooks; github: X-Hub-Signature-256; bearer: the secret as bearer token",
  }),
  topic: z
    .string()
    .max(256)
    .meta({
      description: 'Topic of the messages: words with dots; "*" is one word, "#" any number of words',
      examples: ["orders.*.created"],
    }),
  performative: z.enum(PERFORMATIVES).meta({ description: "Only messages with this performative" }),
  sender: z.string().min(1).max(100).meta({ description: "Only messages of this sender" }),
  where: z
    .string()
    .min(1)
    .max(EXPRESSION_CHARS_MAX)
    .meta({
      description: "Only messages for which this expression over `message` is true",
      examples: ["message.content.price > 100"],
    }),
  path: z
    .string()
    .max(512)
    .meta({
      description:
        "Pattern of files in the folder of the workspace below files.watch_root: * and ? within a name, ** for any folders",
      examples: ["inbox/*.csv"],
    }),
  events: z
    .array(z.enum(FILE_EVENTS))
    .min(1)
    .max(FILE_EVENTS.length)
    .meta({ description: "Changes of a file that fire the trigger" }),
  input: z
    .string()
    .min(1)
    .max(INPUT_CHARS_MAX)
    .meta({
      description: "Request of the run: a template with {{event}}, {{trigger}}, {{planned_at}} and {{fired_at}}",
      examples: ["Write the report of {{planned_at}}."],
    }),
  thread: z
    .string()
    .min(1)
    .max(THREAD_CHARS_MAX)
    .meta({
      description:
        "new: each run is on its own. same: each run is the next turn of one thread. Otherwise a template: runs with the same text are turns of one thread",
      examples: ["new", "same", "{{event.customer}}"],
    }),
  concurrency: z.enum(["queue", "skip", "replace"]).meta({
    description: "Action if `parallel` runs of the trigger have not ended: queue, skip, or replace the oldest",
  }),
  parallel: z.int().min(1).max(100).meta({ description: "Maximum runs of the trigger at the same time" }),
  enabled: z.boolean().meta({ description: "Whether the trigger fires" }),
};

const COMMON = {
  name,
  input: FIELDS.input,
  thread: FIELDS.thread.default("new"),
  concurrency: FIELDS.concurrency.default("queue"),
  parallel: FIELDS.parallel.default(1),
  enabled: FIELDS.enabled.default(true),
};
const TIMED = { catch_up: FIELDS.catch_up.default("latest"), jitter: FIELDS.jitter.optional() };

/** The kinds of triggers, each with its fields. */
export const TRIGGER_KINDS = [
  z.strictObject({
    kind: z.literal("cron"),
    cron: FIELDS.cron,
    zone: FIELDS.zone.default("UTC"),
    ...TIMED,
    ...COMMON,
  }),
  z.strictObject({ kind: z.literal("every"), every: FIELDS.every, ...TIMED, ...COMMON }),
  z.strictObject({ kind: z.literal("at"), at: FIELDS.at, ...TIMED, ...COMMON }),
  z.strictObject({ kind: z.literal("webhook"), verify: FIELDS.verify.default("standard"), ...COMMON }),
  z.strictObject({
    kind: z.literal("message"),
    topic: FIELDS.topic,
    performative: FIELDS.performative.optional(),
    sender: FIELDS.sender.optional(),
    where: FIELDS.where.optional(),
    ...COMMON,
  }),
  z.strictObject({
    kind: z.literal("file"),
    path: FIELDS.path,
    events: FIELDS.events.default([...FILE_EVENTS]),
    catch_up: FIELDS.catch_up.default("all"),
    ...COMMON,
  }),
] as const;

/** A trigger, as definitions, requests and the database have it: what starts a run of an agent, and the request of that run. */
export const TriggerSpec = z.discriminatedUnion("kind", TRIGGER_KINDS);
export type TriggerSpec = z.infer<typeof TriggerSpec>;

/** Triggers of one definition. */
export const DECLARED_TRIGGERS_MAX = 32;

/** The fields that can be changed: all but name and kind. Null removes one that a trigger need not have. */
export const TriggerChange = z
  .strictObject({
    ...FIELDS,
    jitter: FIELDS.jitter.nullable(),
    performative: FIELDS.performative.nullable(),
    sender: FIELDS.sender.nullable(),
    where: FIELDS.where.nullable(),
  })
  .partial();
export type TriggerChange = z.infer<typeof TriggerChange>;
