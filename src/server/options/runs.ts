import { MODEL_VARIABLES } from "../../models/vendors/index.ts";
import type { Environment } from "../../text/references/index.ts";
import type { RunsOptions } from "../../runs/index.ts";
import { type Config, isReferable, type LoadedConfig } from "../config/index.ts";
import { configuredLimits } from "./agents.ts";
import { secretsDirectories } from "./models.ts";

export function runsOptions(loaded: LoadedConfig, workspaces?: RunsOptions["queue"]["workspaces"]): RunsOptions {
  const { runs, models, permissions, budgets, messages, context, limits } = loaded.config;
  const { workers } = runs;
  return {
    queue: {
      concurrentMax: runs.concurrent_max,
      queuedMax: runs.queued_max,
      retry: { attemptsMax: runs.model_attempts, totalMs: runs.model_retry_total },
      choiceTimeoutMs: runs.choice_timeout,
      pauseUntilResumed: true,
      workspaces,
    },
    workers: {
      warm: workers.warm,
      max: workers.max,
      memoryMib: Math.ceil(workers.memory / 1024 ** 2),
      unresponsiveAfterMs: workers.unresponsive_after,
      idleMs: workers.idle,
    },
    plans: {
      environment: definitionEnvironment(loaded),
      runTimeoutMs: runs.timeout,
      modelTimeoutMs: models.timeout,
      isolation: runs.isolation,
      permissions: {
        server: {
          deny: permissions.deny,
          allow: permissions.allow,
          ask: permissions.ask,
          askDestructive: permissions.ask_destructive,
        },
        expiresMs: permissions.expires,
        onExpiry: permissions.on_expiry,
        approvers: permissions.approvers,
      },
      budget: configuredLimits(loaded),
      care: { context, limits },
      secretsDirectories: secretsDirectories(loaded),
    },
    kept: keptRuns(loaded.config),
    spending: { unknownPrice: budgets.unknown_price, outputTokensMax: budgets.output_tokens },
    conversations: { agreeAfterMs: messages.agree_after, hopsMax: messages.hops_max },
  };
}

/** Returns the retention of a workspace's ended runs from `retention` in the configuration. */
const keptRuns =
  ({ retention }: Config) =>
  (workspace: string): ReturnType<RunsOptions["kept"]> => {
    const own = retention.workspaces[workspace];
    const age = own?.runs ?? retention.runs;
    const count = own?.runs_max ?? retention.runs_max;
    return { ageMs: age === "never" ? undefined : age, count: count === 0 ? undefined : count };
  };

/** Variables that definitions may refer to. AWS keys are reserved for the server unless the operator permits more. */
function definitionEnvironment({ config, environment }: LoadedConfig): Environment {
  const permitted = new Set([
    ...MODEL_VARIABLES.filter((name) => !name.startsWith("AWS_")),
    ...config.models.environment,
  ]);
  return Object.fromEntries(Object.entries(environment).filter(([name]) => permitted.has(name) || isReferable(name)));
}
