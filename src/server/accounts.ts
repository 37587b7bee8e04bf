import {
  Budgets,
  Calendar,
  type Limits,
  limitsOf,
  PriceTable,
  readPriceFile,
  type SpendStore,
} from "../agents/budgets/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Accounts } from "../runs/index.ts";
import type { LoadedConfig } from "./config/index.ts";

/** What the configuration limits, level by level. */
export type ConfiguredLimits = { readonly [Level in "run" | "agent" | "workspace" | "day"]: Limits };

/** The limits of `budgets.*`, each with the place that set it. */
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

/** What runs are charged by, as configured. Throws PricesInvalidError. */
export function openAccounts(
  loaded: LoadedConfig,
  { store, clock, limits }: { readonly store: SpendStore; readonly clock: Clock; readonly limits: ConfiguredLimits },
): Accounts {
  const { config } = loaded;
  const { time_zone: timeZone, unknown_price: unknownPrice, output_tokens: outputTokensMax, wait } = config.budgets;
  const { prices_file: file } = config.models;
  const budgets = new Budgets(
    { store, clock, calendar: new Calendar(timeZone) },
    { workspace: limits.workspace, day: limits.day, waitMs: wait },
  );
  const prices = new PriceTable(file === undefined ? undefined : readPriceFile(file), localProviders(loaded));
  return { budgets, prices, unknownPrice, outputTokensMax };
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Vendors that are asked at an address of this machine, such as Ollama under OPENAI_BASE_URL. What a gateway costs is not known. */
const localProviders = ({ environment }: LoadedConfig): readonly string[] =>
  Object.entries(environment).flatMap(([name, address = ""]) => {
    const isLocal = name.endsWith("_BASE_URL") && LOOPBACK.test(URL.parse(address)?.hostname ?? "");
    return isLocal ? [name.slice(0, -"_BASE_URL".length).toLowerCase()] : [];
  });
