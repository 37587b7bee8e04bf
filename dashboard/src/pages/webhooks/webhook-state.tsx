import type { Webhook, WebhookDelivery } from "../../../../src/api/contract/index.ts";
import { cx } from "../../parts/class-names.ts";
import { text } from "../../text/text.ts";

const words = text.webhooks;

const LOOKS: { readonly [State in Webhook["state"] | WebhookDelivery["state"]]: string } = {
  active: "text-good bg-good-soft",
  delivered: "text-good bg-good-soft",
  pending: "text-busy bg-busy-soft",
  failing: "text-warn bg-warn-soft",
  full: "text-warn bg-warn-soft",
  stopped: "text-bad bg-bad-soft",
  dead: "text-bad bg-bad-soft",
  disabled: "text-idle bg-idle-soft",
};
const LABELS = { ...words.states, ...words.deliveryStates };

/** The state of a webhook or of a delivery, in its word and color. */
export const WebhookState = ({ state }: { readonly state: keyof typeof LOOKS }) => (
  <span className={cx("rounded-full px-2 py-0.5 text-xs leading-4 font-medium whitespace-nowrap", LOOKS[state])}>
    {LABELS[state]}
  </span>
);
