import { type AgentIdentifier } from "../../messages/index.ts";

/** A service that an agent offers, as a directory facilitator knows it. */
export type Service = { readonly name: string; readonly type: string };
export type RemoteAgent = { readonly id: AgentIdentifier; readonly services: readonly Service[] };

const AGENTS_MAX = 10_000;
const keyOf = (name: string): string => name.toLowerCase();

/** Agents of other platforms and where they are reached: those configured, and the newest 10,000 that wrote or registered. */
export class RemoteAgents {
  readonly #configured: ReadonlyMap<string, RemoteAgent>;
  readonly #met = new Map<string, RemoteAgent>();
  readonly #listeners = new Set<() => void>();

  /** `configured` gives addresses to names, as in `[fipa.agents]`. */
  constructor(configured: Readonly<Record<string, string>>) {
    const agents = Object.entries(configured).map(([name, address]): [string, RemoteAgent] => [
      keyOf(name),
      { id: { name, addresses: [address], resolvers: [], parameters: {} }, services: [] },
    ]);
    this.#configured = new Map(agents);
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

  /** Told of each agent that is new or offers something else. */
  watch(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  #keep(agent: RemoteAgent): void {
    const key = keyOf(agent.id.name);
    this.#met.delete(key);
    this.#met.set(key, agent);
    const [oldest] = this.#met.keys();
    if (this.#met.size > AGENTS_MAX && oldest !== undefined) this.#met.delete(oldest);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
