import type { Command } from "commander";
import * as z from "zod";
import { operations } from "../../api/contract/index.ts";
import { act, examples, type Invocation, ONE_FORMATS, showOne, UsageError } from "../frame/index.ts";
import { safeText } from "../terminal/index.ts";

const list = z.array(z.string()).optional();
const Fields = z.object({
  events: list,
  agents: list,
  where: z.string().optional(),
  content: z.boolean().optional(),
  description: z.string().optional(),
});

const EVENTS = ["--events <glob...>", "types of events, such as run.completed or 'approval.*'"] as const;

const withFields = (command: Command): Command =>
  command
    .option("--agents <glob...>", "only events of these agents")
    .option("--where <expression>", "only events for which this CEL expression over event is true")
    .option("--content", "send requests, answers and arguments, not only metadata")
    .option("--description <text>", "what the webhook is for");

/** The secret, as it is shown once. */
export const secretText = (secret: string | null): string =>
  secret === null ? "" : `secret ${secret}\nThe secret is not shown again.\n`;

export function createWebhook(command: Command, invocation: Invocation): void {
  withFields(
    command
      .summary("create a webhook")
      .description(
        "Create a webhook that sends events to a URL, and print the secret that signs them. It sends what you may read; if you lose the rights, it stops.",
      )
      .argument("<url>", "URL that receives the events")
      .requiredOption(...EVENTS),
  ).option("--disabled", "create the webhook disabled");
  examples(command, [
    ["caxton webhook create https://example.com/hook --events run.completed run.failed", ""],
    ["caxton webhook create https://example.com/hook --events 'approval.*' --agents 'support-*'", ""],
    [`caxton webhook create https://example.com/hook --events 'run.*' --where "event.data.agent == 'reporter'"`, ""],
  ]);
  act(command, invocation, {
    input: Fields.extend({ url: z.string(), events: z.array(z.string()), disabled: z.boolean().default(false) }),
    formats: ONE_FORMATS,
    run: async (context, { disabled, ...spec }) => {
      const { raw, value } = await context.client.call(operations.webhook.create, { ...spec, enabled: !disabled });
      const human = () => `webhook ${value.id} is created\n${secretText(value.secret)}`;
      await showOne(context, { raw, name: value.id, human });
    },
  });
}

export function updateWebhook(command: Command, invocation: Invocation): void {
  withFields(
    command
      .summary("change a webhook")
      .description("Change a webhook. You become its owner: it sends what you may read. One that stopped continues.")
      .argument("<webhook>", "id of the webhook")
      .option("--url <url>", "URL that receives the events")
      .option(...EVENTS),
  ).option("--no-content", "send metadata only");
  examples(command, [["caxton webhook update 01a208cf-091e-78ce-a835-231edd1bfd02 --events 'run.*'", ""]]);
  act(command, invocation, {
    input: Fields.extend({ webhook: z.string(), url: z.string().optional() }),
    formats: ONE_FORMATS,
    run: async (context, { webhook: id, ...change }) => {
      if (Object.values(change).every((value) => value === undefined))
        throw new UsageError("give at least one option to change", "webhook update");
      const { raw, value } = await context.client.call(operations.webhook.update, { id, ...change });
      await showOne(context, { raw, name: value.id, human: () => `webhook ${safeText(value.id)} is changed\n` });
    },
  });
}
