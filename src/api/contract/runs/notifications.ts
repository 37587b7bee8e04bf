import * as z from "zod";
import { LIMITS } from "../../../kernel/quantities.ts";
import { NotificationFormat, WebhookUrl } from "../../../kernel/webhooks/webhook-spec.ts";

/** What a header of HTTP may contain. */
const HeaderText = z.string().regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, "expected printable ASCII");
const Token = HeaderText.max(4_000).meta({
  description: "Sent as X-A2A-Notification-Token, by which the receiver recognizes its notifications",
});
const Scheme = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,50}$/, "expected a scheme of HTTP authentication")
  .meta({ examples: ["Bearer"] });
const Format = NotificationFormat.meta({ description: "The version of Agent2Agent in whose form notifications are" });

export const NotificationName = z
  .string()
  .regex(/^[^\s/]{1,200}$/u, "expected 1 to 200 characters without spaces and slashes");

/** A receiver that is notified when the state of a run changes. Its credentials are not shown. */
export const Notification = z
  .object({
    run: z.string(),
    name: z.string().meta({ description: "Unique for the run" }),
    url: z.string(),
    token: z.string().nullable(),
    scheme: z.string().nullable(),
    format: Format,
    webhook: z.string().meta({ description: "Id of the webhook that sends them, which has their deliveries" }),
    created_at: z.iso.datetime(),
  })
  .meta({ id: "Notification" });
export type Notification = z.infer<typeof Notification>;

export const NotificationPage = z
  .object({ items: z.array(Notification).max(LIMITS.notificationsPerRunMax), next: z.null() })
  .meta({ id: "NotificationPage" });

export const SetNotificationBody = z
  .strictObject({
    url: WebhookUrl.meta({ examples: ["https://example.com/hooks/a2a"] }),
    token: Token.optional(),
    authentication: z
      .strictObject({ scheme: Scheme, credentials: HeaderText.max(8_000) })
      .optional()
      .meta({ description: "Sent as Authorization" }),
    format: Format.default("a2a-1.0"),
    base_url: z
      .url({ protocol: /^https?$/ })
      .max(2_000)
      .optional()
      .meta({ description: "Where the links in notifications lead. Default: server.public_url" }),
  })
  .meta({ id: "SetNotification" });
