import type { Command } from "commander";
import * as z from "zod";
import { operations, type Webhook } from "../../api/contract/index.ts";
import { durationText } from "../../text/documents/index.ts";
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
import { type Column, renderFields, safeText } from "../terminal/index.ts";
import { createWebhook, secretText, updateWebhook } from "./create.ts";
import { listDeliveries, replayDeliveries, testWebhook } from "./deliveries.ts";

const ID = "01a208cf-091e-78ce-a835-231edd1bfd02";
const SECOND_MS = 1_000;
const WEEK_MS = 604_800_000;

/** `caxton webhook` */
export const webhook: CommandMaker = (command, invocation) => {
  command.description("Manage webhooks, which send events of runs, agents, threads and tasks to URLs, signed.");
  examples(command, [
    ["caxton webhook create https://example.com/hook --events run.completed run.failed", ""],
    ["caxton webhook list", ""],
    [`caxton webhook test ${ID}`, ""],
    [`caxton webhook deliveries ${ID}`, ""],
  ]);
  createWebhook(command.command("create"), invocation);
  list(command.command("list"), invocation);
  get(command.command("get"), invocation);
  updateWebhook(command.command("update"), invocation);
  enable(command.command("enable"), invocation);
  disable(command.command("disable"), invocation);
  testWebhook(command.command("test"), invocation);
  rotate(command.command("rotate"), invocation);
  listDeliveries(command.command("deliveries"), invocation);
  replayDeliveries(command.command("replay"), invocation);
  remove(command.command("delete"), invocation);
};

const Named = z.object({ webhook: z.string() });
const ARGUMENT = ["<webhook>", "id of the webhook"] as const;

const columns: readonly Column<Webhook>[] = [
  { title: "ID", value: ({ id }) => id },
  { title: "STATE", value: ({ state }) => state },
  { title: "PENDING", value: ({ pending }) => String(pending) },
  { title: "URL", value: ({ url }) => safeText(url), shrinks: true },
  { title: "EVENTS", value: ({ events }) => safeText(events.join(" ")), shrinks: true },
  { title: "OWNER", value: ({ owner }) => safeText(owner.name), wide: true },
];

function list(command: Command, invocation: Invocation): void {
  command
    .summary("list webhooks")
    .description("List webhooks with their states, the oldest first.")
    .addOption(limitOption(50));
  examples(command, [["caxton webhook list", ""]]);
  act(command, invocation, {
    input: z.object({ limit: z.number() }),
    formats: LIST_FORMATS,
    run: (context, { limit }) =>
      showPages(context, pagesOf(operations.webhook.list, {}), {
        limit,
        columns,
        name: ({ id }) => id,
        empty: "no webhooks; see: caxton webhook create --help",
      }),
  });
}

function get(command: Command, invocation: Invocation): void {
  command
    .summary("show a webhook")
    .description("Show a webhook with its state and, if it stopped, the reason.")
    .argument(...ARGUMENT);
  examples(command, [[`caxton webhook get ${ID}`, ""]]);
  act(command, invocation, {
    input: Named,
    formats: ONE_FORMATS,
    run: async (context, { webhook: id }) => {
      const { raw, value } = await context.client.call(operations.webhook.get, { id });
      await showOne(context, { raw, name: value.id, human: () => renderFields(fieldsOf(value), context.terminal) });
    },
  });
}

function fieldsOf(value: Webhook): readonly (readonly [string, string])[] {
  const { stopped, failing_since: failing, dropped, owner } = value;
  const since = stopped === null ? failing && ` since ${failing}` : ` ${stopped.since}: ${safeText(stopped.reason)}`;
  const all: readonly (readonly [string, string])[] = [
    ["Webhook", value.id],
    ["URL", safeText(value.url)],
    ["State", `${value.state}${since ?? ""}`],
    ["Events", safeText(value.events.join(" "))],
    ["Agents", safeText(value.agents.join(" "))],
    ["Where", safeText(value.where)],
    ["Content", value.content ? "yes" : "no"],
    ["Pending", String(value.pending)],
    ["Dropped", dropped === 0 ? "" : `${dropped}, last ${value.dropped_at}`],
    ["Owner", safeText(`${owner.kind} ${owner.name}`)],
    ["Description", safeText(value.description)],
  ];
  return all.filter(([, text]) => text !== "");
}

function enable(command: Command, invocation: Invocation): void {
  command
    .summary("enable a webhook")
    .description("Enable a webhook, also one that stopped. You become its owner. Deliveries that waited are sent.");
  switchWebhook(command, invocation, true);
}

function disable(command: Command, invocation: Invocation): void {
  command
    .summary("disable a webhook")
    .description("Disable a webhook. You become its owner. Deliveries wait, and further events are not recorded.");
  switchWebhook(command, invocation, false);
}

function switchWebhook(command: Command, invocation: Invocation, enabled: boolean): void {
  command.argument(...ARGUMENT);
  examples(command, [[`caxton webhook ${enabled ? "enable" : "disable"} ${ID}`, ""]]);
  act(command, invocation, {
    input: Named,
    formats: ONE_FORMATS,
    run: async (context, { webhook: id }) => {
      const { raw, value } = await context.client.call(operations.webhook.update, { id, enabled });
      const human = () => `webhook ${value.id} is ${enabled ? "enabled" : "disabled"}\n`;
      await showOne(context, { raw, name: value.id, human });
    },
  });
}

function rotate(command: Command, invocation: Invocation): void {
  command
    .summary("replace the secret of a webhook")
    .description("Replace the secret of a webhook and print the new one. Both secrets sign for the grace time.")
    .argument(...ARGUMENT)
    .option("--grace <duration>", "time for which the previous secret signs too. Default: 24h");
  examples(command, [[`caxton webhook rotate ${ID} --grace 1h`, ""]]);
  act(command, invocation, {
    input: Named.extend({ grace: durationText({ maxMs: WEEK_MS }).optional() }),
    formats: ONE_FORMATS,
    run: async (context, { webhook: id, grace }) => {
      const body = { id, ...(grace !== undefined && { grace: Math.round(grace / SECOND_MS) }) };
      const { raw, value } = await context.client.call(operations.webhook.rotate, body);
      const human = () => `the secret of ${value.id} is replaced\n${secretText(value.secret)}`;
      await showOne(context, { raw, name: value.id, human });
    },
  });
}

function remove(command: Command, invocation: Invocation): void {
  command
    .summary("delete a webhook")
    .description("Delete a webhook with its deliveries.")
    .argument(...ARGUMENT);
  examples(command, [[`caxton webhook delete ${ID}`, ""]]);
  act(command, invocation, {
    input: Named,
    formats: ONE_FORMATS,
    run: async (context, { webhook: id }) => {
      const { raw } = await context.client.call(operations.webhook.delete, { id });
      await showOne(context, { raw, name: id, human: () => `webhook ${safeText(id)} is deleted\n` });
    },
  });
}
