import { existsSync, mkdirSync } from "node:fs";
import type { FileDeployment, LoadedConfig, ToolDeployment } from "../../server/index.ts";
import { act, type CommandMaker, type Context, examples } from "../frame/index.ts";
import { flagsOf, ServeInput, serveOptions } from "./serve-options.ts";
import { banner, problemsOf, noticeLines, runServer, shortPath } from "./serve-session.ts";
import { countOf, safeText, showSpan } from "../terminal/index.ts";

/** `caxton dev` */
export const dev: CommandMaker = (command, invocation) => {
  serveOptions(command).description(
    "Run a server that redeploys an agent when its file is saved, and a tool server when its module in the tools directory is built. A file with an error changes nothing: the agent keeps its last good revision, and the error is shown with its line. If there is no agents directory, the definitions in the current directory are used.",
  );
  examples(command, [
    ["caxton init hello && cd hello && caxton dev", "the first minute"],
    ["caxton dev --agents examples", "definitions from another directory"],
    ["OPENAI_API_KEY=... caxton dev", "with a language model"],
  ]);
  act(command, invocation, {
    input: ServeInput,
    formats: ["text"],
    run: async (context, input) => {
      const server = await import("../../server/index.ts");
      const load = (more: Partial<ServeInput>) => server.loadConfig(flagsOf({ logLevel: "warn", ...input, ...more }));
      const configured = load({});
      const loaded = lacksAgents(configured) ? load({ agents: "." }) : configured;
      const { directory } = loaded.config.agents;
      mkdirSync(directory, { recursive: true });
      const { terminal } = context;
      return runServer({
        context,
        loaded,
        start: () =>
          server.serve(loaded, {
            onDefinition: (deployment) => printChange(context, deployment),
            onTool: (deployment) => printTool(context, deployment),
          }),
        onReady: (started, report) => {
          terminal.write(banner(started, report, { context, agentsDirectory: directory, watching: true }));
          for (const line of noticeLines(report.definitions, terminal.style))
            terminal.write(`${terminal.asCalled(line)}\n`);
        },
      });
    },
  });
};

const lacksAgents = ({ config, origins }: LoadedConfig): boolean =>
  origins["agents.directory"] === "default" && !existsSync(config.agents.directory);

/** One line on a file that was saved, and what is wrong with it if something is. */
function printChange({ terminal }: Context, deployment: FileDeployment): void {
  const { style } = terminal;
  const at = style("dim", new Date().toTimeString().slice(0, 8));
  const file = shortPath(deployment.file);
  if (deployment.type === "refused") {
    const [first = "", ...rest] = problemsOf(deployment).flatMap((problem) => problem.split("\n"));
    terminal.write(`  ${at} ${style("red", "✗")} ${first}\n`);
    for (const line of rest) terminal.write(`      ${line}\n`);
    terminal.write(`      ${style("dim", "not deployed; the revision before stays")}\n`);
    return;
  }
  if (deployment.type === "kept") return;
  const what = { created: "added", updated: "changed", unchanged: "is as deployed again" }[deployment.type];
  const done = `revision ${deployment.revision} of ${deployment.agent} deployed in ${showSpan(deployment.durationMs)}`;
  terminal.write(`  ${at} ${style("green", "↻")} ${file} ${what} → ${done}\n`);
  for (const warning of deployment.warnings)
    terminal.write(`      ${safeText(warning).split("\n").join("\n      ")}\n`);
}

/** One line on a tool server whose files were written. */
function printTool({ terminal }: Context, deployment: ToolDeployment): void {
  const { style } = terminal;
  const at = style("dim", new Date().toTimeString().slice(0, 8));
  const { name } = deployment;
  switch (deployment.type) {
    case "deployed":
      return terminal.write(
        `  ${at} ${style("green", "↻")} tool server ${name} deployed, ${countOf(deployment.tools, "tool")}\n`,
      );
    case "pending":
      return terminal.write(`  ${at} ${style("yellow", "!")} tool server ${name} waits: caxton tool diff ${name}\n`);
    case "failed":
    case "missing":
      return terminal.write(`  ${at} ${style("red", "✗")} tool server ${name}: ${safeText(deployment.reason)}\n`);
    case "disabled":
      return terminal.write(`  ${at} ${style("dim", "·")} tool server ${name} is disabled\n`);
  }
}
