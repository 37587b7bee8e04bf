import type { Command } from "commander";
import * as z from "zod";
import {
  operations,
  type ToolDetail,
  type ToolServerDetail,
  type ToolServerSummary,
} from "../../api/contract/index.ts";
import {
  act,
  type CommandMaker,
  examples,
  type Invocation,
  LIST_FORMATS,
  listUpTo,
  ONE_FORMATS,
  pagesOf,
  showList,
  showOne,
  ToolNotFoundError,
} from "../frame/index.ts";
import { toolBuild } from "./build.ts";
import { toolCall } from "./call.ts";
import { toolDeploy } from "./deploy.ts";
import { effects, HEALTH_TONES, publisherText, renderServer, renderTool, STATE_TONES } from "./detail.ts";
import { toolHealth } from "./health.ts";
import { toolDiff, toolVersions } from "./history.ts";
import { toolAccept, toolActivate, toolDelete, toolPause, toolResume } from "./manage.ts";
import { toolKeygen, toolSign, toolVerify } from "./sign.ts";
import { toolImport } from "./import.ts";
import { toolLogs } from "./logs.ts";
import { toolLogin, toolLogout } from "./sign-in.ts";
import { toolObserve } from "./observe.ts";
import { audit } from "./audit.ts";
import { toolNew } from "./new.ts";
import { toolTest } from "./test.ts";
import { type Column, countOf, oneLine, showCount } from "../terminal/index.ts";

/** `caxton tool` */
export const tool: CommandMaker = (command, invocation) => {
  command.description(
    "List, call, build and deploy tools. Tools are provided by tool servers: sandboxed WebAssembly modules that can access only what they were granted. A tool is named server.tool.",
  );
  examples(command, [
    ["caxton tool list", "every tool"],
    ["caxton tool get csv_parser.group", "what a tool does and takes"],
    [`caxton tool call csv_parser.describe --args '{"path": "examples/data/penguins.csv"}'`, "call one by hand"],
    ["caxton tool deploy ./tools/weather", "deploy a module of your own"],
  ]);
  list(command.command("list"), invocation);
  get(command.command("get"), invocation);
  toolCall(command.command("call"), invocation);
  toolDeploy(command.command("deploy"), invocation);
  toolVersions(command.command("versions"), invocation);
  toolDiff(command.command("diff"), invocation);
  toolAccept(command.command("accept"), invocation);
  toolActivate(command.command("activate"), invocation);
  toolPause(command.command("pause"), invocation);
  toolResume(command.command("resume"), invocation);
  toolDelete(command.command("delete"), invocation);
  toolLogin(command.command("login"), invocation);
  toolLogout(command.command("logout"), invocation);
  toolHealth(command.command("health"), invocation);
  toolLogs(command.command("logs"), invocation);
  toolImport(command.command("import"), invocation);
  audit(command.command("audit"), invocation);
  toolObserve(command.command("observe"), invocation);
  toolNew(command.command("new"), invocation);
  toolBuild(command.command("build"), invocation);
  toolTest(command.command("test"), invocation);
  toolKeygen(command.command("keygen"), invocation);
  toolSign(command.command("sign"), invocation);
  toolVerify(command.command("verify"), invocation);
};

const SERVERS_MAX = 10_000;

type ToolRow = { readonly server: ToolServerDetail; readonly tool: ToolDetail };

const toolColumns: readonly Column<ToolRow>[] = [
  { title: "TOOL", value: (row) => row.tool.id, tone: () => "bold" },
  { title: "EFFECT", value: (row) => effects(row.tool) },
  { title: "TOKENS", value: (row) => `≈ ${showCount(row.tool.tokens)}`, align: "right", wide: true },
  { title: "STATE", value: ({ server }) => server.state, tone: ({ server }) => STATE_TONES[server.state], wide: true },
  { title: "GRANTS", value: ({ server }) => server.grants.join(", "), wide: true },
  { title: "DESCRIPTION", value: (row) => row.tool.description, shrinks: true },
];

const serverColumns: readonly Column<ToolServerSummary>[] = [
  { title: "SERVER", value: ({ name }) => name, tone: () => "bold" },
  { title: "VERSION", value: ({ version }) => version },
  {
    title: "STATE",
    value: ({ state, pending_revision: waits }) => (waits === null ? state : `${state}, revision ${waits} waits`),
    tone: ({ state }) => STATE_TONES[state],
  },
  { title: "HEALTH", value: ({ health }) => health, tone: ({ health }) => HEALTH_TONES[health] },
  { title: "REV", value: ({ revision }) => String(revision ?? ""), align: "right" },
  { title: "TOOLS", value: (server) => String(server.tools), align: "right" },
  { title: "CALLS", value: ({ calls }) => showCount(calls), align: "right" },
  { title: "FAILED", value: ({ failures }) => showCount(failures), align: "right" },
  { title: "ORIGIN", value: ({ origin }) => origin },
  { title: "PUBLISHER", value: ({ publisher }) => publisherText(publisher), wide: true },
  { title: "DESCRIPTION", value: ({ description }) => description, shrinks: true },
];

function list(command: Command, invocation: Invocation): void {
  command
    .summary("list tools or tool servers")
    .description("List all tools, or with --servers the tool servers.")
    .option("--servers", "list tool servers with state, health and calls");
  examples(command, [
    ["caxton tool list", ""],
    ["caxton tool list --servers", "which servers there are, and how they are"],
    ["caxton tool list -o name", "names only, as definitions take them"],
  ]);
  act(command, invocation, {
    input: z.object({ servers: z.boolean().default(false) }),
    formats: LIST_FORMATS,
    run: async (context, input) => {
      const empty = "no tool servers are deployed";
      if (input.servers) {
        const found = await listUpTo(context.client, pagesOf(operations.toolServer.list, {}), SERVERS_MAX);
        const { items } = found.value;
        return showList(context, { raw: found.raw, items, columns: serverColumns, name: ({ name }) => name, empty });
      }
      const { raw, value } = await context.client.call(operations.tool.list, {});
      const rows = value.items.flatMap((server) => server.tools.map((each): ToolRow => ({ server, tool: each })));
      for (const { name, state, reason } of value.items) {
        if (state === "failed" || state === "quarantined")
          context.terminal.note(`${name} is ${state}: ${oneLine(reason)}`);
      }
      await showList(context, {
        raw,
        items: rows,
        columns: toolColumns,
        name: (row) => row.tool.id,
        empty,
        footer: `${countOf(rows.length, "tool")} in ${countOf(value.items.length, "server")}`,
      });
    },
  });
}

function get(command: Command, invocation: Invocation): void {
  command
    .summary("show a tool or a tool server")
    .description("Show the description and arguments of a tool, or the details and grants of a tool server.")
    .argument("<tool>", "server.tool, or a tool server");
  examples(command, [
    ["caxton tool get csv_parser.group", ""],
    ["caxton tool get csv_parser", "the server: state, health, grants, limits, calls"],
  ]);
  act(command, invocation, {
    input: z.object({ tool: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, input) => {
      const [server = "", ...rest] = input.tool.split(".");
      const name = rest.join(".");
      const { raw, value } = await context.client.call(operations.toolServer.get, { name: server });
      if (name === "") {
        return showOne(context, { raw, name: value.name, human: () => renderServer(value, context.terminal) });
      }
      const found = value.tools.find((each) => each.name === name);
      if (!found) {
        throw new ToolNotFoundError(
          `tool server "${server}" has no tool "${name}"`,
          `it has ${value.tools.map((each) => each.name).join(", ")}`,
          { server, tool: name },
        );
      }
      await showOne(context, { raw: found, name: found.id, human: () => renderTool(found, context.terminal) });
    },
  });
}
