import type { Command } from "commander";
import * as z from "zod";
import { operations, type WebhookDelivery } from "../../api/contract/index.ts";
import {
  act,
  examples,
  type Invocation,
  limitOption,
  LIST_FORMATS,
  ONE_FORMATS,
  pagesOf,
  showOne,
  showPages,
  UsageError,
} from "../frame/index.ts";
import { type Column, safeText } from "../terminal/index.ts";

const ID = "01a208cf-091e-78ce-a835-231edd1bfd02";
const STATES = ["pending", "delivered", "dead"] as const;

/** The last attempt, as text. */
function resultOf({ attempts }: WebhookDelivery): string {
  const last = attempts.at(-1);
  if (last === undefined) return "";
  return last.error === null ? String(last.status) : safeText(last.error);
}

const columns: readonly Column<WebhookDelivery>[] = [
  { title: "N", value: ({ sequence }) => String(sequence) },
  { title: "EVENT", value: ({ type }) => type },
  { title: "AT", value: ({ timestamp }) => timestamp },
  { title: "STATE", value: ({ state }) => state },
  { title: "ATTEMPTS", value: ({ attempts }) => String(attempts.length) },
  { title: "NEXT", value: ({ next_attempt_at: next }) => next ?? "", wide: true },
  { title: "RESULT", value: resultOf, shrinks: true },
  { title: "ID", value: ({ id }) => id, wide: true },
];

export function listDeliveries(command: Command, invocation: Invocation): void {
  command
    .summary("list deliveries")
    .description("List the deliveries of a webhook with the result of their last attempts, newest first.")
    .argument("<webhook>", "id of the webhook")
    .option("--state <state>", `only deliveries in this state: ${STATES.join(", ")}`)
    .addOption(limitOption(20));
  examples(command, [[`caxton webhook deliveries ${ID} --state dead`, ""]]);
  act(command, invocation, {
    input: z.object({ webhook: z.string(), state: z.enum(STATES).optional(), limit: z.number() }),
    formats: LIST_FORMATS,
    run: (context, { webhook: id, state, limit }) =>
      showPages(context, pagesOf(operations.webhook.deliveries, { id, state }), {
        limit,
        columns,
        name: (delivery) => delivery.id,
        empty: "no deliveries",
      }),
  });
}

export function replayDeliveries(command: Command, invocation: Invocation): void {
  command
    .summary("send a delivery again, or all dead ones")
    .description(
      "Send one delivery again, or all dead ones. Receivers recognize a delivery by its id, which does not change.",
    )
    .argument("<webhook>", "id of the webhook")
    .argument("[delivery]", "id of the delivery")
    .option("--dead", "all dead deliveries");
  examples(command, [
    [`caxton webhook replay ${ID} --dead`, ""],
    [`caxton webhook replay ${ID} msg_${ID.replaceAll("-", "")}_7`, ""],
  ]);
  act(command, invocation, {
    input: z.object({ webhook: z.string(), delivery: z.string().optional(), dead: z.boolean().default(false) }),
    formats: ONE_FORMATS,
    run: async (context, { webhook: id, delivery, dead }) => {
      if (dead === (delivery !== undefined))
        throw new UsageError("give the id of a delivery or --dead", "webhook replay");
      const { raw, value } = await context.client.call(operations.webhook.replay, { id, delivery });
      const human = () => `${value.replayed} deliveries are sent again\n`;
      await showOne(context, { raw, name: String(value.replayed), human });
    },
  });
}

export function testWebhook(command: Command, invocation: Invocation): void {
  command
    .summary("send a test event")
    .description("Send a test event and print the result. It is sent once, also if the webhook is disabled or stopped.")
    .argument("<webhook>", "id of the webhook");
  examples(command, [[`caxton webhook test ${ID}`, ""]]);
  act(command, invocation, {
    input: z.object({ webhook: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { webhook: id }) => {
      const { raw, value } = await context.client.call(operations.webhook.test, { id });
      await showOne(context, { raw, name: value.id, human: () => `${value.state}: ${resultOf(value)}\n` });
    },
  });
}
