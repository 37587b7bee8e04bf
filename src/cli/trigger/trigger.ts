import type { Command } from "commander";
import * as z from "zod";
import { operations, type Trigger, type TriggerFire } from "../../api/contract/index.ts";
import { JsonObject, parseJson } from "../../kernel/json.ts";
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
  UsageError,
} from "../frame/index.ts";
import { type Column, renderFields, safeText } from "../terminal/index.ts";
import { createTrigger, secretLines } from "./create.ts";
import { updateTrigger } from "./update.ts";

/** `caxton trigger` */
export const trigger: CommandMaker = (command, invocation) => {
  command.description(
    "Manage triggers, which start runs of agents at times and for webhooks. A trigger is named by its id or as <agent>/<name>.",
  );
  examples(command, [
    [`caxton trigger create reporter morning --cron "0 7 * * 1-5" --zone Europe/Berlin --input "Write the report"`, ""],
    [`caxton trigger create reporter once --in 2h --input "Say hello"`, "one delayed run"],
    ["caxton trigger list", ""],
    ["caxton trigger history reporter/morning", ""],
    ["caxton trigger disable reporter/morning", ""],
  ]);
  createTrigger(command.command("create"), invocation);
  list(command.command("list"), invocation);
  get(command.command("get"), invocation);
  updateTrigger(command.command("update"), invocation);
  enable(command.command("enable"), invocation);
  disable(command.command("disable"), invocation);
  rotateSecret(command.command("rotate-secret"), invocation);
  fire(command.command("fire"), invocation);
  history(command.command("history"), invocation);
  remove(command.command("delete"), invocation);
};

const Named = z.object({ trigger: z.string() });
const ARGUMENT = ["<trigger>", "id of the trigger, or agent/name"] as const;

const nameOf = ({ agent, trigger: { name } }: Trigger): string => safeText(`${agent}/${name}`);

function timesOf({ trigger: spec }: Trigger): string {
  switch (spec.kind) {
    case "cron":
      return `${spec.cron} ${spec.zone}`;
    case "every":
      return `every ${spec.every}`;
    case "at":
      return spec.at;
    case "webhook":
      return `webhook, ${spec.verify}`;
    case "message":
      return `messages of ${spec.topic}`;
    case "file":
      return `files ${spec.path}`;
  }
}

const stateOf = ({ trigger: { enabled }, stopped }: Trigger): string =>
  enabled ? (stopped === null ? "enabled" : "stopped") : "disabled";

const columns: readonly Column<Trigger>[] = [
  { title: "TRIGGER", value: nameOf },
  { title: "STATE", value: stateOf },
  { title: "FIRES", value: (each) => safeText(timesOf(each)) },
  { title: "NEXT", value: ({ next_at }) => next_at ?? "" },
  { title: "ORIGIN", value: ({ origin }) => origin, wide: true },
  { title: "OWNER", value: ({ owner }) => safeText(owner.name), wide: true },
];

function list(command: Command, invocation: Invocation): void {
  command
    .summary("list triggers")
    .description("List triggers by agent and name, with the time of their next run.")
    .option("--agent <name>", "only triggers of this agent")
    .addOption(limitOption(50));
  examples(command, [["caxton trigger list --agent reporter", ""]]);
  act(command, invocation, {
    input: z.object({ agent: z.string().optional(), limit: z.number() }),
    formats: LIST_FORMATS,
    run: (context, { agent, limit }) =>
      showPages(context, pagesOf(operations.trigger.list, { agent }), {
        limit,
        columns,
        name: ({ id }) => id,
        empty: "no triggers; see: caxton trigger create --help",
      }),
  });
}

function get(command: Command, invocation: Invocation): void {
  command
    .summary("show a trigger")
    .description("Show a trigger with its next time and, if it stopped, the reason.")
    .argument(...ARGUMENT);
  examples(command, [["caxton trigger get reporter/morning", ""]]);
  act(command, invocation, {
    input: Named,
    formats: ONE_FORMATS,
    run: async (context, { trigger: id }) => {
      const { raw, value } = await context.client.call(operations.trigger.get, { id });
      const { trigger: spec, owner, origin, next_at: next, url, stopped } = value;
      const fields = [
        ["Trigger", nameOf(value)],
        ["Id", value.id],
        ["State", stopped === null ? stateOf(value) : `stopped ${stopped.since}: ${safeText(stopped.reason)}`],
        ["Fires", safeText(timesOf(value))],
        ...(url === null ? [["Next", next ?? "never"] as const] : [["Address", `POST ${safeText(url)}`] as const]),
        ["Origin", origin],
        ["Owner", safeText(`${owner.kind} ${owner.name}`)],
        ["Thread", safeText(spec.thread)],
        ["Input", safeText(spec.input)],
      ] as const;
      await showOne(context, { raw, name: value.id, human: () => renderFields(fields, context.terminal) });
    },
  });
}

function enable(command: Command, invocation: Invocation): void {
  command
    .summary("enable a trigger")
    .description("Enable a trigger, also one that stopped. You become its owner: its runs have your rights.");
  switchTrigger(command, invocation, true);
}

function disable(command: Command, invocation: Invocation): void {
  command.summary("disable a trigger").description("Disable a trigger. You become its owner. Its runs continue.");
  switchTrigger(command, invocation, false);
}

function switchTrigger(command: Command, invocation: Invocation, enabled: boolean): void {
  command.argument(...ARGUMENT);
  examples(command, [[`caxton trigger ${enabled ? "enable" : "disable"} reporter/morning`, ""]]);
  act(command, invocation, {
    input: Named,
    formats: ONE_FORMATS,
    run: async (context, { trigger: id }) => {
      const { raw, value } = await context.client.call(operations.trigger.update, { id, enabled });
      const next = value.next_at === null ? "" : `  next ${value.next_at}`;
      const human = () => `${nameOf(value)} is ${enabled ? "enabled" : "disabled"}${next}\n`;
      await showOne(context, { raw, name: value.id, human });
    },
  });
}

function rotateSecret(command: Command, invocation: Invocation): void {
  command
    .summary("replace the secret of a webhook")
    .description(
      "Replace the secret of a webhook and print it once. Requests with the previous one are refused from now on. You become the owner of the trigger: its runs have your rights.",
    )
    .argument(...ARGUMENT);
  examples(command, [["caxton trigger rotate-secret reporter/issues", ""]]);
  act(command, invocation, {
    input: Named,
    formats: ONE_FORMATS,
    run: async (context, { trigger: id }) => {
      const { raw, value } = await context.client.call(operations.trigger.rotateSecret, { id });
      await showOne(context, { raw, name: value.secret, human: () => secretLines(value) });
    },
  });
}

function fire(command: Command, invocation: Invocation): void {
  command
    .summary("fire a trigger now")
    .description(
      "Fire a trigger now, also one that is disabled. Its next time does not change. The run has the rights that you and its owner both have.",
    )
    .argument(...ARGUMENT)
    .option("--event <json>", "event for the template of the input, as a JSON object");
  examples(command, [["caxton trigger fire reporter/morning", ""]]);
  act(command, invocation, {
    input: Named.extend({ event: z.string().optional() }),
    formats: ONE_FORMATS,
    run: async (context, { trigger: id, event }) => {
      const { raw, value } = await context.client.call(operations.trigger.fire, { id, event: eventOf(event) });
      const human = () => `${safeText(id)} ${outcomeOf(value)}\n`;
      await showOne(context, { raw, name: value.run ?? value.key, human });
    },
  });
}

/** Throws UsageError. */
function eventOf(text: string | undefined): JsonObject | undefined {
  if (text === undefined) return undefined;
  const parsed = parseJson(text);
  const event = JsonObject.safeParse(parsed.type === "parsed" ? parsed.value : undefined);
  if (!event.success) throw new UsageError("--event is not a JSON object", "trigger fire");
  return event.data;
}

function outcomeOf({ outcome, run, reason }: TriggerFire): string {
  if (run !== null) return `${outcome} run ${run}`;
  return reason === "" ? outcome : `${outcome}: ${safeText(reason)}`;
}

const reasonOf = ({ reason, missed_from: from }: TriggerFire): string =>
  safeText(
    [...(from === null ? [] : [`earlier slots from ${from} on were missed`]), ...(reason === "" ? [] : [reason])].join(
      "; ",
    ),
  );

const fireColumns: readonly Column<TriggerFire>[] = [
  { title: "AT", value: ({ at }) => at },
  { title: "FIRED", value: ({ fired_at: fired }) => fired, wide: true },
  { title: "OUTCOME", value: ({ outcome }) => outcome },
  { title: "RUN", value: ({ run }) => run ?? "" },
  { title: "BY", value: ({ caller }) => safeText(caller?.name ?? ""), wide: true },
  { title: "REASON", value: reasonOf, shrinks: true },
];

function history(command: Command, invocation: Invocation): void {
  command
    .summary("list the events of a trigger with their runs")
    .description("List the events of a trigger with their runs, newest first.")
    .argument(...ARGUMENT)
    .addOption(limitOption(20));
  examples(command, [["caxton trigger history reporter/morning", ""]]);
  act(command, invocation, {
    input: Named.extend({ limit: z.number() }),
    formats: LIST_FORMATS,
    run: (context, { trigger: id, limit }) =>
      showPages(context, pagesOf(operations.trigger.fires, { id }), {
        limit,
        columns: fireColumns,
        name: ({ run, key }) => run ?? key,
        empty: "it has not fired",
      }),
  });
}

function remove(command: Command, invocation: Invocation): void {
  command
    .summary("delete a trigger")
    .description("Delete a trigger with its history. Its runs continue.")
    .argument(...ARGUMENT);
  examples(command, [["caxton trigger delete reporter/morning", ""]]);
  act(command, invocation, {
    input: Named,
    formats: ONE_FORMATS,
    run: async (context, { trigger: id }) => {
      const { raw } = await context.client.call(operations.trigger.delete, { id });
      await showOne(context, { raw, name: id, human: () => `${safeText(id)} is deleted\n` });
    },
  });
}
