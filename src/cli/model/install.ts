import type { Command } from "commander";
import * as z from "zod";
import { act, examples, type Invocation } from "../frame/index.ts";
import { oneLine, progressBar, showBytes } from "../terminal/index.ts";

/** `caxton model install` */
export function modelInstall(command: Command, invocation: Invocation): void {
  command
    .summary("install an embedding model for memory")
    .description(
      'Download all-MiniLM-L6-v2 (91 MB), verify it, and store it in 23 MB in the data directory. Needs no server. Repeat the command to resume an interrupted download. To use the model for memory, set embedding = "all-minilm-l6-v2" under [models.roles] of caxton.toml.',
    )
    .addArgument(command.createArgument("<model>", "which").choices(["all-minilm-l6-v2"]))
    .option("--from <url|path>", "source URL, or model.safetensors on this machine")
    .option("-c, --config <file>", "configuration file (CAXTON_CONFIG_PATH)");
  examples(command, [
    ["caxton model install all-minilm-l6-v2", ""],
    ["caxton model install all-minilm-l6-v2 --from ./model.safetensors", "on a machine without network"],
    ["caxton model test all-minilm-l6-v2", "whether the server can use it"],
  ]);
  act(command, invocation, {
    input: z.object({
      model: z.string(),
      from: z.string().optional(),
      config: z.string().optional(),
    }),
    formats: ["text", "json"],
    run: async (context, { model, from, config }) => {
      const { terminal } = context;
      const { installModel, loadConfig } = await import("../../server/index.ts");
      const stop = new AbortController();
      const interrupt = (): void => stop.abort();
      process.once("SIGINT", interrupt);
      try {
        const installed = await installModel(loadConfig({ config }), {
          from,
          signal: stop.signal,
          onProgress: (done, total) => terminal.status(progressBar(model, done, total)),
        });
        terminal.status(undefined);
        const { file, bytes, wasThere } = installed;
        if (context.format === "json")
          terminal.write(`${JSON.stringify({ model, file, bytes, was_there: wasThere })}\n`);
        else {
          const what = wasThere ? "is installed already" : "installed";
          terminal.write(`${model} ${what}: ${oneLine(file)}, ${showBytes(bytes)}\n`);
          terminal.write(`memory uses it with [models.roles] embedding = "${model}" in caxton.toml\n`);
        }
      } finally {
        terminal.status(undefined);
        process.off("SIGINT", interrupt);
      }
    },
  });
}
