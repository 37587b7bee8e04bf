import type { AgentsOptions } from "../../agents/index.ts";
import { type Limits, limitsOf } from "../../agents/budgets/index.ts";
import { DEFAULT_WORKSPACE } from "../../access/index.ts";
import type { LoadedConfig } from "../config/index.ts";

/** The limits of `budgets.*` by level. */
type ConfiguredLimits = { readonly [Level in "run" | "agent" | "workspace" | "day"]: Limits };

/** Returns the limits of `budgets.*`, each with the place that set it. */
export function configuredLimits({ config, origins, file }: LoadedConfig): ConfiguredLimits {
  const originOf = (key: string): string => {
    const table = key.slice(0, key.lastIndexOf("."));
    const origin = origins[key] ?? origins[table];
    return origin === undefined || origin === "flag" ? (file ?? "the configuration") : origin;
  };
  const { run, agent, workspace, day } = config.budgets;
  return {
    run: limitsOf(run, { name: "budgets.run", per: "run" }, originOf),
    agent: limitsOf(agent, { name: "budgets.agent", per: "day" }, originOf),
    workspace: limitsOf(workspace, { name: "budgets.workspace", per: "day" }, originOf),
    day: limitsOf(day, { name: "budgets.day", per: "day" }, originOf),
  };
}

export function agentsOptions(loaded: LoadedConfig): AgentsOptions {
  const { agents, budgets, models } = loaded.config;
  const { workspace, day } = configuredLimits(loaded);
  return {
    workspace: DEFAULT_WORKSPACE,
    directory: agents.directory,
    budgets: { workspace, day, waitMs: budgets.wait },
    timeZone: budgets.time_zone,
    pricesFile: models.prices_file,
    localProviders: localProviders(loaded),
  };
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Returns the providers at an address of this machine, such as Ollama under OPENAI_BASE_URL. The price of a gateway is unknown. */
const localProviders = ({ environment }: LoadedConfig): readonly string[] =>
  Object.entries(environment).flatMap(([name, address = ""]) => {
    const isLocal = name.endsWith("_BASE_URL") && LOOPBACK.test(URL.parse(address)?.hostname ?? "");
    return isLocal ? [name.slice(0, -"_BASE_URL".length).toLowerCase()] : [];
  });
