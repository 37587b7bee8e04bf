import {
  auditedRefusal,
  callerOf,
  DEFAULT_WORKSPACE,
  PrincipalGoneError,
  WorkspaceNotFoundError,
} from "../access/index.ts";
import { LOGIN_PATHS } from "../api/contract/index.ts";
import { RemoteAgents, withRemoteAgents } from "../api/fipa/index.ts";
import type { Guarded, Principal, Workspaces } from "../access/index.ts";
import { AgentNotFoundError } from "../agents/definitions/index.ts";
import { toFault } from "../kernel/errors.ts";
import { LIMITS } from "../kernel/quantities.ts";
import { packageVersion } from "../kernel/package.ts";
import type { MemoryPorts } from "../memory/index.ts";
import type { MessagingPorts } from "../messaging/index.ts";
import { followUp } from "../messaging/router/index.ts";
import type { ModelsPorts } from "../models/index.ts";
import { originOf, ownTools, redactedTools, type RunsOptions, type RunsPorts } from "../runs/index.ts";
import type { Storage } from "../storage/index.ts";
import { probeHealth, publicFetch } from "../tools/brokers/http/index.ts";
import { type ToolCatalogues, toolCaller } from "../tools/catalogue/index.ts";
import type { Authorize, TriggersPorts } from "../triggers/index.ts";
import type { RemotesPorts } from "../remotes/index.ts";
import type { WebhooksOptions, WebhooksPorts } from "../webhooks/index.ts";
import type { ToolsPorts } from "../tools/index.ts";
import type { Caxton, Overrides } from "./compose.ts";
import type { LoadedConfig } from "./config/index.ts";
import type { Secrets } from "./redaction.ts";

/** Services opened before a module, by name. */
type Opened<Names extends keyof Caxton = never> = Pick<Caxton, "clock" | "storage" | Names> & {
  readonly secrets: Secrets;
  readonly catalogue: ToolCatalogues;
  readonly workspaces: Workspaces;
};

export const modelPorts = ({ clock, storage, secrets, catalogue }: Opened, { models }: Overrides): ModelsPorts => ({
  clock,
  callTool: toolCaller(catalogue),
  readArtifact: async (id) => {
    const artifact = storage.artifacts.find(id);
    if (artifact === undefined) throw new Error("the artifact is gone");
    return storage.artifacts.read(artifact);
  },
  secretFound: secrets.known.add,
  stored: secrets.stored,
  foreignFetch: publicFetch({
    rule: "a definition's base_url may not",
    remedy: (origin) => `If it is meant, add to caxton.toml:\n[models]\nprivate_origins = ["${origin}"]`,
  }),
  catalogue: models,
});

export const memoryPorts = ({ clock, secrets, models, workspaces }: Opened<"models">): MemoryPorts => ({
  clock,
  endpoint: models.embeddingEndpoint,
  hide: secrets.redactors.memory,
  secret: (name) => secrets.vault.find(name),
  quotas: workspaces.stock("memory_entities"),
});

/** Agents of other FIPA platforms; undefined when the transport is off. */
export const remoteAgents = ({ config: { fipa } }: LoadedConfig, storage: Storage): RemoteAgents | undefined =>
  fipa.enabled ? new RemoteAgents(fipa.agents, storage.remoteAgents) : undefined;

export const messagingPorts = ({
  clock,
  storage,
  agents,
  memory,
  remotes,
  workspaces,
}: Opened<"agents" | "memory"> & { readonly remotes: RemoteAgents | undefined }): MessagingPorts => ({
  stores: storage,
  agents: agents.agents,
  changes: storage.changes,
  clock,
  openVectors: () => memory.embedders.open(),
  probe: probeHealth,
  admit: (workspace) => admitMessage(workspaces, workspace),
  extended: remotes && ((own) => withRemoteAgents(own, remotes)),
});

export function toolPorts(
  {
    clock,
    storage,
    secrets,
    catalogue,
    agents,
    memory: { memory },
    messaging,
    access,
  }: Opened<"agents" | "memory" | "messaging" | "access">,
  { loaded, overrides: { resolve, wrapTools } }: { readonly loaded: LoadedConfig; readonly overrides: Overrides },
): ToolsPorts {
  const { changes, journal, toolServers, toolState, ledger } = storage;
  return {
    catalogue,
    stores: { servers: toolServers, state: toolState, ledger },
    clock,
    changes,
    secrets: { vault: secrets.vault, known: secrets.known, signIns: signInPorts(secrets, loaded, resolve) },
    guests: {
      mail: { post: messaging.router, originOf: (session) => originOf(journal, session) },
      memory,
      resolve,
      onRefused: (refusal) => access.audit.record(auditedRefusal(refusal)),
    },
    native: ownTools({ journal, agents: agents.agents, memory, messaging, clock }),
    wrap: (runner) => redactedTools(wrapTools?.(runner) ?? runner, secrets.redactors),
  };
}

/** Sign-ins of the servers of the configuration, which are in the operator's workspace. */
function signInPorts(
  { secrets }: Secrets,
  { config }: LoadedConfig,
  resolve: Overrides["resolve"],
): ToolsPorts["secrets"]["signIns"] {
  const own = ownSecrets(secrets);
  const workspace = DEFAULT_WORKSPACE;
  return {
    vault: {
      set: (name, value, by) => own.set({ workspace, name, value, by }),
      read: (name) => own.read(workspace, name),
      delete: (name) => own.delete(workspace, name),
      deleteUnused: (isUnused) => own.deleteUnused(({ name }) => isUnused(name)),
    },
    fetchPublic: publicFetch({
      rule: "an authorization server that a tool server names may not",
      remedy: () => "If it is meant, name the authorization server in auth.issuer of the tool server.",
      resolve,
    }),
    callback: callbackAt(config.server.public_url),
  };
}

const callbackAt = (publicUrl: string | undefined): ToolsPorts["secrets"]["signIns"]["callback"] =>
  publicUrl === undefined
    ? undefined
    : {
        uri: new URL(LOGIN_PATHS.toolCallback, publicUrl).href,
        metadataUrl: publicUrl.startsWith("https:") ? new URL(LOGIN_PATHS.toolClient, publicUrl).href : undefined,
      };

export const runPorts = ({
  clock,
  storage,
  secrets,
  catalogue,
  agents,
  models,
  memory,
  messaging,
}: Opened<"agents" | "models" | "memory" | "messaging">): RunsPorts => ({
  stores: storage,
  agents,
  models: models.guarded,
  memory: memory.memory,
  messaging,
  tools: catalogue,
  clock,
  secrets: { redactors: secrets.redactors, secretFound: secrets.known.add, stored: secrets.stored },
});

export const triggerPorts = (
  {
    clock,
    storage,
    agents,
    messaging: { router, subscriptions },
    runs,
    access,
    secrets: { secrets },
  }: Opened<"agents" | "messaging" | "runs" | "access">,
  { config: { messages, files } }: LoadedConfig,
): TriggersPorts => ({
  store: storage.triggers,
  agents: agents.agents,
  runs,
  authorize: authorizeFires(access),
  changes: storage.changes,
  clock,
  secrets: ownSecrets(secrets),
  sources: {
    messages: {
      listen: (subscription) => {
        router.openInternal(subscription.workspace, subscription.subscriber);
        return subscriptions.listen(subscription);
      },
      attach: (prefix, handler) => router.attachInternal(prefix, handler),
      pause: (workspace, mailbox, isPaused) => router.pause(workspace, mailbox, isPaused),
      follow: (delivered) => followUp(delivered, messages.hops_max),
    },
    files: {
      root: files.watch_root,
      bytesMax: Math.min(files.upload_bytes_max, LIMITS.triggerFileBytesMax),
      reserve: (workspace, bytes) =>
        access.workspaces.stock("file_bytes").reserve(workspace, storage.uploads.bytesOf(workspace), bytes),
    },
  },
});

/** Secrets that the server makes for itself. Their names have a colon, which those of users do not have. */
const ownSecrets = (secrets: Secrets["secrets"]): WebhooksPorts["vault"] & TriggersPorts["secrets"] => ({
  set: async ({ workspace, name, value, by }) =>
    void (await secrets.set({ workspace, name, value, origins: [], updatedBy: by })),
  read: (workspace: string, name: string, by?: string) => {
    const found = secrets.find(workspace, name);
    return by === undefined || found?.updatedBy === by ? found?.read() : undefined;
  },
  deleteUnused: (isUnused) => secrets.deleteUnused(isUnused),
  delete: async (workspace, name) => {
    if (secrets.find(workspace, name) !== undefined) await secrets.delete({ workspace, name });
  },
});

/** What the owner of a trigger, and the principal that fires it, need to start its runs. */
const FIRES = {
  name: "trigger.fire",
  permission: "runs:execute",
  scope: "workspace",
  narrowedBy: ["agents"],
} as const satisfies Guarded;

/** What the owner of a message trigger needs besides: it receives what others send. */
const SUBSCRIBES = {
  ...FIRES,
  permission: "subscriptions:write",
  narrowedBy: [],
} as const satisfies Guarded;

/** Authorizes the start of a run by its trigger like a request of a principal, and records it. */
const authorizeFires =
  ({ access }: Opened<"access">["access"]): Authorize =>
  ({ workspace, id, agent, spec, owner }, { runId: run, caller }, by) => {
    const principal = access.standing(by, workspace);
    if (principal === undefined) throw new PrincipalGoneError(by);
    const origin = { address: "", requestId: run };
    const target = { trigger: id, run, ...(caller && { caller: caller.id }) };
    const admission = access.authorize(principal, { operation: FIRES, target, origin });
    if (!admission.covers("agents", agent)) throw new AgentNotFoundError(workspace, agent, []);
    if (spec.kind === "message" && by.id === owner.id)
      access.authorize(principal, { operation: SUBSCRIBES, target, origin });
    return { caller: callerOf(principal), ended: (error) => access.ended(admission, error) };
  };

export const webhookOptions = ({ config: { webhooks } }: LoadedConfig): WebhooksOptions => ({
  privateOrigins: webhooks.private_origins.map((text) => new URL(text).origin),
  version: packageVersion(),
});

type PermittedOptions = {
  /** The end of the message about an address that is refused. */
  readonly rule: string;
  readonly table: "webhooks" | "a2a";
  readonly privateOrigins: readonly string[];
  readonly resolve: Overrides["resolve"];
};

/** Requests to public addresses, and to the origins that the operator permits. No redirect is followed. */
function permittedFetch({ rule, table, privateOrigins, resolve }: PermittedOptions): typeof fetch {
  const options = {
    rule,
    remedy: (origin: string) => `If it is meant, add to caxton.toml:\n[${table}]\nprivate_origins = ["${origin}"]`,
    resolve,
  };
  const fetchPublic = publicFetch(options);
  const fetchPermitted = publicFetch({ ...options, refuses: () => undefined });
  return (input, init) => {
    const { origin } = new URL(input instanceof Request ? input.url : input);
    return (privateOrigins.includes(origin) ? fetchPermitted : fetchPublic)(input, init);
  };
}

export const webhookPorts = (
  { clock, storage, runs, access, secrets: { secrets } }: Opened<"runs" | "access">,
  { loaded, overrides }: { readonly loaded: LoadedConfig; readonly overrides: Overrides },
): WebhooksPorts => ({
  store: storage.webhooks,
  changes: storage.changes,
  clock,
  watchJournal: (listener) =>
    runs.runs.hub.watchAll((news) => void (news.type === "entry" && listener(news.entry.event.type))),
  fetch: permittedFetch({
    rule: "a webhook's url may not",
    table: "webhooks",
    privateOrigins: webhookOptions(loaded).privateOrigins,
    resolve: overrides.resolve,
  }),
  vault: ownSecrets(secrets),
  permissionsOf: (owner, workspace) => permissionsIn(access, owner, workspace),
  audit: ({ workspace, owner, id }) =>
    access.audit.record({
      principal: { ...owner, workspace },
      operation: { name: "webhook.stop", permission: null },
      target: { webhook: id },
      outcome: "allowed",
      code: null,
      origin: { address: "", requestId: id },
    }),
});

export const remotePorts = (
  { clock, storage, messaging, runs, secrets: { secrets } }: Opened<"messaging" | "runs">,
  { loaded, overrides }: { readonly loaded: LoadedConfig; readonly overrides: Overrides },
): RemotesPorts => ({
  store: storage.a2a,
  messaging,
  fetch: permittedFetch({
    rule: "an agent of another system may not",
    table: "a2a",
    privateOrigins: loaded.config.a2a.private_origins.map((text) => new URL(text).origin),
    resolve: overrides.resolve,
  }),
  secret: (workspace, name) => secrets.find(workspace, name),
  delegated: (message, recipient) => runs.delegated(message, recipient),
  clock,
});

/** The permissions of an owner as they are now; undefined if its credentials are gone. */
function permissionsIn(
  { access }: Opened<"access">["access"],
  owner: Parameters<typeof access.standing>[0],
  workspace: string,
): Principal["permissions"] | undefined {
  try {
    return access.standing(owner, workspace)?.permissions;
  } catch (error) {
    if (error instanceof WorkspaceNotFoundError) return undefined;
    throw error;
  }
}

/** Counts a message; returns why its workspace may not send it. */
function admitMessage(workspaces: Workspaces, workspace: string): ReturnType<NonNullable<MessagingPorts["admit"]>> {
  try {
    workspaces.takeRate(workspace, "messages_per_minute");
    return undefined;
  } catch (error) {
    const { code, message, hint, retryAfterMs } = toFault(error);
    return { error: { code, message, hint, details: { workspace } }, retryAfterMs };
  }
}

/** What the runs of a workspace may do. */
export const runLimits = ({ storage, workspaces }: Opened): NonNullable<RunsOptions["queue"]["workspaces"]> => ({
  admitRun: (workspace) => {
    workspaces.takeRate(workspace, "runs_per_minute");
    const files = workspaces.stock("file_bytes");
    if (files.hasQuota(workspace)) files.require(workspace, storage.uploads.bytesOf(workspace) + 1);
  },
  concurrentMax: (workspace) => workspaces.quotas(workspace).concurrent_runs,
});
