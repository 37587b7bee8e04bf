import type { FileDeployment } from "../agents/files/index.ts";
import { continueDeletions, UPLOAD_WAIT_MS } from "../api/operations/index.ts";
import { log } from "../kernel/log.ts";
import type { ToolDeployment } from "../tools/index.ts";
import type { Caxton } from "./compose.ts";

/** Progress of the startup, for `/ready`. */
export type Progress = { tools: boolean; definitions: boolean };

export type ReadyReport = {
  readonly tools: readonly ToolDeployment[];
  readonly definitions: readonly FileDeployment[];
  readonly resumedRuns: number;
};

/** Interval between retries of failed deployments. */
const RETRY_MS = 10_000;
const SWEEP_MS = 3_600_000;

/** Starts the modules in dependency order: tools, the agents that name them, messages to agents, runs, and the care of memory. */
export async function startModules(caxton: Caxton, progress: Progress, stopping: AbortSignal): Promise<ReadyReport> {
  const { tools, agents, messaging, runs, memory, triggers, webhooks, remotes } = caxton;
  const deployed = await tools.start();
  progress.tools = true;
  const none: ReadyReport = { tools: deployed, definitions: [], resumedRuns: 0 };
  if (stopping.aborted) return none;
  const definitions = await startAgents(agents, messaging);
  if (stopping.aborted) return { ...none, definitions };
  await continueDeletions(caxton);
  await webhooks.start();
  const resumedRuns = runs.start();
  remotes.start();
  triggers.start();
  void resumeSignedIn(caxton, stopping).catch((error: unknown) => {
    if (!stopping.aborted) log.error({ err: error }, "runs that wait for a sign-in are not resumed");
  });
  void retryDeployments(caxton, { definitions, progress, stopping }).catch((error: unknown) => {
    if (!stopping.aborted) log.error({ err: error }, "failed deployments are not tried again");
  });
  memory.start();
  await sweepUploads(caxton);
  return { tools: deployed, definitions, resumedRuns };
}

/** Even if definitions cannot be read, messages stop waiting for their recipients. */
async function startAgents(
  agents: Caxton["agents"],
  messaging: Caxton["messaging"],
): Promise<readonly FileDeployment[]> {
  try {
    return await agents.start();
  } finally {
    await messaging.start();
  }
}

/** Resumes the runs whose sign-in was made when the server stopped before it could say so. */
async function resumeSignedIn({ tools: { remotes }, runs }: Caxton, stopping: AbortSignal): Promise<void> {
  for (const { name, signIn } of remotes?.servers() ?? []) {
    if (signIn?.state !== "signed-in") continue;
    await remotes?.connected(name, stopping);
    stopping.throwIfAborted();
    await runs.replies.signedIn(name, signIn.by ?? "");
  }
}

type Retried = {
  readonly definitions: readonly FileDeployment[];
  readonly progress: Progress;
  readonly stopping: AbortSignal;
};

/** Reports that definitions are deployed as soon as none lacks a built-in tool server or storage. */
async function retryDeployments(
  { tools, agents, clock }: Caxton,
  { definitions: first, progress, stopping }: Retried,
): Promise<void> {
  const { failures } = tools.servers.runner;
  let definitions = first;
  while (failures.size > 0 || definitions.some(lacksStorage)) {
    await clock.sleep(RETRY_MS, stopping);
    const failed = failures.size;
    await tools.retry();
    stopping.throwIfAborted();
    if (failures.size < failed || definitions.some(lacksStorage)) definitions = await agents.redeploy(definitions);
  }
  progress.definitions = true;
}

const lacksStorage = (deployment: FileDeployment): boolean =>
  deployment.type === "refused" && deployment.code.startsWith("STORAGE_");

/** Deletes uploads that no run took, every hour until disposed. */
export function sweepingUploads(caxton: Caxton): Disposable {
  const timer = setInterval(() => void sweepUploads(caxton), SWEEP_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

async function sweepUploads({ storage, clock }: Caxton): Promise<void> {
  try {
    await storage.uploads.sweep(clock.nowMs() - UPLOAD_WAIT_MS);
  } catch (error) {
    log.warn({ err: error }, "old uploads could not be deleted");
  }
}
