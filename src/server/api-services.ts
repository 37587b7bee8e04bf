import type { HttpServices } from "../api/http/index.ts";
import { renderProblem } from "../text/documents/index.ts";
import type { Caxton } from "./compose.ts";
import type { LoadedConfig } from "./config/index.ts";
import { serverFacts } from "./server-facts.ts";
import type { Progress } from "./start.ts";

/** Services of the modules for the API. */
export const apiServices = (caxton: Caxton, loaded: LoadedConfig, progress: Progress): HttpServices => {
  const { clock, storage, agents, models, memory, messaging, tools, runs } = caxton;
  return {
    clock,
    facts: serverFacts(caxton, loaded, progress),
    changes: storage.changes,
    idempotencyStore: storage.idempotencyStore,
    agents: agents.agents,
    agentFiles: agents.agentFiles,
    render: (problem, source) => renderProblem(problem, source, { colour: false }),
    budgets: agents.budgets,
    spend: storage.spend,
    prices: agents.prices,
    agentLimits: runs.plans.limits,
    models: models.models,
    modelTraffic: models.traffic,
    embedders: memory.embedders,
    memory: memory.memory,
    memoryTransfers: memory.transfers,
    memoryMigrations: memory.migrations,
    memoryRetention: memory.retention,
    memorySnapshots: memory.snapshots,
    router: messaging.router,
    tasks: messaging.tasks,
    subscriptions: messaging.subscriptions,
    participants: messaging.participants,
    directory: messaging.directory,
    messageJournal: messaging.messageJournal,
    messageContents: messaging.contents,
    messageLimits: messaging.limits,
    tokensRequired: loaded.config.messages.participant_tokens,
    tools: tools.catalogue,
    toolServers: tools.servers,
    toolRecords: tools.records,
    toolHost: tools.host,
    ledger: storage.ledger,
    grantWatch: tools.grantWatch,
    runs: runs.runs,
    approvals: runs.approvals,
    retention: runs.retention,
    timeTravel: runs.timeTravel,
    replay: runs.replay,
    journal: storage.journal,
    artifacts: storage.artifacts,
    uploads: storage.uploads,
    memoryOutbox: storage.memoryOutbox,
    approvalIndex: storage.approvals,
  };
};
