import type { Command } from "commander";
import * as z from "zod";
import { LOG_LEVELS } from "../../kernel/log.ts";
import type { Flags } from "../../server/index.ts";
import { wholeNumber } from "../frame/index.ts";

const PORT_MAX = 65_535;

/** What serve and dev take alike. */
export const ServeInput = z.object({
  host: z.string().optional(),
  port: z.number().optional(),
  dataDir: z.string().optional(),
  config: z.string().optional(),
  agents: z.string().optional(),
  logLevel: z.enum(LOG_LEVELS).optional(),
  ui: z.boolean(),
});
export type ServeInput = z.infer<typeof ServeInput>;

export const serveOptions = (command: Command): Command =>
  command
    .option("--host <address>", "address to listen on (CAXTON_HOST; default 127.0.0.1)")
    .addOption(
      command
        .createOption("-p, --port <port>", "port to listen on; 0 takes any free one (CAXTON_PORT; default 8080)")
        .argParser((text) => wholeNumber(text, 0, PORT_MAX)),
    )
    .option("--data-dir <directory>", "data directory (CAXTON_DATA_DIR; default ./.caxton)")
    .option("-c, --config <file>", "configuration file (CAXTON_CONFIG_PATH; default ./caxton.toml if present)")
    .option("--agents <directory>", "directory of definitions to deploy at startup (default ./agents)")
    .addOption(
      command.createOption("--log-level <level>", "log level (CAXTON_LOG_LEVEL; default info)").choices(LOG_LEVELS),
    )
    .option("--no-ui", "do not serve the dashboard");

/** The options as settings, those only that were given. */
export const flagsOf = (input: ServeInput): Flags => ({
  config: input.config,
  settings: {
    "server.host": input.host,
    "server.port": input.port,
    "data.directory": input.dataDir,
    "agents.directory": input.agents,
    "log.level": input.logLevel,
    "server.dashboard": input.ui ? undefined : false,
  },
});
