import type { Command } from "commander";
import * as z from "zod";
import { type AgentDetail, operations } from "../../api/contract/index.ts";
import type { Answer } from "../client/index.ts";
import { act, type Context, examples, type Invocation, ONE_FORMATS, revisionOption, showOne } from "../frame/index.ts";

async function show(context: Context, { raw, value }: Answer<AgentDetail>, line: (agent: AgentDetail) => string) {
  await showOne(context, { raw, name: value.name, human: () => `${line(value)}\n` });
}

const servingLine = ({ name, revision, newest_revision: newest }: AgentDetail): string =>
  `serving  ${name}  revision ${revision}${revision === newest ? "" : ` (newest: ${newest})`}`;

/** `caxton agent activate` */
export function agentActivate(command: Command, invocation: Invocation): void {
  command
    .summary("serve a stored revision")
    .description(
      "Make a stored revision of an agent the serving one. New runs use it. Runs and conversations in progress stay on " +
        "the revision that they started with. The next deployment serves in its place.",
    )
    .argument("<agent>", "agent name")
    .addOption(
      revisionOption("--revision <n>", "the revision; list them with: caxton agent revisions").makeOptionMandatory(),
    );
  examples(command, [
    ["caxton agent revisions greeter", "list the revisions"],
    ["caxton agent activate greeter --revision 2", "serve revision 2"],
  ]);
  act(command, invocation, {
    input: z.object({ agent: z.string(), revision: z.number() }),
    formats: ONE_FORMATS,
    run: async (context, { agent, revision }) =>
      show(context, await context.client.call(operations.agent.activate, { name: agent, revision }), servingLine),
  });
}

/** `caxton agent rollback` */
export function agentRollback(command: Command, invocation: Invocation): void {
  command
    .summary("serve the previous revision")
    .description(
      "Make the revision before the serving one the serving one. To choose a revision, use: caxton agent activate.",
    )
    .argument("<agent>", "agent name");
  examples(command, [["caxton agent rollback greeter", "from revision 3 to revision 2"]]);
  act(command, invocation, {
    input: z.object({ agent: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { agent }) =>
      show(context, await context.client.call(operations.agent.rollback, { name: agent }), servingLine),
  });
}

/** `caxton agent pause` */
export function agentPause(command: Command, invocation: Invocation): void {
  command
    .summary("stop an agent from taking new work")
    .description(
      "Pause an agent. It takes no new runs, and messages to it wait in its mailbox until it is resumed. Runs in " +
        "progress continue. An agent stays paused across restarts and deployments.",
    )
    .argument("<agent>", "agent name")
    .option("--reason <text>", "shown wherever a run is refused");
  examples(command, [[`caxton agent pause greeter --reason "the model costs too much"`, ""]]);
  act(command, invocation, {
    input: z.object({ agent: z.string(), reason: z.string().default("") }),
    formats: ONE_FORMATS,
    run: async (context, { agent, reason }) => {
      const paused = await context.client.call(operations.agent.pause, { name: agent, reason });
      await show(context, paused, ({ name }) => `paused  ${name}`);
    },
  });
}

/** `caxton agent resume` */
export function agentResume(command: Command, invocation: Invocation): void {
  command
    .summary("let a paused agent take work again")
    .description("Resume a paused agent. The messages in its mailbox are delivered.")
    .argument("<agent>", "agent name");
  examples(command, [["caxton agent resume greeter", ""]]);
  act(command, invocation, {
    input: z.object({ agent: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { agent }) => {
      const resumed = await context.client.call(operations.agent.resume, { name: agent });
      await show(context, resumed, ({ name }) => `resumed  ${name}`);
    },
  });
}
