import { KeyedMutex } from "../kernel/async/keyed-mutex.ts";
import type { Clock } from "../kernel/clock.ts";
import { CaxtonError, type Fault, toFault } from "../kernel/errors.ts";
import { log } from "../kernel/log.ts";
import { LIMITS } from "../kernel/quantities.ts";
import type { Participants } from "../messaging/directory/index.ts";
import type { Router } from "../messaging/router/index.ts";
import { registeredSkills, registerSkills } from "./capabilities.ts";
import { keyOf as publicKeyOf } from "./client/card-signature.ts";
import type { A2aClient, ReadCard } from "./client/a2a-client.ts";
import { agentNotFound, RemoteAgentError } from "./errors.ts";
import type { A2aAgent, A2aStore } from "./remote-agent.ts";

export type RemoteAgentsParts = {
  readonly store: A2aStore;
  readonly client: Pick<A2aClient, "card">;
  readonly participants: Participants;
  readonly router: Pick<Router, "removed">;
  /** Gives the mailbox of an agent to the handler. */
  readonly attach: (workspace: string, name: string) => Disposable;
  readonly clock: Clock;
};

export type NewA2aAgent = Pick<A2aAgent, "workspace" | "name" | "url" | "auth" | "keys">;
/** `problem`: why its card was not read when it was last tried. */
export type ListedA2aAgent = { readonly agent: A2aAgent; readonly problem: Fault | undefined };

const keyOf = (workspace: string, name: string): string => `${workspace}/${name.toLowerCase()}`;

/** How often cards are read again. */
const REFRESH_MS = 3_600_000;

/** The agents of other systems that take part in messaging. It answers from memory; a change is on disk before it is answered from. */
export class RemoteAgents implements AsyncDisposable {
  readonly #parts: RemoteAgentsParts;
  readonly #agents = new Map<string, A2aAgent>();
  readonly #problems = new Map<string, Fault>();
  readonly #attached = new Map<string, Disposable>();
  readonly #changing = new KeyedMutex<string>();
  readonly #stop = new AbortController();
  #refreshing: Promise<void> | undefined;

  constructor(parts: RemoteAgentsParts) {
    this.#parts = parts;
    for (const agent of parts.store.agents()) this.#agents.set(keyOf(agent.workspace, agent.name), agent);
  }

  /** Takes the messages to all agents, and reads their cards from time to time. */
  start(): void {
    for (const { workspace, name } of this.#agents.values()) this.#attach(workspace, name);
    this.#refreshing = this.#refreshAll();
  }

  find(workspace: string, name: string): A2aAgent | undefined {
    return this.#agents.get(keyOf(workspace, name));
  }

  /** Throws RemoteAgentError. */
  get(workspace: string, name: string): ListedA2aAgent {
    const agent = this.find(workspace, name);
    if (agent === undefined) throw agentNotFound(name);
    return { agent, problem: this.#problems.get(keyOf(workspace, name)) };
  }

  /** Capabilities by the skills in its card. */
  capabilitiesOf({ workspace, name }: A2aAgent): readonly string[] {
    return registeredSkills(this.#parts.participants, workspace, name).map(({ capability }) => capability);
  }

  /** Number of tasks that have not ended. */
  openTasks({ workspace, name }: A2aAgent): number {
    return this.#parts.store.open(workspace, name);
  }

  /** By name. */
  list(workspace: string): readonly ListedA2aAgent[] {
    return [...this.#agents.values()]
      .filter((agent) => agent.workspace === workspace)
      .toSorted((one, other) => (one.name < other.name ? -1 : 1))
      .map(({ name }) => this.get(workspace, name));
  }

  /**
   * Adds an agent with the capabilities in its card, or changes its address, credentials and keys. Throws RemoteAgentError,
   * ParticipantNameError, ParticipantNameTakenError, ParticipantsFullError, AddressRefusedError.
   */
  add(wanted: NewA2aAgent): Promise<ListedA2aAgent> {
    const { workspace, name } = wanted;
    return this.#changing.run(keyOf(workspace, name), async () => {
      const before = this.find(workspace, name);
      if (before === undefined && this.list(workspace).length >= LIMITS.remoteAgentsMax)
        throw new RemoteAgentError("REMOTE_AGENT_INVALID", name, {
          message: `the workspace has ${LIMITS.remoteAgentsMax} agents of other systems`,
          hint: "Delete some that are not needed: caxton remote-agent list.",
        });
      if (wanted.keys.some((key) => publicKeyOf(key) === undefined))
        throw new RemoteAgentError("REMOTE_AGENT_INVALID", name, {
          message: "keys: one of them is no public key",
          hint: "Each is a public key as JWK, of type EC, RSA or OKP, without its private part.",
        });
      const known = { ...wanted, name: before?.name ?? name };
      const read = await this.#parts.client.card(known, this.#stop.signal);
      const { name: registered } = await this.#parts.participants.registerRemote(
        workspace,
        name,
        read.card.description,
      );
      await this.#save({ ...known, name: registered, addedAtMs: before?.addedAtMs }, read);
      this.#attach(workspace, registered);
      return this.get(workspace, registered);
    });
  }

  /** Reads the card again. Throws RemoteAgentError, AddressRefusedError. */
  refresh(workspace: string, name: string): Promise<ListedA2aAgent> {
    return this.#changing.run(keyOf(workspace, name), async () => {
      const { agent } = this.get(workspace, name);
      try {
        const read = await this.#parts.client.card(agent, this.#stop.signal);
        await this.#parts.participants.registerRemote(workspace, agent.name, read.card.description);
        await this.#save(agent, read);
        return this.get(workspace, name);
      } catch (error) {
        if (this.#stop.signal.aborted || !(error instanceof CaxtonError)) throw error;
        this.#problems.set(keyOf(workspace, name), toFault(error));
        // Capability routing leaves it out until its card can be read.
        for (const { id } of registeredSkills(this.#parts.participants, workspace, agent.name))
          await this.#parts.participants.checked(id, false);
        throw error;
      }
    });
  }

  /** Removes an agent with its capabilities; its open tasks are not followed any more. Throws RemoteAgentError. */
  remove(workspace: string, name: string): Promise<void> {
    return this.#changing.run(keyOf(workspace, name), async () => {
      const { agent } = this.get(workspace, name);
      await this.#parts.store.deleteAgent(workspace, agent.name);
      this.#forget(workspace, agent.name);
      await this.#parts.participants.remove(workspace, agent.name);
      await this.#parts.router.removed(workspace, agent.name);
    });
  }

  /** Forgets the agents of a workspace that is deleted. */
  deleteWorkspace(workspace: string): void {
    for (const { agent } of this.list(workspace)) this.#forget(workspace, agent.name);
  }

  #forget(workspace: string, name: string): void {
    const key = keyOf(workspace, name);
    this.#agents.delete(key);
    this.#problems.delete(key);
    this.#attached.get(key)?.[Symbol.dispose]();
    this.#attached.delete(key);
  }

  #attach(workspace: string, name: string): void {
    this.#attached.getOrInsertComputed(keyOf(workspace, name), () => this.#parts.attach(workspace, name));
  }

  async #save(of: NewA2aAgent & { readonly addedAtMs?: number | undefined }, { card, json }: ReadCard): Promise<void> {
    const { store, participants, clock } = this.#parts;
    const { workspace, name, url, auth, keys } = of;
    const nowMs = clock.nowMs();
    const times = { addedAtMs: of.addedAtMs ?? nowMs, checkedAtMs: nowMs };
    const agent: A2aAgent = {
      workspace,
      name,
      url,
      auth,
      keys,
      card: json,
      ...times,
    };
    await store.saveAgent(agent);
    this.#agents.set(keyOf(workspace, name), agent);
    this.#problems.delete(keyOf(workspace, name));
    await registerSkills(participants, agent, card);
  }

  /** Reads the cards that were not read for an hour, one after the other. Never rejects. */
  async #refreshAll(): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = this.#stop;
    for (; !signal.aborted; await clock.sleep(REFRESH_MS / 12, signal).catch(() => undefined)) {
      const all = Array.from(this.#agents.values());
      for (const { workspace, name, checkedAtMs } of all) {
        if (signal.aborted) return;
        if (clock.nowMs() - checkedAtMs < REFRESH_MS) continue;
        await this.refresh(workspace, name).catch((error: unknown) => {
          if (!signal.aborted)
            log.warn({ workspace, agent: name, err: error }, "the card of a remote agent was not read");
        });
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the server stops"));
    for (const attached of this.#attached.values()) attached[Symbol.dispose]();
    await this.#refreshing;
  }
}
