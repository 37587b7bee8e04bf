import type { AgentCard } from "@a2a-js/sdk";
import { UnsupportedOperationError } from "@a2a-js/sdk/errors";
import { CredentialsRequiredError } from "../../access/index.ts";
import { type AgentDetail, type AgentSummary, operations } from "../contract/index.ts";
import { type ApiServices, type Caller, SentOnce } from "../operations/index.ts";
import { agentCard, extendedAgentCard, extendedServerCard, serverCard } from "./card.ts";
import { CardKey, type PublicKey } from "./card-key.ts";
import type { A2aOptions } from "./index.ts";
import { withLegacyInterfaces } from "./legacy-card.ts";
import { Requests } from "./requests.ts";
import { LEGACY_VERSION, type Version } from "./versions.ts";

const AGENTS_MAX = 1_000;

/** Who sends a request, and to what address. */
export type Addressed = {
  /** Undefined for a client without credentials. */
  readonly caller: Caller | undefined;
  /** The agent in the address; undefined for the address of the server. */
  readonly agent: string | undefined;
  /** Where the client reaches the server. */
  readonly base: string;
};

/** Agent2Agent of one server, for all bindings. */
export class Endpoint {
  readonly #services: ApiServices;
  readonly #options: A2aOptions;
  #cardKey: CardKey | undefined;

  constructor(services: ApiServices, options: A2aOptions) {
    this.#services = services;
    this.#options = options;
  }

  get #key(): CardKey {
    return (this.#cardKey ??= CardKey.open(this.#services.server.dataDirectory));
  }

  get publicKeys(): readonly PublicKey[] {
    return [this.#key.publicKey];
  }

  /** Where a client reaches the server that used the address `origin`. */
  baseAt(origin: string): string {
    return this.#options.publicUrl?.replace(/\/$/, "") ?? origin;
  }

  /** The signed card of an agent, or of the server; a client without credentials sees no agents in it. */
  async card({ caller, agent, base }: Addressed): Promise<AgentCard> {
    const card =
      agent === undefined
        ? serverCard(await this.#agents(caller), base, this.#options)
        : agentCard(await this.#agent(caller, agent), base, this.#options);
    return this.#key.sign(card, base);
  }

  /** The card with the details of the agents, for callers. */
  async extendedCard({ caller, agent, base }: Addressed & { readonly caller: Caller }): Promise<AgentCard> {
    const card =
      agent === undefined
        ? extendedServerCard(await this.#agents(caller), base, this.#options)
        : extendedAgentCard(await this.#agent(caller, agent), base, this.#options);
    return this.#key.sign(card, base);
  }

  async #agent(caller: Caller | undefined, name: string): Promise<AgentDetail> {
    if (caller === undefined) throw new CredentialsRequiredError();
    return caller.perform(operations.agent.get, { name });
  }

  async #agents(caller: Caller | undefined): Promise<readonly AgentSummary[]> {
    if (caller === undefined) return [];
    const agents: AgentSummary[] = [];
    let cursor: string | undefined;
    while (agents.length < AGENTS_MAX) {
      const query = { limit: 100, ...(cursor !== undefined && { cursor }) };
      const page = await caller.perform(operations.agent.list, query);
      agents.push(...page.items);
      if (page.next === null) break;
      cursor = page.next;
    }
    return agents;
  }

  requests(caller: Caller, { agent, base }: Omit<Addressed, "caller">, version?: Version): Requests {
    const extended = async (named: string | undefined) => {
      const card = await this.extendedCard({ caller, agent: named, base });
      return version === LEGACY_VERSION ? withLegacyInterfaces(card) : card;
    };
    return new Requests({
      caller,
      agent,
      base,
      version,
      checkUrl: (url) => this.#services.webhooks.notifications.check(url),
      nowMs: () => this.#services.server.clock.nowMs(),
      sentOnce: new SentOnce(this.#services, {
        protocol: "a2a",
        refusal: () => new UnsupportedOperationError("the same message is being handled"),
      }),
      cards: { own: () => this.card({ caller, agent, base }), extended },
    });
  }
}
