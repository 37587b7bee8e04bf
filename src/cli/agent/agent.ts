import type { Command } from "commander";
import * as z from "zod";
import { type AgentDetail, type AgentSummary, operations, type RevisionSummary } from "../../api/contract/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import { agentConvert, agentSchema } from "./convert.ts";
import { agentTest } from "./test.ts";
import { agentDeploy, agentValidate } from "./deploy.ts";
import { agentActivate, agentPause, agentResume, agentRollback } from "./lifecycle.ts";
import {
  act,
  type CommandMaker,
  confirm,
  examples,
  type Invocation,
  limitOption,
  LIST_FORMATS,
  listUpTo,
  ONE_FORMATS,
  pagesOf,
  commandPath,
  revisionOption,
  showList,
  showPages,
  showOne,
} from "../frame/index.ts";
import { type Column, countOf, oneLine, renderFields, safeText, showAge, type Look } from "../terminal/index.ts";

/** `caxton agent` */
export const agent: CommandMaker = (command, invocation) => {
  command.description(
    "An agent is defined in one file: TOML, YAML or Markdown. Each deployment creates a numbered revision on the server. Runs use the newest unless another revision is activated.",
  );
  examples(command, [
    ["caxton agent deploy agents/greeter.toml", "deploy a file, or a directory of them"],
    ["caxton agent list", "what is deployed"],
    ["caxton agent validate agents/*", "check files without a server"],
    ["caxton agent test", "run the tests beside them"],
  ]);
  list(command.command("list"), invocation);
  get(command.command("get"), invocation);
  agentDeploy(command.command("deploy"), invocation);
  agentValidate(command.command("validate"), invocation);
  revisions(command.command("revisions"), invocation);
  agentActivate(command.command("activate"), invocation);
  agentRollback(command.command("rollback"), invocation);
  agentPause(command.command("pause"), invocation);
  agentResume(command.command("resume"), invocation);
  remove(command.command("delete"), invocation);
  agentConvert(command.command("convert"), invocation);
  agentTest(command.command("test"), invocation);
  agentSchema(command.command("schema"), invocation);
};

const columns = (nowMs: number): readonly Column<AgentSummary>[] => [
  { title: "NAME", value: ({ name }) => name, tone: () => "bold" },
  {
    title: "REV",
    value: ({ revision, newest_revision: newest }) =>
      revision === newest ? String(revision) : `${revision} of ${newest}`,
    align: "right",
  },
  {
    title: "STATE",
    value: ({ state, file }) => (file?.differs === true ? `${state}, file differs` : state),
    tone: ({ state, file }) => (state === "paused" || file?.differs === true ? "yellow" : "dim"),
  },
  { title: "VERSION", value: ({ version }) => version, wide: true },
  { title: "MODEL", value: ({ model }) => model ?? "(default)", shrinks: true },
  { title: "TOOLS", value: ({ tools }) => tools.join(", "), shrinks: true },
  { title: "CAPABILITIES", value: ({ capabilities }) => capabilities.join(", "), wide: true },
  {
    title: "DEPLOYED",
    value: ({ deployed_at: at }) => at,
    short: ({ deployed_at: at }) => showAge(Date.parse(at), nowMs),
  },
  { title: "DESCRIPTION", value: ({ description }) => description, shrinks: true },
];

function list(command: Command, invocation: Invocation): void {
  command
    .summary("list deployed agents")
    .description("List deployed agents.")
    .option("--capability <name>", "only agents that offer this capability")
    .addOption(limitOption(200));
  examples(command, [
    ["caxton agent list", ""],
    ["caxton agent list --capability data-analysis", ""],
    ["caxton agent list -o name", "names only, for scripts"],
  ]);
  act(command, invocation, {
    input: z.object({ capability: z.string().optional(), limit: z.number() }),
    formats: LIST_FORMATS,
    run: async (context, { capability, limit }) => {
      const found = await listUpTo(context.client, pagesOf(operations.agent.list, { capability }), limit);
      const { items, next } = found.value;
      await showList(context, {
        raw: found.raw,
        items,
        columns: columns(systemClock.nowMs()),
        name: ({ name }) => name,
        empty: "no agents are deployed; deploy one with: caxton agent deploy <file>, or make one with: caxton init",
        footer: next === null ? countOf(items.length, "agent") : `the first ${limit}; more with --limit ${limit * 2}`,
      });
    },
  });
}

function get(command: Command, invocation: Invocation): void {
  command
    .summary("show an agent")
    .description("Show a deployed agent.")
    .argument("<agent>", "agent name")
    .addOption(revisionOption("--revision <n>", "revision to show; default: the serving one"))
    .option("--source", "print the definition file as deployed");
  examples(command, [
    ["caxton agent get greeter", ""],
    ["caxton agent get greeter --source > greeter.toml", "get the file back"],
    ["caxton agent get greeter --revision 1 --source", "as it was at first"],
  ]);
  act(command, invocation, {
    input: z.object({ agent: z.string(), revision: z.number().optional(), source: z.boolean().default(false) }),
    formats: ONE_FORMATS,
    run: async (context, { agent: name, revision, source }) => {
      const { raw, value } = await (revision === undefined
        ? context.client.call(operations.agent.get, { name })
        : context.client.call(operations.agent.revision, { name, revision }));
      if (source)
        return context.terminal.writeForeign(value.source.endsWith("\n") ? value.source : `${value.source}\n`);
      await showOne(context, { raw, name: value.name, human: () => renderAgent(value, context.terminal) });
    },
  });
}

function renderAgent(found: AgentDetail, look: Look): string {
  const { revision, version, deployed_at: deployedAt, file_name: file, warnings } = found;
  const fields: [string, string][] = [
    ["Name", found.name],
    ["Description", oneLine(found.description) || "–"],
    ["State", stateText(found)],
    [
      "Revision",
      `${revision}${revision === found.newest_revision ? "" : ` (newest: ${found.newest_revision})`}   version ${version}   deployed ${deployedAt}   ${file}`,
    ],
    ["Model", found.model ?? "the server's default"],
    ["Tools", found.tools.join(", ") || "none"],
    ["Capabilities", found.capabilities.join(", ") || "none"],
    ["Steps", `at most ${found.max_steps} turns a run`],
  ];
  if (found.agents.length > 0) fields.push(["Delegates", `to ${found.agents.join(", ")}`]);
  if (found.file?.differs === true)
    fields.push([
      "File",
      `${found.file.path} differs from the deployed revision, which stays until you choose\n` +
        `deploy the file: caxton agent deploy ${found.file.path}\n` +
        `keep the deployed version: caxton agent get ${found.name} --source > ${found.file.path}`,
    ]);
  if (found.documentation.trim() !== "") fields.push(["About", safeText(found.documentation).trim()]);
  if (warnings.length > 0) fields.push(["Warnings", warnings.map(({ rendered }) => safeText(rendered)).join("\n")]);
  return renderFields(fields, look);
}

const stateText = ({ paused }: AgentDetail): string =>
  paused === null
    ? "active"
    : `paused since ${paused.since}${paused.reason === "" ? "" : `: ${oneLine(paused.reason)}`}`;

const revisionColumns = (nowMs: number): readonly Column<RevisionSummary>[] => [
  { title: "REV", value: ({ revision }) => String(revision), align: "right" },
  { title: "VERSION", value: ({ version }) => version },
  {
    title: "DEPLOYED",
    value: ({ deployed_at: at }) => at,
    short: ({ deployed_at: at }) => showAge(Date.parse(at), nowMs),
  },
  { title: "FILE", value: ({ file_name: file }) => file, shrinks: true },
  { title: "SHA-256", value: ({ source_hash: hash }) => hash, short: ({ source_hash: hash }) => hash.slice(0, 12) },
];

function revisions(command: Command, invocation: Invocation): void {
  command
    .summary("list an agent's revisions")
    .description("List an agent's revisions, newest first.")
    .argument("<agent>", "agent name")
    .addOption(limitOption(20));
  examples(command, [
    ["caxton agent revisions greeter", ""],
    ["caxton agent get greeter --revision 1 --source", "the file of one of them"],
  ]);
  act(command, invocation, {
    input: z.object({ agent: z.string(), limit: z.number() }),
    formats: LIST_FORMATS,
    run: (context, { agent: name, limit }) =>
      showPages(context, pagesOf(operations.agent.revisions, { name }), {
        limit,
        columns: revisionColumns(systemClock.nowMs()),
        name: ({ revision }) => String(revision),
        empty: `agent "${name}" has no revisions`,
        more: "older ones",
      }),
  });
}

function remove(command: Command, invocation: Invocation): void {
  command
    .summary("delete agents")
    .description(
      "Delete agents. Running runs continue. A new deployment restores the agent, also that of its file at the next start.",
    )
    .argument("<agent...>", "agent names");
  examples(command, [
    ["caxton agent delete greeter", "asks first"],
    ["caxton agent delete greeter --yes", "does not ask"],
  ]);
  act(command, invocation, {
    input: z.object({ agent: z.array(z.string()) }),
    formats: ["table", "name"],
    run: async (context, { agent: names }) => {
      const question = names.length === 1 ? `Delete agent ${names[0]}?` : `Delete agents ${names.join(", ")}?`;
      // Throws at once if the question can be neither asked nor skipped.
      if (!context.terminal.canAsk) await confirm(context, question, commandPath(command));
      for (const name of names) {
        const { file } = (await context.client.call(operations.agent.get, { name })).value;
        if (file)
          context.terminal.note(
            `! ${file.path} stays: the next start deploys ${name} again, unless you delete the file`,
          );
      }
      if (!(await confirm(context, question, commandPath(command)))) return;
      for (const name of names) {
        await context.client.call(operations.agent.delete, { name });
        context.terminal.write(context.format === "name" ? `${name}\n` : `deleted  ${name}\n`);
      }
    },
  });
}
