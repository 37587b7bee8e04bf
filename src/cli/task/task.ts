import type { Command } from "commander";
import * as z from "zod";
import { operations, type Task, tasks } from "../../api/contract/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import {
  act,
  type CommandMaker,
  examples,
  type Invocation,
  limitOption,
  LIST_FORMATS,
  ONE_FORMATS,
  pagesOf,
  shortRunId,
  showList,
  showPages,
  showOne,
} from "../frame/index.ts";
import { type Column, oneLine, ageColumn } from "../terminal/index.ts";
import { auction } from "./auction.ts";
import { Comparing, comparing, create } from "./create.ts";
import { distributionText, isOver, STATUS_TONES } from "./lines.ts";
import { resolveTask } from "./reference.ts";
import { showTask, watchTask } from "./watch.ts";

const ARGUMENT = "its id, the end of its id, or last";
/** Beyond the time that proposals are waited for. */
const PATIENCE_MS = 150_000;

/** `caxton task`: work that is offered to several and awarded to one. */
export const task: CommandMaker = (command, invocation) => {
  command.description(
    "Distribute tasks: the server calls for proposals, compares them and awards the task to the best, and to the next best if that agent fails.",
  );
  create(command.command("create"), invocation);
  auction(command.command("auction"), invocation);
  distribute(command.command("distribute"), invocation);
  list(command.command("list"), invocation);
  get(command.command("get"), invocation);
  cancel(command.command("cancel"), invocation);
  performance(command.command("performance"), invocation);
};

const columns = (nowMs: number): readonly Column<Task>[] => [
  { title: "ID", value: ({ id }) => id, short: ({ id }) => shortRunId(id) },
  { title: "STATUS", value: ({ status }) => status, tone: ({ status }) => STATUS_TONES[status] },
  { title: "NAME", value: ({ name }) => oneLine(name), shrinks: true },
  { title: "GIVEN TO", value: ({ assigned_to: winner }) => winner ?? "" },
  ageColumn("CREATED", (each) => each.created_at, nowMs),
  { title: "OWNER", value: ({ owner }) => owner, wide: true },
  { title: "BIDS", value: ({ bidders }) => String(bidders.filter(({ bid }) => bid !== null).length), wide: true },
];

function distribute(command: Command, invocation: Invocation): void {
  comparing(
    command
      .summary("distribute a task")
      .description(
        "Ask for proposals. The command returns when the task is awarded or cannot be awarded; the work continues on the server.",
      )
      .argument("<task>", ARGUMENT),
  );
  examples(command, [
    ["caxton task distribute last", ""],
    ["caxton task distribute last --minimize 'bid.cost * (2 - history.success_rate)' --bids-within 10", ""],
  ]);
  act(command, invocation, {
    input: z.object({ task: z.string(), ...Comparing }),
    formats: ONE_FORMATS,
    run: async (context, { task: reference, strategy, minimize, maximize, judge, bidsWithin }) => {
      const id = await resolveTask(context, reference);
      const { raw, value } = await context.client.call(
        operations.task.distribute,
        { id, strategy, minimize, maximize, judge, max_wait_seconds: bidsWithin },
        { timeoutMs: (bidsWithin ?? 30) * 10_000 + PATIENCE_MS },
      );
      await showOne(context, { raw, name: value.assigned_to ?? "", human: () => distributionText(value) });
    },
  });
}

function list(command: Command, invocation: Invocation): void {
  command
    .summary("list tasks")
    .description("List tasks, newest first.")
    .addOption(command.createOption("--status <status>", "only tasks in this state").choices(tasks.TaskStatus.options))
    .option("--owner <name>", "only tasks of this agent or program")
    .addOption(limitOption(20));
  examples(command, [
    ["caxton task list", ""],
    ["caxton task list --status working -o wide", "running tasks with their owners"],
  ]);
  act(command, invocation, {
    input: z.object({
      status: tasks.TaskStatus.optional(),
      owner: z.string().optional(),

      limit: z.number(),
    }),
    formats: LIST_FORMATS,
    run: async (context, { status, owner, limit }) => {
      const query = { status, owner };
      await showPages(context, pagesOf(operations.task.list, query), {
        limit,
        columns: columns(systemClock.nowMs()),
        name: ({ id }) => id,
        empty: 'no tasks; offer one: caxton task create "..." --capability <name> --watch',
        more: "older ones",
      });
    },
  });
}

function get(command: Command, invocation: Invocation): void {
  command
    .summary("show a task and its proposals")
    .description("Show a task: its status, the invited agents, their proposals and the outcome.")
    .argument("<task>", ARGUMENT)
    .option("--watch", "follow the task to its end");
  examples(command, [
    ["caxton task get last", ""],
    ["caxton task get last --watch", "until it is done, failed or cancelled"],
  ]);
  act(command, invocation, {
    input: z.object({ task: z.string(), watch: z.boolean().default(false) }),
    formats: ONE_FORMATS,
    run: async (context, { task: reference, watch }) => {
      const id = await resolveTask(context, reference);
      const found = await context.client.call(operations.task.get, { id });
      return watch && !isOver(found.value.status) ? watchTask(context, found) : showTask(context, found);
    },
  });
}

function cancel(command: Command, invocation: Invocation): void {
  command
    .summary("cancel a task")
    .description("Cancel a task. Every invited and awarded agent is notified.")
    .argument("<task>", ARGUMENT);
  examples(command, [["caxton task cancel last", ""]]);
  act(command, invocation, {
    input: z.object({ task: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { task: reference }) => {
      const id = await resolveTask(context, reference);
      const { raw } = await context.client.call(operations.task.cancel, { id });
      await showOne(context, { raw, name: id, human: () => `${id}  cancelled\n` });
    },
  });
}

function performance(command: Command, invocation: Invocation): void {
  command
    .summary("show the reputation of providers")
    .description(
      "Show the reputation of providers: success rate, mean time and cost. Older tasks count less, half after 30 days.",
    );
  examples(command, [["caxton task performance", ""]]);
  act(command, invocation, {
    input: z.object({}),
    formats: LIST_FORMATS,
    run: async (context) => {
      const { raw, value } = await context.client.call(operations.task.performance, {});
      await showList(context, {
        raw,
        items: value.items,
        columns: [
          { title: "PROVIDER", value: ({ provider }) => provider },
          { title: "CAPABILITY", value: ({ capability }) => capability },
          { title: "TASKS", value: ({ tasks: count }) => String(count) },
          { title: "DONE", value: ({ success_rate: rate }) => `${Math.round(rate * 100)} %` },
          { title: "SECONDS", value: ({ seconds }) => seconds.toFixed(1) },
          { title: "COST", value: ({ cost }) => cost.toFixed(2) },
        ],
        name: ({ provider }) => provider,
        empty: "no agent has been awarded a task yet",
      });
    },
  });
}
