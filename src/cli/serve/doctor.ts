import * as z from "zod";
import { act, type CommandMaker, type Context, examples, showOne, toJson } from "../frame/index.ts";
import {
  checkAgents,
  checkCertificate,
  checkClock,
  checkDisk,
  checkInstallation,
  checkNode,
  checkPort,
  checkRights,
  type Finding,
} from "./doctor-machine.ts";
import { checkConfinement } from "./doctor-sandbox.ts";
import { checkServer } from "./doctor-server.ts";
import { oneLine, renderFields, type Terminal, type Tone } from "../terminal/index.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import type { LoadedConfig } from "../../server/index.ts";

const TONES: { readonly [State in Finding["state"]]: Tone } = { ok: "green", warn: "yellow", fail: "red" };
const MARKS: { readonly [State in Finding["state"]]: string } = { ok: "● ok  ", warn: "! warn", fail: "✗ fail" };

/** `caxton doctor` */
export const doctor: CommandMaker = (command, invocation) => {
  command
    .description(
      "Check this machine, the configuration, the definitions and, if one is running, the server, with a hint for each problem. Exits with 1 if a check fails; warnings are no failures.",
    )
    .option("-c, --config <file>", "configuration file (CAXTON_CONFIG_PATH)")
    .option("--repair", "remove the rights of other users from the data directory");
  examples(command, [
    ["caxton doctor", ""],
    ["caxton doctor --repair", ""],
    ["caxton doctor -o json", "for a bug report"],
  ]);
  act(command, invocation, {
    input: z.object({ config: z.string().optional(), repair: z.boolean().default(false) }),
    formats: ["table", "json", "yaml"],
    run: async (context, input) => {
      context.terminal.status("checking");
      const findings = await examine(context, input);
      context.terminal.status(undefined);
      await showOne(context, {
        raw: toJson({ items: findings, next: null }),
        name: "",
        human: () =>
          renderFields(
            findings.map((finding) => field(finding, context.terminal)),
            context.terminal,
          ),
      });
      return findings.some(({ state }) => state === "fail") ? 1 : 0;
    },
  });
};

const field = ({ check, state, note, fix }: Finding, terminal: Terminal): [string, string] => [
  `${terminal.style(TONES[state], MARKS[state])}  ${check}`,
  oneLine(note) + (fix === "" ? "" : `\n→ ${terminal.asCalled(oneLine(fix))}`),
];

async function examine(
  context: Context,
  { config: file, repair }: { readonly config?: string | undefined; readonly repair: boolean },
): Promise<Finding[]> {
  const findings: Finding[] = [checkNode(), checkInstallation()];
  const server = await import("../../server/index.ts");
  let loaded: LoadedConfig | undefined;
  try {
    loaded = server.loadConfig({ config: file });
    findings.push({
      check: "configuration",
      state: "ok",
      note: loaded.file ?? "defaults; there is no caxton.toml",
      fix: "",
    });
    findings.push(
      ...loaded.warnings.map((note): Finding => ({ check: "configuration", state: "warn", note, fix: "" })),
    );
  } catch (error) {
    if (!(error instanceof CaxtonError)) throw error;
    findings.push({ check: "configuration", state: "fail", note: error.message, fix: error.hint });
  }
  const found = await checkServer(context);
  if (loaded) {
    const { config, environment } = loaded;
    findings.push(
      ...checkDisk(config.data.directory),
      ...checkRights(config.data.directory, repair),
      ...checkCertificate(config.server.tls, server),
      await checkPort(
        config.server.host,
        config.server.port,
        found.answers && portOf(context.client.server) === config.server.port,
      ),
      await checkAgents(await server.definitionFiles(config.agents.directory)),
    );
    findings.push(await checkConfinement(config.sandbox, server.probeConfinement));
    if (!found.answers) findings.push(checkKeys(environment, config.models.default));
  }
  return [...findings, checkClock(), ...found.findings];
}

const portOf = ({ port, protocol }: URL): number => Number(port || (protocol === "https:" ? 443 : 80));

/** Without a server to ask: whether a key of a model provider is set. */
function checkKeys(environment: LoadedConfig["environment"], standard: string | undefined): Finding {
  const keys = Object.keys(environment).filter((name) => name.endsWith("_API_KEY") && environment[name]);
  if (keys.length > 0) return { check: "models", state: "ok", note: `set: ${keys.join(", ")}`, fix: "" };
  if (standard !== undefined) return { check: "models", state: "ok", note: `the default is ${standard}`, fix: "" };
  return {
    check: "models",
    state: "warn",
    note: "no key of a model provider is set; the built-in mock model answers",
    fix: "set a provider's key such as OPENAI_API_KEY or ANTHROPIC_API_KEY, or models.default in caxton.toml",
  };
}
