import * as z from "zod";

/** Every type of event that webhooks deliver, with what happened. docs/guides/webhooks.md has their data. Append only. */
export const WEBHOOK_EVENTS = {
  "run.queued": "A run was accepted",
  "run.started": "A run started, or continued after a restart of the server",
  "run.waiting": "A run waits for an approval, an answer, a choice, a decision or a reply",
  "run.resumed": "A run that waited continues",
  "run.completed": "A run completed",
  "run.failed": "A run failed",
  "run.cancelled": "A run was cancelled",
  "approval.requested": "A tool call waits for an approval",
  "approval.answered": "An approval was answered, or expired",
  "input.requested": "A run asks its user a question",
  "input.answered": "A question was answered, or expired",
  "thread.created": "A thread was created",
  "thread.changed": "The title, tags, agent, revision or branch of a thread changed",
  "thread.deleted": "A thread was deleted",
  "agent.deployed": "A revision of an agent was deployed",
  "agent.paused": "An agent was paused",
  "agent.resumed": "A paused agent continues",
  "agent.removed": "An agent was deleted",
  "deployment.activated": "An earlier revision of an agent serves again",
  "deployment.tool_server": "The state of a tool server changed",
  "task.created": "A task was created",
  "task.changed": "The state of a task changed",
  "webhook.stopped": "Another webhook of the workspace stopped",
  "webhook.test": "A test of the webhook; it is delivered when it is requested, whatever the webhook subscribes to",
} as const;
export type WebhookEventType = keyof typeof WEBHOOK_EVENTS;

export const isWebhookEventType = (text: string): text is WebhookEventType => Object.hasOwn(WEBHOOK_EVENTS, text);

/** Types that a webhook can subscribe to. */
export const SUBSCRIBED_TYPES = Object.keys(WEBHOOK_EVENTS)
  .filter(isWebhookEventType)
  .filter((type) => type !== "webhook.test");

const URL_CHARS_MAX = 2_000;

/** Forms of the notifications of a run: those of versions of Agent2Agent. Append only. */
export const NotificationFormat = z.enum(["a2a-1.0", "a2a-0.3"]);
export type NotificationFormat = z.infer<typeof NotificationFormat>;

export const WebhookUrl = z
  .url({ protocol: /^https?$/, error: "expected an http or https URL" })
  .max(URL_CHARS_MAX)
  .refine((text) => URL.parse(text)?.username === "", { error: "a URL with a user name is not supported" })
  .meta({ description: "URL to which events are sent by POST", examples: ["https://example.com/hooks/caxton"] });

const FIELDS = {
  url: WebhookUrl,
  events: z
    .array(z.string().min(1).max(100))
    .min(1)
    .max(50)
    .meta({
      description: "Types of events, as globs",
      examples: [["run.completed", "approval.*"]],
    }),
  agents: z
    .array(z.string().min(1).max(100))
    .max(50)
    .meta({ description: "Only events of these agents, as globs in any letter case. Empty: all events" }),
  where: z
    .string()
    .max(2_000)
    .meta({
      description: "Only events for which this CEL expression over `event` is true. Empty: all events",
      examples: ["event.data.agent == 'reporter'"],
    }),
  content: z.boolean().meta({
    description: "Include requests, answers and arguments, not only metadata; needs the permission runs:read-content",
  }),
  description: z.string().max(500),
  enabled: z.boolean().meta({ description: "While it is false, events are not recorded and deliveries wait" }),
};

/** The fields of a webhook that its owner chooses. */
export const WebhookSpec = z.strictObject({
  ...FIELDS,
  agents: FIELDS.agents.default([]),
  where: FIELDS.where.default(""),
  content: FIELDS.content.default(false),
  description: FIELDS.description.default(""),
  enabled: FIELDS.enabled.default(true),
});
export type WebhookSpec = z.infer<typeof WebhookSpec>;

export const WebhookChange = z.strictObject(FIELDS).partial();
export type WebhookChange = z.infer<typeof WebhookChange>;
