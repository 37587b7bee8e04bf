import { existsSync } from "node:fs";
import type { Command } from "commander";
import * as z from "zod";
import { type Json, Json as AnyJson } from "../kernel/json.ts";
import type { LoadedConfig } from "../server/index.ts";
import { act, type CommandMaker, examples, type Invocation, showDocument, showList, toJson } from "./frame/index.ts";

const file = { config: z.string().optional() };
const loadServer = () => import("../server/index.ts");

/** `caxton config` */
export const config: CommandMaker = (command, invocation) => {
  command.description(
    "View and validate the configuration. Flags override CAXTON_ variables, which override the configuration file, which overrides defaults.",
  );
  examples(command, [
    ["caxton config view --origin", "every setting, and what set it"],
    ["CAXTON_RUNS__CONCURRENT_MAX=8 caxton serve", "any setting as a variable: CAXTON_<TABLE>__<KEY>"],
  ]);
  view(command.command("view").alias("show"), invocation);
  validate(command.command("validate"), invocation);
  schema(command.command("schema"), invocation);
  path(command.command("path"), invocation);
};

const configOption = (command: Command): Command =>
  command.option("-c, --config <file>", "configuration file (CAXTON_CONFIG_PATH)");

type Setting = { readonly name: string; readonly value: Json; readonly origin: string };

function view(command: Command, invocation: Invocation): void {
  configOption(command)
    .summary("show the effective settings")
    .description("Show the settings of a server started in this directory.")
    .option("--origin", "show the origin of each setting");
  examples(command, [
    ["caxton config view", ""],
    ["caxton config view --origin", "flag, variable, file with line, or default"],
    ["caxton config view -o json", ""],
  ]);
  act(command, invocation, {
    input: z.object({ ...file, origin: z.boolean().default(false) }),
    formats: ["table", "json", "yaml", "name"],
    run: async (context, input) => {
      const { loadConfig } = await loadServer();
      const loaded = loadConfig({ config: input.config });
      for (const warning of loaded.warnings) context.terminal.note(`warning: ${warning}`);
      const items = settingsOf(loaded);
      await showList(context, {
        raw: toJson({
          config: loaded.config,
          ...(input.origin && { origins: loaded.origins }),
          file: loaded.file ?? null,
        }),
        items,
        columns: [
          { title: "SETTING", value: ({ name }) => name },
          { title: "VALUE", value: ({ value }) => (typeof value === "string" ? value : JSON.stringify(value)) },
          ...(input.origin
            ? [
                {
                  title: "FROM",
                  value: ({ origin }: Setting) => origin,
                  tone: ({ origin }: Setting) => (origin === "default" ? ("dim" as const) : ("cyan" as const)),
                },
              ]
            : []),
        ],
        name: ({ name }) => name,
        empty: "there are no settings",
        footer:
          loaded.file === undefined
            ? "no configuration file; list the searched paths with: caxton config path"
            : loaded.file,
      });
    },
  });
}

function settingsOf({ config: settings, origins }: LoadedConfig): readonly Setting[] {
  return Object.entries(origins)
    .map(([name, origin]) => {
      let value: unknown = settings;
      for (const part of name.split(".")) value = memberOf(value, part);
      return { name, value: AnyJson.safeParse(value).data ?? null, origin };
    })
    .toSorted((one, other) => one.name.localeCompare(other.name));
}

const memberOf = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? new Map(Object.entries(value)).get(key) : undefined;

function validate(command: Command, invocation: Invocation): void {
  configOption(command)
    .summary("check the configuration")
    .description(
      "Check the configuration file, the CAXTON_ variables and their combination. Exits with 6 if there is a problem.",
    );
  examples(command, [
    ["caxton config validate", ""],
    ["caxton config validate --config deploy/caxton.toml", ""],
  ]);
  act(command, invocation, {
    input: z.object(file),
    formats: ["table"],
    run: async ({ terminal }, input) => {
      const { loadConfig } = await loadServer();
      const loaded = loadConfig({ config: input.config });
      for (const warning of loaded.warnings)
        terminal.complain(`${terminal.noteStyle("yellow", "warning:")} ${warning}`);
      const set = Object.values(loaded.origins).filter((origin) => origin !== "default").length;
      terminal.write(
        `${terminal.style("green", "valid")}  ${loaded.file ?? "no file, only defaults and variables"}  ${set} set\n`,
      );
    },
  });
}

function schema(command: Command, invocation: Invocation): void {
  command
    .summary("print the JSON Schema of caxton.toml")
    .description("Print the JSON Schema of caxton.toml: every setting with its type, default and meaning.");
  examples(command, [
    ["caxton config schema", ""],
    ["caxton config schema > config.v1.json", "for editors"],
  ]);
  act(command, invocation, {
    input: z.object({}),
    formats: ["json", "yaml"],
    run: async (context) => {
      const { configSchema } = await loadServer();
      await showDocument(context, toJson(configSchema()));
    },
  });
}

function path(command: Command, invocation: Invocation): void {
  configOption(command)
    .summary("print the path of the configuration file")
    .description("Print the configuration file in use. If there is none, print the searched paths on standard error.");
  examples(command, [["caxton config path", ""]]);
  act(command, invocation, {
    input: z.object(file),
    formats: ["table", "name"],
    run: async ({ terminal }, input) => {
      const { loadConfig, configPlaces } = await loadServer();
      const loaded = loadConfig({ config: input.config });
      if (loaded.file !== undefined) return terminal.write(`${loaded.file}\n`);
      terminal.note("no configuration file; the first of these that exists is read:");
      for (const place of configPlaces(loaded.environment, process.cwd())) {
        terminal.note(`  ${place}${existsSync(place) ? "" : terminal.noteStyle("dim", "  not there")}`);
      }
    },
  });
}
