import { init } from "./001-init.ts";
import { grants } from "./002-grants.ts";
import { toolServers } from "./003-tool-servers.ts";
import { openRuns } from "./004-open-runs.ts";
import { grantUseCounts } from "./005-grant-use-counts.ts";
import { restingRuns } from "./006-resting-runs.ts";
import { changes } from "./007-changes.ts";
import { spend } from "./008-spend.ts";
import { runArchive } from "./009-run-archive.ts";
import { approvals } from "./010-approvals.ts";
import { runNotices } from "./011-run-notices.ts";
import { replyWaits } from "./012-reply-waits.ts";
import { tasks } from "./013-tasks.ts";
import { runMessages } from "./014-run-messages.ts";
import { participants } from "./015-participants.ts";
import { subscriptions } from "./016-subscriptions.ts";
import { callOffs } from "./017-call-offs.ts";
import { remoteAgents } from "./018-remote-agents.ts";
import { keptAnswers } from "./019-kept-answers.ts";
import { keptAnswerSubjects } from "./020-kept-answer-subjects.ts";
import { runKeeping } from "./021-run-keeping.ts";
import { participantTokens } from "./022-participant-tokens.ts";
import { participantTokenRequests } from "./023-participant-token-requests.ts";
import { pausedAgents } from "./024-paused-agents.ts";
import { agentFiles } from "./025-agent-files.ts";

/** Forward only; the schema's version is how many have run. Append, never edit one that shipped. */
export const MIGRATIONS: readonly string[] = [
  init,
  grants,
  toolServers,
  openRuns,
  grantUseCounts,
  restingRuns,
  changes,
  spend,
  runArchive,
  approvals,
  runNotices,
  replyWaits,
  tasks,
  runMessages,
  participants,
  subscriptions,
  callOffs,
  remoteAgents,
  keptAnswers,
  keptAnswerSubjects,
  runKeeping,
  participantTokens,
  participantTokenRequests,
  pausedAgents,
  agentFiles,
];
