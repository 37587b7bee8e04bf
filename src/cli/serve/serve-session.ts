import { relative } from "node:path";
import type { FileDeployment, LoadedConfig, ReadyReport, Started } from "../../server/index.ts";
import { DEFAULT_WORKSPACE } from "../../kernel/rights/default-workspace.ts";
import { writeServerFile } from "../../kernel/local-server.ts";
import { packageVersion } from "../../kernel/package.ts";
import type { Context } from "../frame/index.ts";
import { countOf, safeText, showSpan, type Style } from "../terminal/index.ts";

const SAME_PRESS_MS = 150;
const EXIT_INTERRUPTED = 130;
// What takes longer than this without a word seems to hang.
const SILENT_MS_MAX = 1_000;

/** Until when a server runs: resolves with its exit code at the first SIGINT, SIGTERM or SIGHUP. A second one ends the process at once. */
export function untilStopped(): { readonly stopped: Promise<number> } & Disposable {
  const { promise, resolve } = Promise.withResolvers<number>();
  let firstAtMs: number | undefined;
  const listener = (signal: NodeJS.Signals) => {
    if (firstAtMs === undefined) {
      firstAtMs = performance.now();
      resolve(signal === "SIGINT" ? EXIT_INTERRUPTED : 0);
    } else if (performance.now() - firstAtMs > SAME_PRESS_MS) {
      dispose();
      process.kill(process.pid, signal);
    }
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const dispose = () => {
    for (const signal of signals) process.off(signal, listener);
  };
  for (const signal of signals) process.on(signal, listener);
  return { stopped: promise, [Symbol.dispose]: dispose };
}

export type Session = {
  readonly context: Context;
  readonly loaded: LoadedConfig;
  /** `serve` of the server's door, loaded when it is needed. */
  readonly start: () => Promise<Started>;
  /** Said once, when everything is deployed. */
  readonly onReady: (started: Started, report: ReadyReport) => void;
};

/** Runs a server until it is stopped, lets its runs finish, and returns the exit code. */
export async function runServer({ context, loaded, start, onReady }: Session): Promise<number> {
  const { terminal } = context;
  using signals = untilStopped();
  for (const warning of loaded.warnings) terminal.complain(`${terminal.noteStyle("yellow", "warning:")} ${warning}`);
  await using started = await start();
  using cleanup = new DisposableStack();
  const { data, server } = loaded.config;
  cleanup.defer(writeServerFile(data.directory, started.url, server.tls?.certificate));
  const soon = setTimeout(() => {
    terminal.note(`${started.url} answers; tool servers are being prepared, which takes a while the first time`);
  }, SILENT_MS_MAX);
  cleanup.defer(() => clearTimeout(soon));
  const report = await Promise.race([started.ready, signals.stopped]);
  clearTimeout(soon);
  if (typeof report !== "number") onReady(started, report);
  const code = await signals.stopped;
  const active = started.caxton.storage.journal.counts("default").running;
  const what =
    active > 0 ? `; ${countOf(active, "run")} may finish first; unfinished runs resume at the next start` : "";
  terminal.note(`stopping${what}  (Ctrl-C again: at once)`);
  return code;
}

/** The first lines of a server: where it is, what it has, what it thinks with. */
export function banner(
  started: Started,
  report: ReadyReport,
  { context, agentsDirectory, watching }: BannerOptions,
): string {
  const { style } = context.terminal;
  const { models } = started.caxton.models;
  const model = models.defaultModel(started.workspace);
  const note = models.providers(started.workspace).find(({ name }) => name === providerOf(model))?.note ?? "";
  const directory = relative(process.cwd(), agentsDirectory) || ".";
  const lines: [string, string][] = [
    [
      "Dashboard",
      started.dashboardUrl === undefined ? style("dim", "not served") : style("cyan", started.dashboardUrl),
    ],
    ["API", style("cyan", `${started.url}/api/v1`)],
    ...urlLine("FIPA", started.fipaUrl, style),
    ...urlLine("gRPC", started.grpcUrl, style),
    ...setupLine(started),
    [
      "Agents",
      `${agentList(report.definitions, style)}  ${style("dim", `(${watching ? "watching " : ""}${directory})`)}`,
    ],
    ["Tools", toolCounts(started, report, style)],
    ["Model", `${model}  ${style("dim", note === "" ? "" : `(${note})`)}`],
  ];
  if (report.resumedRuns > 0)
    lines.push([
      "Runs",
      `${countOf(report.resumedRuns, "run")} that had not ended ${report.resumedRuns === 1 ? "goes" : "go"} on`,
    ]);
  const head = `  ${style("bold", `Caxton ${packageVersion()}`)}   ready in ${showSpan(performance.now())}`;
  const width = Math.max(...lines.map(([label]) => label.length));
  const body = lines.map(([label, value]) => `  ${style("dim", label.padEnd(width))}  ${value}`.trimEnd());
  return `\n${[head, ...body].join("\n")}\n\n`;
}

const urlLine = (
  label: string,
  url: string | undefined,
  style: BannerOptions["context"]["terminal"]["style"],
): [string, string][] => (url === undefined ? [] : [[label, style("cyan", url)]]);

/** How the first administrator logs in. */
const setupLine = ({ setupToken, url, dashboardUrl }: Started): [string, string][] => {
  if (setupToken === undefined) return [];
  const command: [string, string] = ["Setup", `caxton login ${url} --token ${setupToken}`];
  return dashboardUrl === undefined ? [command] : [command, ["", `${dashboardUrl}setup#${setupToken}`]];
};

/** The provider in `provider/model`. */
const providerOf = (model: string): string => model.split("/")[0] ?? model;

export type BannerOptions = { readonly context: Context; readonly agentsDirectory: string; readonly watching: boolean };

function agentList(definitions: readonly FileDeployment[], style: Style): string {
  if (definitions.length === 0) return "none";
  return definitions
    .map((each) =>
      each.type === "refused" ? `${shortPath(each.file)} ${style("red", "✗")}` : `${each.agent} ${style("green", "●")}`,
    )
    .join("  ");
}

function toolCounts({ caxton }: Started, { tools }: ReadyReport, style: Style): string {
  const said = tools.flatMap(({ type, name }) => {
    if (type === "failed") return [style("red", `${name} failed`)];
    if (type === "missing") return [style("yellow", `${name} is configured and not there`)];
    return type === "pending" ? [style("yellow", `${name} changed: caxton tool diff ${name}`)] : [];
  });
  return [countOf(caxton.tools.catalogue.of(DEFAULT_WORKSPACE).servers().length, "server"), ...said].join(", ");
}

/** Lines on the definitions that were not deployed: refused ones, and those whose agent was deployed from elsewhere. */
export const noticeLines = (definitions: readonly FileDeployment[], style: Style): string[] =>
  definitions.flatMap((each) => {
    if (each.type === "refused") return problemsOf(each).map((problem) => `${style("red", "✗")} ${indented(problem)}`);
    return each.type === "kept" ? [`${style("yellow", "!")} ${keptText(each)}`] : [];
  });

/** A file that a start leaves aside, and how to choose between it and the revision. */
function keptText({ file, agent, revision }: Extract<FileDeployment, { type: "kept" }>): string {
  const path = shortPath(file);
  return (
    `${path} differs from revision ${revision} of ${agent}, which was deployed from elsewhere and stays\n` +
    `    deploy the file: caxton agent deploy ${path}\n` +
    `    write the revision to it: caxton agent get ${agent} --source > ${path}`
  );
}

/** What is wrong with a file, its path as short as it can be from here. */
export const problemsOf = ({ file, problems }: Extract<FileDeployment, { type: "refused" }>): string[] =>
  problems.map((problem) => safeText(problem).replaceAll(file, shortPath(file)));

export const shortPath = (path: string): string => {
  const near = relative(process.cwd(), path);
  return near.startsWith("..") ? path : near;
};

const indented = (text: string): string => text.split("\n").join("\n    ");
