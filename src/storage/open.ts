import type { Clock } from "../kernel/clock.ts";
import { Contents } from "./contents.ts";
import { Database, type DatabaseOptions } from "./database.ts";
import { type GrantLedgerOptions, SqliteGrantLedger } from "./grant-ledger.ts";
import { SqliteAuditStore } from "./sqlite-audit-store.ts";
import { SqliteKeyStore } from "./sqlite-key-store.ts";
import { SqliteAgentStore } from "./sqlite-agent-store.ts";
import { SqliteApprovals } from "./runs/sqlite-approvals.ts";
import { SqliteArtifactStore } from "./runs/sqlite-artifact-store.ts";
import { SqliteChangeLog } from "./sqlite-change-log.ts";
import { SqliteIdempotencyStore } from "./sqlite-idempotency-store.ts";
import { SqliteMessageKeyStore } from "./messaging/sqlite-message-key-store.ts";
import { SqliteParticipantStore } from "./messaging/sqlite-participant-store.ts";
import { SqliteRemoteAgentStore } from "./messaging/sqlite-remote-agent-store.ts";
import { SqliteA2aStore } from "./remotes/sqlite-a2a-store.ts";
import { SqliteReplies } from "./runs/sqlite-replies.ts";
import { SqliteRunAnswers } from "./runs/sqlite-run-answers.ts";
import { SqliteRunArchive } from "./runs/sqlite-run-archive.ts";
import { SqliteRunJournal } from "./runs/sqlite-run-journal.ts";
import { SqliteMemoryOutbox } from "./runs/sqlite-memory-outbox.ts";
import { SqliteSecretStore } from "./sqlite-secret-store.ts";
import { SqliteSessionStore } from "./sqlite-session-store.ts";
import { SqliteSpendStore } from "./sqlite-spend-store.ts";
import { SqliteSubscriptionStore } from "./messaging/sqlite-subscription-store.ts";
import { SqliteTaskStore } from "./messaging/sqlite-task-store.ts";
import { SqliteThreadStore } from "./runs/sqlite-thread-store.ts";
import { SqliteUploadStore, type UploadStoreOptions } from "./runs/sqlite-upload-store.ts";
import { SqliteWorkspaceStore } from "./sqlite-workspace-store.ts";
import { SqliteLinkStore, SqliteUserStore } from "./sqlite-user-store.ts";
import { StoreWatch } from "./store-watch.ts";
import { SqliteTriggerStore } from "./triggers/sqlite-trigger-store.ts";
import { SqliteWebhookStore } from "./webhooks/sqlite-webhook-store.ts";
import { SqliteToolServerStore } from "./tool-server-store.ts";
import { SqliteToolState } from "./tool-state.ts";

export type StorageOptions = Pick<DatabaseOptions, "directory" | "synchronous"> & {
  readonly uploads: UploadStoreOptions;
  readonly grants: GrantLedgerOptions;
};

/**
 * Opens the database and every store in it. Disposal writes what the ledger of grants still holds and closes the database.
 * Throws storage errors, DataDirectoryInUseError, DatabaseTooNewError, DatabaseTooOldError.
 */
export function openStorage({ uploads, grants, ...where }: StorageOptions, clock: Clock) {
  using opening = new DisposableStack();
  const database = opening.use(Database.open(where));
  const watch = opening.use(new StoreWatch(database));
  const contents = new Contents(database);
  const changes = new SqliteChangeLog(database);
  const ledger = new SqliteGrantLedger(database, clock, grants);
  const opened = opening.move();
  return {
    database,
    watch,
    changes,
    ledger,
    workspaces: new SqliteWorkspaceStore(database),
    keys: new SqliteKeyStore(database),
    sessions: new SqliteSessionStore(database),
    users: new SqliteUserStore(database),
    loginLinks: new SqliteLinkStore(database),
    secrets: new SqliteSecretStore(database),
    audit: new SqliteAuditStore(database),
    agents: new SqliteAgentStore(database, changes),
    spend: new SqliteSpendStore(database),
    toolServers: new SqliteToolServerStore(database),
    toolState: new SqliteToolState(database, clock),
    messageKeys: new SqliteMessageKeyStore(database),
    participants: new SqliteParticipantStore(database),
    subscriptions: new SqliteSubscriptionStore(database),
    remoteAgents: new SqliteRemoteAgentStore(database),
    a2a: new SqliteA2aStore(database),
    tasks: new SqliteTaskStore(database, changes),
    triggers: new SqliteTriggerStore(database),
    webhooks: new SqliteWebhookStore(database, contents, changes),
    journal: new SqliteRunJournal(database, contents),
    archive: new SqliteRunArchive(database, contents),
    artifacts: new SqliteArtifactStore(database, clock),
    uploads: new SqliteUploadStore(database, clock, uploads),
    memoryOutbox: new SqliteMemoryOutbox(database),
    approvals: new SqliteApprovals(database),
    replies: new SqliteReplies(database),
    answers: new SqliteRunAnswers(database),
    threads: new SqliteThreadStore(database, changes),
    idempotencyStore: new SqliteIdempotencyStore(database),
    [Symbol.asyncDispose]: async () => {
      await ledger[Symbol.asyncDispose]();
      opened.dispose();
    },
  };
}
export type Storage = ReturnType<typeof openStorage>;
