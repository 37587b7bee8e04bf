import { KeyedMutex } from "../../kernel/async/keyed-mutex.ts";
import { RateLimiter } from "../../kernel/async/rate-limiter.ts";
import type { Clock } from "../../kernel/clock.ts";
import { DEFAULT_WORKSPACE, type QuotaName, type Quotas } from "../permissions/index.ts";
import {
  QuotaExceededError,
  WorkspaceExistsError,
  WorkspaceInUseError,
  WorkspaceIsDefaultError,
  WorkspaceNotFoundError,
  WorkspacesFullError,
} from "./errors.ts";

const WORKSPACES_MAX = 10_000;
const IDLE_CHECK_MS = 20;
const MINUTE_MS = 60_000;

export type Workspace = {
  readonly name: string;
  readonly description: string;
  readonly createdAtMs: number;
  /** deleting: its content is being deleted; it accepts no requests. */
  readonly state: "active" | "deleting";
  readonly quotas: Quotas;
  /** Whether messages without a signature are refused. */
  readonly signatures: SignaturePolicy;
};
type SignaturePolicy = "optional" | "required";

/** Where workspaces are stored. */
export interface WorkspaceStore {
  load(): readonly Workspace[];
  /** Resolves when the workspace is on disk. */
  save(workspace: Workspace): Promise<void>;
  /** Deletes a workspace with every row that has its name, except audit records. */
  delete(name: string): Promise<void>;
}

export type WorkspaceChange = {
  readonly [Key in "description" | "quotas" | "signatures"]?: Workspace[Key] | undefined;
};

/**
 * The workspaces of a server.
 * access.workspaces.W1. A workspace that is being deleted is not found, so no request reaches its content while it is deleted.
 *   Its streams and connections end.
 * access.workspaces.W2. A deletion that was interrupted continues when it is requested again, and at the next start.
 */
export class Workspaces {
  readonly #store: WorkspaceStore;
  readonly #clock: Clock;
  readonly #workspaces = new Map<string, Workspace>();
  readonly #changing = new KeyedMutex();
  /** Operations in progress by workspace. */
  readonly #uses = new Map<string, number>();
  /** Amounts by quota and workspace. */
  readonly #reserved = new Map<string, number>();
  readonly #ends = new Map<string, AbortController>();

  readonly #rates: RateLimiter;

  constructor(store: WorkspaceStore, clock: Clock) {
    this.#rates = new RateLimiter(clock);
    this.#store = store;
    this.#clock = clock;
    const first: Workspace = {
      name: DEFAULT_WORKSPACE,
      description: "",
      createdAtMs: clock.nowMs(),
      state: "active",
      quotas: {},
      signatures: "optional",
    };
    for (const workspace of [first, ...store.load()]) this.#workspaces.set(workspace.name, workspace);
  }

  /** Every workspace by name, those that are being deleted included. */
  list(): readonly Workspace[] {
    return [...this.#workspaces.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** Whether a workspace accepts requests. */
  isActive(name: string): boolean {
    return this.#workspaces.get(name)?.state === "active";
  }

  /** Aborts when the workspace is deleted. */
  ended(name: string): AbortSignal {
    if (!this.isActive(name)) return AbortSignal.abort();
    return this.#ends.getOrInsertComputed(name, () => new AbortController()).signal;
  }

  quotas(name: string): Quotas {
    return this.#workspaces.get(name)?.quotas ?? {};
  }

  /** Time from which on a workspace has content. The default one has existed always. */
  startedAtMs(name: string): number {
    return name === DEFAULT_WORKSPACE ? 0 : this.get(name).createdAtMs;
  }

  requiresSignatures(name: string): boolean {
    return this.#workspaces.get(name)?.signatures === "required";
  }

  /** Throws WorkspaceNotFoundError. */
  get(name: string): Workspace {
    const found = this.#workspaces.get(name);
    if (found?.state !== "active") throw new WorkspaceNotFoundError(name);
    return found;
  }

  /** Throws WorkspaceExistsError, WorkspacesFullError. */
  create(
    name: string,
    { description = "", quotas = {}, signatures = "optional" }: WorkspaceChange,
  ): Promise<Workspace> {
    return this.#changing.run(name, async () => {
      if (this.#workspaces.has(name)) throw new WorkspaceExistsError(name);
      if (this.#workspaces.size >= WORKSPACES_MAX) throw new WorkspacesFullError(WORKSPACES_MAX);
      const createdAtMs = this.#clock.nowMs();
      return this.#put({ name, description, quotas, signatures, state: "active", createdAtMs });
    });
  }

  /** Throws WorkspaceNotFoundError. */
  change(name: string, { description, quotas, signatures }: WorkspaceChange): Promise<Workspace> {
    return this.#changing.run(name, async () => {
      const before = this.get(name);
      return this.#put({
        ...before,
        description: description ?? before.description,
        quotas: quotas ?? before.quotas,
        signatures: signatures ?? before.signatures,
      });
    });
  }

  /** Counts a run or a message against the quota of its workspace. Throws WorkspaceNotFoundError, QuotaExceededError. */
  takeRate(name: string, quota: "runs_per_minute" | "messages_per_minute"): void {
    const max = this.get(name).quotas[quota];
    if (max === undefined || this.#rates.take(`${quota} ${name}`, max)) return;
    throw new QuotaExceededError(quota, max, Math.ceil(MINUTE_MS / Math.max(1, max)));
  }

  /** Refuses what would make `total` of something. Throws WorkspaceNotFoundError, QuotaExceededError. */
  requireRoom(name: string, quota: QuotaName, total: number): void {
    const max = this.get(name).quotas[quota];
    if (max !== undefined && total > max) throw new QuotaExceededError(quota, max);
  }

  /** One quota as the module needs it that has what is counted. */
  stock(quota: QuotaName) {
    return {
      hasQuota: (name: string): boolean => this.quotas(name)[quota] !== undefined,
      hasRoom: (name: string, total: number): boolean => total <= (this.quotas(name)[quota] ?? Infinity),
      require: (name: string, total: number): void => this.requireRoom(name, quota, total),
      /** Reserves an amount beside what is used, until disposal. Throws WorkspaceNotFoundError, QuotaExceededError. */
      reserve: (name: string, used: number, amount: number): Disposable => {
        const key = `${quota} ${name}`;
        this.requireRoom(name, quota, used + (this.#reserved.get(key) ?? 0) + amount);
        return held(this.#reserved, key, amount);
      },
      /** Counts and adds after other such work in the workspace, so that nothing is added in between. */
      fill: <Result>(name: string, work: () => Promise<Result>): Promise<Result> =>
        this.#changing.run(`${quota} ${name}`, work),
    };
  }

  /** Counts an operation in a workspace until disposal. Throws WorkspaceNotFoundError. */
  use(name: string): Disposable {
    this.get(name);
    return held(this.#uses, name, 1);
  }

  /** Waits until no operation is in progress in a workspace. Throws WorkspaceInUseError when `signal` aborts. */
  async idle(name: string, signal: AbortSignal): Promise<void> {
    for (let count = this.#uses.get(name); count !== undefined; count = this.#uses.get(name)) {
      if (signal.aborted) throw new WorkspaceInUseError(name, `${count} operations in it have not ended`);
      await this.#clock.sleep(IDLE_CHECK_MS);
    }
  }

  /** Closes a workspace, has its content deleted, and deletes it. Throws WorkspaceNotFoundError, WorkspaceIsDefaultError and what `erase` throws. */
  delete(name: string, erase: () => Promise<void>): Promise<void> {
    if (name === DEFAULT_WORKSPACE) throw new WorkspaceIsDefaultError();
    return this.#changing.run(name, async () => {
      const found = this.#workspaces.get(name);
      if (found === undefined) throw new WorkspaceNotFoundError(name);
      await this.#put({ ...found, state: "deleting" });
      this.#ends.get(name)?.abort();
      this.#ends.delete(name);
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

/** Adds an amount to a sum until disposal. */
function held(sums: Map<string, number>, key: string, amount: number): Disposable {
  sums.set(key, (sums.get(key) ?? 0) + amount);
  return {
    [Symbol.dispose]: () => {
      const left = (sums.get(key) ?? 0) - amount;
      if (left > 0) sums.set(key, left);
      else sums.delete(key);
    },
  };
}
