import type { Command } from "commander";
import * as z from "zod";
import { operations, participants, type Subscription } from "../../api/contract/index.ts";
import {
  act,
  type CommandMaker,
  examples,
  type Invocation,
  limitOption,
  LIST_FORMATS,
  ONE_FORMATS,
  pagesOf,
  showOne,
  showPages,
} from "../frame/index.ts";
import { type Column, safeText } from "../terminal/index.ts";

/** `caxton subscription` */
export const subscription: CommandMaker = (command, invocation) => {
  command.description(
    "Manage topic subscriptions. A topic is words separated by dots; in a subscription, * matches one word and # any number of words.",
  );
  examples(command, [
    ["caxton subscription add billing-bot orders.*.created", ""],
    [`caxton subscription add billing-bot '#' --where 'message.content.price > 100'`, "only what matters"],
    [`caxton message send --topic orders.eu.created -p inform --data '{"price": 120}'`, "publish"],
  ]);
  list(command.command("list"), invocation);
  add(command.command("add"), invocation);
  remove(command.command("delete"), invocation);
};

const columns: readonly Column<Subscription>[] = [
  { title: "ID", value: ({ id }) => id },
  { title: "SUBSCRIBER", value: ({ subscriber }) => subscriber },
  { title: "TOPIC", value: ({ topic }) => topic },
  { title: "ACT", value: ({ performative }) => performative ?? "any" },
  { title: "SENDER", value: ({ sender }) => sender ?? "any", wide: true },
  { title: "WHERE", value: ({ where }) => where ?? "", shrinks: true },
];

function list(command: Command, invocation: Invocation): void {
  command
    .summary("list subscriptions")
    .description("List subscriptions, oldest first.")
    .option("--subscriber <name>", "only subscriptions of this subscriber")
    .addOption(limitOption(50));
  examples(command, [["caxton subscription list --subscriber billing-bot", ""]]);
  act(command, invocation, {
    input: z.object({ subscriber: z.string().optional(), limit: z.number() }),
    formats: LIST_FORMATS,
    run: (context, { subscriber, limit }) =>
      showPages(context, pagesOf(operations.subscription.list, { subscriber }), {
        limit,
        columns,
        name: ({ id }) => id,
        empty: "no subscriptions; see: caxton subscription add --help",
      }),
  });
}

function add(command: Command, invocation: Invocation): void {
  command
    .summary("subscribe an agent or program to a topic")
    .description("Subscribe a registered program or a deployed agent to a topic. Idempotent.")
    .argument("<subscriber>", "subscribing agent or program")
    .argument("<topic>", "topic pattern, for example orders.*.created, or # for all")
    .option("-p, --performative <act>", "only messages with this performative")
    .option("--sender <name>", "only messages from this sender")
    .option("--where <expression>", "only messages that match, for example message.content.price > 100");
  examples(command, [["caxton subscription add billing-bot orders.#", ""]]);
  act(command, invocation, {
    input: z.object({
      subscriber: z.string(),
      topic: z.string(),
      performative: participants.SubscribeBody.shape.performative,
      sender: z.string().optional(),
      where: z.string().optional(),
    }),
    formats: ONE_FORMATS,
    run: async (context, given) => {
      const { raw, value } = await context.client.call(operations.subscription.create, given);
      const human = () => `${safeText(value.subscriber)} gets ${safeText(value.topic)}  subscription ${value.id}\n`;
      await showOne(context, { raw, name: value.id, human });
    },
  });
}

function remove(command: Command, invocation: Invocation): void {
  command
    .summary("delete a subscription")
    .description("Delete a subscription. Messages in the subscriber's mailbox are kept.")
    .argument("<subscription>", "id of the subscription");
  examples(command, [["caxton subscription delete 01a1fe46-bc08-7d3e-9a58-048f0ab824d5", ""]]);
  act(command, invocation, {
    input: z.object({ subscription: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { subscription: id }) => {
      const { raw } = await context.client.call(operations.subscription.delete, { id });
      await showOne(context, { raw, name: id, human: () => `${safeText(id)} is deleted\n` });
    },
  });
}
