import type { Clock } from "../../../kernel/clock.ts";
import { toFault } from "../../../kernel/errors.ts";
import type { Memory } from "../../../memory/knowledge/index.ts";
import type { ToolCatalogues } from "../../../tools/catalogue/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import type { ApiServices, PartCheck } from "../api-services.ts";
import { presentConditions } from "../models/model-conditions.ts";
import { implement } from "../perform.ts";
import { instant } from "../instant.ts";

/** How long memory may take to say that it is there; a place that is gone is noticed later than that. */
const MEMORY_ANSWER_MS = 2_000;

const status = implement(
  operations.server.status,
  async (services, _input, { principal: { workspace, everywhere } }) => {
    const {
      agents,
      memory,
      models: { models, traffic },
      runs,
      server,
      storage,
      tools,
    } = services;
    const isServerWide = everywhere.has("server:read");
    const counts = runs.stores.journal.counts(workspace);
    return {
      version: server.version,
      node_version: process.versions.node,
      started_at: instant(server.startedAtMs),
      uptime_ms: server.uptimeMs(),
      data_directory: isServerWide ? server.dataDirectory : null,
      data_bytes: isServerWide ? storage.database.bytes() : null,
      memory_bytes: isServerWide ? process.memoryUsage.rss() : null,
      agents: await agents.agents.count(workspace),
      runs: {
        queued: counts.queued,
        running: counts.running,
        awaiting_approval: counts["awaiting-approval"],
        awaiting_choice: counts["awaiting-choice"],
        awaiting_input: counts["awaiting-input"],
        awaiting_reply: counts["awaiting-reply"],
        needs_decision: counts["needs-decision"],
        completed: counts.completed,
        failed: counts.failed,
        cancelled: counts.cancelled,
      },
      tool_servers: tools.catalogue
        .of(workspace)
        .servers()
        .map(({ name, state, tools: { length } }) => ({ name, state, tools: length })),
      default_model: models.defaultModel(workspace),
      models: models.providers(workspace).map(({ name, ready, note }) => ({ provider: name, ready, note })),
      memory: await memoryCondition(memory.memory, server.clock),
      model_traffic: presentConditions(traffic),
    };
  },
);

const config = implement(operations.server.config, ({ server }) => ({ ...server.configuration }));

async function memoryCondition(
  { store, capacity, embeddings }: Memory,
  clock: Clock,
): Promise<contract.Status["memory"]> {
  const backend = store.name;
  const stop = new AbortController();
  const late = clock.sleep(MEMORY_ANSWER_MS, stop.signal).then(
    () => ({ backend, ready: false, note: `does not answer within ${MEMORY_ANSWER_MS / 1_000} s`, limits: [] }),
    () => ({ backend, ready: false, note: "", limits: [] }),
  );
  const answered = store.model().then(
    (model) => ({
      backend,
      ready: store.problem?.() === undefined,
      note: store.problem?.() ?? vectorsNote(model, embeddings.models.wanted),
      limits: [...capacity.known()],
    }),
    (error: unknown) => {
      const { message, hint } = toFault(error);
      return { backend, ready: false, note: `${message}. ${hint}`.trim(), limits: [] };
    },
  );
  try {
    return await Promise.race([answered, late]);
  } finally {
    stop.abort();
  }
}

/** Ready when every part works and runs are taken: not while the server starts, nor while it drains. */
export async function getReadiness(services: ApiServices): Promise<contract.Ready> {
  const {
    runs: { runs },
    server,
    storage,
    tools: { catalogue },
  } = services;
  const { executing, waiting } = runs.load();
  const note = runs.isStopping ? "the server is stopping" : `${executing} executing, ${waiting} waiting`;
  const checks = {
    store: await storage.watch.check(),
    ...server.checks(),
    ...failedTools(catalogue),
    runs: { ok: !runs.isStopping, note },
  };
  const bad = Object.entries(checks).filter(([, { ok }]) => !ok);
  // Deployments complete on their own; the other parts need a restart.
  const isStarting = catalogue.failures.size === 0 && bad.every(([part]) => part === "tools" || part === "agents");
  return { status: bad.length === 0 ? "ready" : isStarting ? "starting" : "failing", checks };
}

function failedTools({ failures }: ToolCatalogues): { readonly tools?: PartCheck } {
  if (failures.size === 0) return {};
  const byReason = Map.groupBy(failures, ([, reason]) => reason);
  const notes = [...byReason].map(([reason, failed]) => {
    const names = failed.map(([name]) => name);
    return `${names.join(", ")} could not be deployed: ${reason}`;
  });
  return { tools: { ok: false, note: `${notes.join("; ")}. Caxton tries again every 10 seconds` } };
}

function vectorsNote(model: string | undefined, wanted: string | undefined): string {
  if (wanted === undefined) return "found by words only: there is no embedder";
  return model === undefined ? "nothing has a vector yet" : `vectors of ${model}`;
}

export const serverOperations = [status, config] as const;
