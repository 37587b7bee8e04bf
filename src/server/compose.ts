import { openAccess, type AccessServices, Workspaces } from "../access/index.ts";
import { openAgents, type AgentServices } from "../agents/index.ts";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { openMemory, type MemoryServices } from "../memory/index.ts";
import { openMessaging, type MessagingServices } from "../messaging/index.ts";
import { openModels, type ModelServices } from "../models/index.ts";
import { openRemotes, type RemoteServices } from "../remotes/index.ts";
import type { ModelCatalogue } from "../models/port/index.ts";
import { openRuns, type RunServices } from "../runs/index.ts";
import { openStorage, type Storage } from "../storage/index.ts";
import { ToolCatalogues, type ToolRunner } from "../tools/catalogue/index.ts";
import { openTriggers, type TriggerServices } from "../triggers/index.ts";
import { openWebhooks, type WebhookServices } from "../webhooks/index.ts";
import { openTools, type ToolServices, type Resolve } from "../tools/index.ts";
import type { LoadedConfig } from "./config/index.ts";
import { type OpenFipa, openFipa } from "./open-fipa.ts";
import {
  accessOptions,
  agentsOptions,
  memoryOptions,
  messagingOptions,
  modelsOptions,
  runsOptions,
  storageOptions,
  toolsOptions,
} from "./options/index.ts";
import {
  memoryPorts,
  messagingPorts,
  modelPorts,
  remoteAgents,
  remotePorts,
  runLimits,
  runPorts,
  toolPorts,
  triggerPorts,
  webhookOptions,
  webhookPorts,
} from "./ports.ts";
import { openRedaction, openSecrets } from "./redaction.ts";
import { SecureListeners } from "./tls/index.ts";

/** Replacements for tests. */
export type Overrides = {
  readonly clock?: Clock;
  readonly models?: ModelCatalogue;
  /** Directory of tool servers, each in a directory of its own; default: the built-in ones. */
  readonly toolServers?: string;
  /** Is put between runs and the tools they call. */
  readonly wrapTools?: (tools: ToolRunner) => ToolRunner;
  /** Resolves the addresses that tools request and webhooks name; default: the system's resolver. */
  readonly resolve?: Resolve;
};

/** All modules, open but not started. Disposal stops runs, ends children and closes the database. */
export type Caxton = AsyncDisposable & {
  readonly clock: Clock;
  readonly storage: Storage;
  readonly agents: AgentServices;
  readonly models: ModelServices;
  readonly memory: MemoryServices;
  readonly messaging: MessagingServices;
  readonly access: AccessServices;
  readonly fipa: OpenFipa | undefined;
  /** Undefined without TLS. */
  readonly tls: SecureListeners | undefined;
  readonly tools: ToolServices;
  readonly runs: RunServices;
  readonly triggers: TriggerServices;
  readonly webhooks: WebhookServices;
  readonly remotes: RemoteServices;
};

/**
 * Opens every module in dependency order. The catalogue of tools exists before the tools, because agents and models name
 * tools; it is empty until tools are open. Throws storage errors, DataDirectoryInUseError, DatabaseTooNewError, DatabaseTooOldError, UnknownModelError,
 * TlsFilesInvalidError.
 */
export async function compose(loaded: LoadedConfig, overrides: Overrides = {}): Promise<Caxton> {
  await using stack = new AsyncDisposableStack();
  const { clock = systemClock } = overrides;
  const { tls: table } = loaded.config.server;
  const tls = stack.use(table && new SecureListeners(table, clock));
  const redaction = openRedaction(loaded);
  const catalogue = new ToolCatalogues();
  const storage = stack.use(openStorage(storageOptions(loaded), clock));
  const secrets = openSecrets(loaded, redaction, { storage, clock });
  const workspaces = new Workspaces(storage.workspaces, clock);
  const first = { clock, secrets, catalogue, storage, workspaces };
  const agents = openAgents(agentsOptions(loaded), { stores: storage, clock, tools: catalogue });
  const models = openModels(modelsOptions(loaded), modelPorts(first, overrides));
  const memory = stack.use(await openMemory(memoryOptions(loaded), memoryPorts({ ...first, models })));
  const remotes = remoteAgents(loaded, storage);
  const messaging = stack.use(
    await openMessaging(messagingOptions(loaded), messagingPorts({ ...first, agents, memory, remotes })),
  );
  const access = stack.use(
    openAccess(accessOptions(loaded, secrets.known.add), {
      stores: storage,
      workspaces,
      clock,
      secrets: secrets.secrets,
      programOf: (token) => messaging.participants.holderOf(token),
    }),
  );
  messaging.messageKeys.enforce((workspace) => access.workspaces.requiresSignatures(workspace));
  const fipa = stack.use(
    remotes && (await openFipa(loaded.config, { messaging, remotes, clock, tls, limits: access.limits })),
  );
  const tools = stack.use(
    await openTools(
      toolsOptions(loaded, overrides.toolServers),
      toolPorts({ ...first, agents, memory, messaging, access }, { loaded, overrides }),
    ),
  );
  const runs = stack.use(
    openRuns(runsOptions(loaded, runLimits(first)), runPorts({ ...first, agents, models, memory, messaging })),
  );
  const triggers = stack.use(openTriggers(triggerPorts({ ...first, agents, messaging, runs, access }, loaded)));
  const webhooks = stack.use(
    openWebhooks(webhookOptions(loaded), webhookPorts({ ...first, runs, access }, { loaded, overrides })),
  );
  const a2aAgents = stack.use(
    openRemotes(
      { hopsMax: loaded.config.messages.hops_max },
      remotePorts({ ...first, messaging, runs }, { loaded, overrides }),
    ),
  );
  const opened = stack.move();
  const modules = {
    clock,
    storage,
    agents,
    models,
    memory,
    messaging,
    access,
    fipa,
    tls,
    tools,
    runs,
    triggers,
    webhooks,
    remotes: a2aAgents,
  };
  return { ...modules, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
