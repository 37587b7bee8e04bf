import * as z from "zod";
import {
  type ModelCondition,
  operations,
  DOCUMENTS,
  type RunSummary,
  type Status,
  system,
} from "../../api/contract/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import { act, type CommandMaker, type Context, examples, shortRunId, showOne } from "../frame/index.ts";
import {
  countOf,
  oneLine,
  renderFields,
  showAge,
  showBytes,
  showCount,
  showSpan,
  type Style,
  truncate,
} from "../terminal/index.ts";

const FAILURES_SHOWN = 3;
const FAILURE_CHARS_MAX = 80;

/** `caxton status` */
export const status: CommandMaker = (command, invocation) => {
  command.description("Show server status: deployed agents, runs, available models and recent failures.");
  examples(command, [
    ["caxton status", ""],
    ["caxton status -o json", "as one document"],
  ]);
  act(command, invocation, {
    input: z.object({}),
    formats: ["table", "json", "yaml"],
    run: async (context) => {
      const { raw, value } = await context.client.call(operations.server.status, {});
      const local =
        context.format === "table" && value.default_model === "mock" ? await localModel(context) : undefined;
      const failures = context.format === "table" && value.runs.failed > 0 ? await lastFailures(context) : [];
      const broken = context.format === "table" ? await brokenParts(context) : [];
      await showOne(context, {
        raw,
        name: value.version,
        human: () => renderStatus(value, { failures, local, broken }, context),
      });
    },
  });
};

/** A model that a server on this machine has, when no other is configured: the first step to a real one. */
async function localModel({ client }: Context): Promise<string | undefined> {
  const { value } = await client.call(operations.model.list, { discover: "true" });
  return value.local.flatMap((server) => server.models.map(({ id }) => id))[0];
}

/** What keeps the server from serving requests, such as a lost database. */
async function brokenParts({ client, terminal }: Context): Promise<readonly string[]> {
  const { value } = await client.request({ path: DOCUMENTS.ready, schema: system.Ready, accepts: [503] });
  return Object.entries(value.checks).flatMap(([part, { ok, note }]) =>
    ok ? [] : [`${terminal.style("red", "✗")} ${part}  ${oneLine(note)}`],
  );
}

async function lastFailures({ client }: Context): Promise<readonly RunSummary[]> {
  const { value } = await client.call(operations.run.list, { state: "failed", limit: FAILURES_SHOWN });
  return value.items;
}

type Found = {
  readonly failures: readonly RunSummary[];
  readonly local: string | undefined;
  readonly broken: readonly string[];
};

/** Nothing for a key of single workspaces. */
function dataLine({ data_directory: directory, data_bytes: bytes, memory_bytes: memory }: Status): [string, string][] {
  if (directory === null || bytes === null || memory === null) return [];
  return [["Data", `${directory}   ${showBytes(bytes)}   memory ${showBytes(memory)}`]];
}

function renderStatus(found: Status, { failures, local, broken }: Found, { client, terminal }: Context): string {
  const { style } = terminal;
  const fields: [string, string][] = [
    [
      "Server",
      `${style("green", "up")} ${showSpan(found.uptime_ms)}   ${client.server.origin}   version ${found.version}   node ${found.node_version}`,
    ],
    ...(broken.length === 0 ? [] : [["Not ready", broken.join("\n")] satisfies [string, string]]),
    ...dataLine(found),
    [
      "Agents",
      found.agents === 0
        ? terminal.asCalled("none; deploy one with: caxton agent deploy <file>")
        : `${found.agents} deployed`,
    ],
    ["Runs", runCounts(found.runs, style)],
    ["Tools", toolServers(found.tool_servers, style)],
    ["Memory", memoryLine(found.memory, style)],
    ["Model", [`${found.default_model} unless a definition names another`, ...localHint(local)].join("\n")],
    [
      "Providers",
      found.models.map(({ provider, ready, note }) => providerLine(provider, ready, note, style)).join("\n"),
    ],
  ];
  const traffic = found.model_traffic.flatMap((condition) => trafficLine(condition, style));
  if (traffic.length > 0) fields.push(["Traffic", traffic.join("\n")]);
  if (failures.length > 0) fields.push(["Failed", failures.map((run) => failureLine(run)).join("\n")]);
  const next = nextStep(found);
  if (next !== "") fields.push(["Next", terminal.asCalled(next)]);
  return renderFields(fields, terminal);
}

const localHint = (model: string | undefined): readonly string[] =>
  model === undefined
    ? []
    : [`Ollama answers on this machine: write models.default = "${oneLine(model)}" in caxton.toml`];

function runCounts(counts: Status["runs"], style: Style): string {
  const { needs_decision: waiting, awaiting_approval: asking, awaiting_reply: talking } = counts;
  return [
    `${showCount(counts.running)} running`,
    `${showCount(counts.queued)} queued`,
    `${showCount(counts.completed)} completed`,
    counts.failed > 0 ? style("red", `${showCount(counts.failed)} failed`) : "0 failed",
    `${showCount(counts.cancelled)} cancelled`,
    ...(talking > 0 ? [`${showCount(talking)} waiting for another agent`] : []),
    ...(asking > 0 ? [style("yellow", `${showCount(asking)} waiting for an answer`)] : []),
    ...(waiting > 0 ? [style("yellow", `${showCount(waiting)} waiting for a decision`)] : []),
  ].join(", ");
}

function toolServers(servers: Status["tool_servers"], style: Style): string {
  if (servers.length === 0) return "none";
  const broken = servers.filter(({ state }) => state === "failed" || state === "quarantined");
  const tools = servers.reduce((sum, server) => sum + server.tools, 0);
  const bad = broken.map(({ name, state }) => style("red", `${name} ${state}`));
  return [`${countOf(tools, "tool")} in ${countOf(servers.length, "server")}`, ...bad].join(", ");
}

function memoryLine({ backend, ready, note, limits }: Status["memory"], style: Style): string {
  const near = limits.filter((limit) => limit.near).map(({ what, used, max }) => `${used} of ${max} ${what}`);
  const full = near.length === 0 ? "" : style("yellow", `  nearly full: ${near.join(", ")}`);
  return `${ready ? style("green", "●") : style("red", "○")} ${oneLine(backend)}  ${style("dim", oneLine(note))}${full}`;
}

const providerLine = (provider: string, ready: boolean, note: string, style: Style): string =>
  `${ready ? style("green", "●") : style("dim", "○")} ${provider}  ${style("dim", oneLine(note))}`;

/** Only models that are not in normal operation. */
function trafficLine(condition: ModelCondition, style: Style): readonly string[] {
  const { model, account, circuit, retry_in_ms: retryMs, waiting, paused_ms: pausedMs } = condition;
  const said = [
    ...(circuit === "closed"
      ? []
      : [style("red", circuit === "open" ? `circuit open for ${showSpan(retryMs)}` : "on trial")]),
    ...(waiting > 0 ? [style("yellow", `${countOf(waiting, "request")} waiting`)] : []),
    ...(pausedMs > 0 ? [style("yellow", `paused for ${showSpan(pausedMs)}`)] : []),
  ];
  return said.length === 0 ? [] : [`${model}${account === "" ? "" : ` (key ${account})`}  ${said.join(", ")}`];
}

const failureLine = (run: RunSummary): string =>
  `${shortRunId(run.id)}  ${run.agent}  ${showAge(Date.parse(run.created_at), systemClock.nowMs())} ago  ` +
  truncate(oneLine(run.failure?.message ?? ""), FAILURE_CHARS_MAX);

function nextStep({ runs: counts, agents, tool_servers: servers }: Status): string {
  if (counts.needs_decision > 0) return "caxton run list --state needs-decision";
  if (counts.awaiting_choice > 0) return "caxton run list --state awaiting-choice";
  if (counts.awaiting_approval > 0) return "caxton approval list";
  const broken = servers.find(({ state }) => state === "failed" || state === "quarantined");
  if (broken) return `caxton tool get ${broken.name}`;
  if (agents === 0) return "caxton init my-first";
  return counts.failed > 0 ? "caxton run list --state failed" : "";
}
