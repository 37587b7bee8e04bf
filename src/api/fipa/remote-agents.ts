import { isDeepStrictEqual } from "node:util";
import { log } from "../../kernel/log.ts";
import { type AgentIdentifier } from "../../messaging/acl/index.ts";

/** A service that an agent offers, as a directory facilitator knows it. */
export type Service = { readonly name: string; readonly type: string };
export type RemoteAgent = { readonly id: AgentIdentifier; readonly services: readonly Service[] };

/** Where agents that were met are kept. */
export interface RemoteAgentStore {
  /** The one met last comes last. */
  load(): readonly RemoteAgent[];
  /** In place of the one of this name. */
  save(agent: RemoteAgent): Promise<void>;
  delete(name: string): Promise<void>;
}

const AGENTS_MAX = 10_000;
const keyOf = (name: string): string => name.toLowerCase();

/**
 * Agents of other platforms with their addresses: the configured ones, and the newest 10,000 that sent a message or
 * registered. The store keeps them across restarts; writes to it are asynchronous.
 */
export class RemoteAgents {
  readonly #configured: ReadonlyMap<string, RemoteAgent>;
  readonly #met = new Map<string, RemoteAgent>();
  readonly #store: RemoteAgentStore | undefined;
  readonly #listeners = new Set<() => void>();

  /** `configured` gives addresses to names, as in `[fipa.agents]`. */
  constructor(configured: Readonly<Record<string, string>>, store?: RemoteAgentStore) {
    const agents = Object.entries(configured).map(([name, address]): [string, RemoteAgent] => [
      keyOf(name),
      { id: { name, addresses: [address], resolvers: [], parameters: {} }, services: [] },
    ]);
    this.#configured = new Map(agents);
    this.#store = store;
    for (const agent of store?.load() ?? []) this.#met.set(keyOf(agent.id.name), agent);
  }

  find(name: string): RemoteAgent | undefined {
    return this.#met.get(keyOf(name)) ?? this.#configured.get(keyOf(name));
  }

  all(): readonly RemoteAgent[] {
    return [...new Map([...this.#configured, ...this.#met]).values()];
  }

  /** Keeps where an agent was last said to be reached. */
  meet(id: AgentIdentifier): void {
    if (id.addresses.length === 0 || this.#configured.has(keyOf(id.name))) return;
    const before = this.#met.get(keyOf(id.name));
    this.#keep({ id, services: before?.services ?? [] });
    if (before === undefined) this.#changed();
  }

  /** What a registration says; without services the agent offers none any more. */
  offer(id: AgentIdentifier, services: readonly Service[]): void {
    const configured = this.#configured.get(keyOf(id.name))?.id;
    const known = configured ?? (id.addresses.length > 0 ? id : (this.find(id.name)?.id ?? id));
    this.#keep({ id: known, services });
    this.#changed();
  }

  /** Called for each agent that is new or whose capabilities changed. */
  watch(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  #keep(agent: RemoteAgent): void {
    const key = keyOf(agent.id.name);
    const before = this.#met.get(key);
    this.#met.delete(key);
    this.#met.set(key, agent);
    // Every message has a sender: only new or changed agents are written.
    if (!isDeepStrictEqual(before, agent)) kept(this.#store?.save(agent));
    const [oldest] = this.#met.keys();
    if (this.#met.size <= AGENTS_MAX || oldest === undefined) return;
    this.#met.delete(oldest);
    kept(this.#store?.delete(oldest));
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

const kept = (writing: Promise<void> | undefined): void =>
  void writing?.catch((error: unknown) =>
    log.warn({ error }, "an agent of another platform could not be written down"),
  );
