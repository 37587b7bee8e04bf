import { act, type CommandMaker, examples } from "../frame/index.ts";
import { flagsOf, ServeInput, serveOptions } from "./serve-options.ts";
import { banner, noticeLines, runServer } from "./serve-session.ts";

/** `caxton serve` */
export const serve: CommandMaker = (command, invocation) => {
  serveOptions(command).description(
    "Run the server until Ctrl-C or SIGTERM. Running runs get server.shutdown_timeout to finish; unfinished runs resume at the next start. Changed definitions in the agents directory are deployed at startup.",
  );
  examples(command, [
    ["caxton serve", ""],
    ["caxton serve --port 9000 --data-dir /var/lib/caxton", ""],
    ["caxton serve -o json", "one line of JSON once it is ready, for programs"],
    ["OPENAI_API_KEY=... caxton serve", "with a language model"],
    ["caxton config schema", "show all settings of caxton.toml"],
  ]);
  act(command, invocation, {
    input: ServeInput,
    formats: ["text", "json"],
    run: async (context, input) => {
      const server = await import("../../server/index.ts");
      const loaded = server.loadConfig(flagsOf(input));
      return runServer({
        context,
        loaded,
        start: () => server.serve(loaded),
        onReady: (started, report) => {
          const { terminal } = context;
          if (context.format === "json") {
            const { url, dashboardUrl, fipaUrl, grpcUrl, setupToken } = started;
            const { definitions, tools, resumedRuns } = report;
            const ready = {
              url,
              dashboard_url: dashboardUrl ?? null,
              fipa_url: fipaUrl ?? null,
              grpc_url: grpcUrl ?? null,
              setup_token: setupToken ?? null,
              definitions,
              tools,
              resumed_runs: resumedRuns,
            };
            return terminal.write(`${JSON.stringify(ready)}\n`);
          }
          const agentsDirectory = loaded.config.agents.directory;
          terminal.write(banner(started, report, { context, agentsDirectory, watching: false }));
          for (const line of noticeLines(report.definitions, terminal.style))
            terminal.write(`${terminal.asCalled(line)}\n`);
        },
      });
    },
  });
};
