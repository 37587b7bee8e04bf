export {
  type AgentServices,
  deleteAgent,
  deployAgent,
  getAgent,
  getAgentRevision,
  listAgents,
  listRevisions,
  listTemplates,
  validateAgent,
} from "./agent-operations.ts";
export { type ApprovalServices, approve, deny, getApproval, listApprovals } from "./approval-operations.ts";
export {
  answerQuestion,
  artifactsOfRun,
  cancelRun,
  chooseRun,
  decideRun,
  DEFAULT_WORKSPACE,
  getRun,
  listRuns,
  runId,
  type RunServices,
  type StartedRun,
  startRun,
} from "./run-operations.ts";
export {
  compareRuns,
  deleteRun,
  exportRun,
  forkRun,
  type HistoryServices,
  pruneRuns,
  retryRun,
} from "./run-history.ts";
export { type AgentLimits, type BudgetServices, getAgentBudget, getUsage, listBudgets } from "./budget-operations.ts";
export { replayExported, type ReplayServices, replayStored } from "./replay-run.ts";
export { type GrantServices, listGrantUses } from "./grant-operations.ts";
export { listModels, listProviders, type ModelServices, testModel } from "./model-operations.ts";
export { type ServerEventServices, watchServer } from "./server-events.ts";
export { getReadiness, getStatus, type ServerFacts, type SystemServices } from "./system-operations.ts";
export { callTool, getToolServer, listToolServers, toolLogs, type ToolServices } from "./tool-operations.ts";
export {
  acceptToolServer,
  activateToolServer,
  checkToolServer,
  deleteToolServer,
  deployToolServer,
  getManagedToolServer,
  listManagedToolServers,
  pauseToolServer,
  resumeToolServer,
  toolServerDifference,
  toolServerModule,
  type ToolServerServices,
  type ToolServerUpload,
  toolServerVersions,
  watchToolLog,
} from "./tool-server-operations.ts";
export { type Streamed, watchRun } from "./watch-run.ts";
export { receiveUpload, UPLOAD_WAIT_MS } from "./receive-upload.ts";
