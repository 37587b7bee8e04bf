import { KeyedMutex } from "../../kernel/async/keyed-mutex.ts";
import type { Clock } from "../../kernel/clock.ts";
import {
  WorkspaceExistsError,
  WorkspaceIsDefaultError,
  WorkspaceNotFoundError,
  WorkspacesFullError,
} from "./errors.ts";

/** The operator's workspace. It always exists; definition files and tool servers of `caxton.toml` are deployed to it. */
export const DEFAULT_WORKSPACE = "default";
/** In a grant: every workspace, also those created later. */
export const ALL_WORKSPACES = "*";
/** The form of a name: a label of a domain name. */
export const WORKSPACE_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const WORKSPACES_MAX = 10_000;

/** Maximum amounts of one workspace; a name that is absent has no limit of its own. */
export type Quotas = Readonly<Partial<Record<QuotaName, number | undefined>>>;
export const QUOTAS = {
  agents: "Deployed agents",
  tool_servers: "Deployed tool servers",
  runs_per_minute: "Runs started in a minute",
  concurrent_runs: "Runs that execute at the same time",
  messages_per_minute: "Messages sent in a minute",
  file_bytes: "Bytes of uploads and artifacts on disk",
  memory_entities: "Entities in memory",
} as const satisfies Readonly<Record<string, string>>;
export type QuotaName = keyof typeof QUOTAS;

export type Workspace = {
  readonly name: string;
  readonly description: string;
  readonly createdAtMs: number;
  /** deleting: its content is being deleted; it accepts no requests. */
  readonly state: "active" | "deleting";
  readonly quotas: Quotas;
};

/** Where workspaces are stored. */
export interface WorkspaceStore {
  load(): readonly Workspace[];
  /** Resolves when the workspace is on disk. */
  save(workspace: Workspace): Promise<void>;
  delete(name: string): Promise<void>;
}

export type WorkspaceChange = { readonly description?: string | undefined; readonly quotas?: Quotas | undefined };

/**
 * The workspaces of a server.
 * access.workspaces.W1. A workspace that is being deleted is not found, so no request reaches its content while it is deleted.
 */
export class Workspaces {
  readonly #store: WorkspaceStore;
  readonly #clock: Clock;
  readonly #workspaces = new Map<string, Workspace>();
  readonly #changing = new KeyedMutex();

  constructor(store: WorkspaceStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    const first: Workspace = {
      name: DEFAULT_WORKSPACE,
      description: "",
      createdAtMs: clock.nowMs(),
      state: "active",
      quotas: {},
    };
    for (const workspace of [first, ...store.load()]) this.#workspaces.set(workspace.name, workspace);
  }

  /** Every workspace by name, those that are being deleted included. */
  list(): readonly Workspace[] {
    return [...this.#workspaces.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** Whether a workspace accepts requests. W1. */
  isActive(name: string): boolean {
    return this.#workspaces.get(name)?.state === "active";
  }

  quotas(name: string): Quotas {
    return this.#workspaces.get(name)?.quotas ?? {};
  }

  /** Throws WorkspaceNotFoundError. W1. */
  get(name: string): Workspace {
    const found = this.#workspaces.get(name);
    if (found?.state !== "active") throw new WorkspaceNotFoundError(name);
    return found;
  }

  /** Throws WorkspaceExistsError, WorkspacesFullError. */
  create(name: string, { description = "", quotas = {} }: WorkspaceChange): Promise<Workspace> {
    return this.#changing.run(name, async () => {
      if (this.#workspaces.has(name)) throw new WorkspaceExistsError(name);
      if (this.#workspaces.size >= WORKSPACES_MAX) throw new WorkspacesFullError(WORKSPACES_MAX);
      return this.#put({ name, description, quotas, state: "active", createdAtMs: this.#clock.nowMs() });
    });
  }

  /** Throws WorkspaceNotFoundError. */
  change(name: string, { description, quotas }: WorkspaceChange): Promise<Workspace> {
    return this.#changing.run(name, async () => {
      const before = this.get(name);
      return this.#put({
        ...before,
        description: description ?? before.description,
        quotas: quotas ?? before.quotas,
      });
    });
  }

  /** Closes a workspace, has its content deleted, and deletes it. Throws WorkspaceNotFoundError, WorkspaceIsDefaultError and what `erase` throws. */
  delete(name: string, erase: () => Promise<void>): Promise<void> {
    if (name === DEFAULT_WORKSPACE) throw new WorkspaceIsDefaultError();
    return this.#changing.run(name, async () => {
      const found = this.#workspaces.get(name);
      if (found === undefined) throw new WorkspaceNotFoundError(name);
      await this.#put({ ...found, state: "deleting" });
      await erase();
      await this.#store.delete(name);
      this.#workspaces.delete(name);
    });
  }

  async #put(workspace: Workspace): Promise<Workspace> {
    await this.#store.save(workspace);
    this.#workspaces.set(workspace.name, workspace);
    return workspace;
  }
}
