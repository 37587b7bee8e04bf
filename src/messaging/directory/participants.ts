import { randomUUID } from "node:crypto";
import type { Clock } from "../../kernel/clock.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { SYSTEM_SENDER } from "../acl/index.ts";
import type { Directory, Presence, Provider } from "../router/index.ts";
import {
  DuplicateRegistrationError,
  ParticipantNameTakenError,
  ParticipantNotFoundError,
  ParticipantsFullError,
  RegistrationNotFoundError,
} from "./errors.ts";
import { badCapability, badName, badVersion, isRemote, RESERVED } from "./refusals.ts";
import { mintToken, tokenHash } from "./tokens.ts";
import type { Participant, ParticipantStore, Registration, RegistrationChange } from "./participant.ts";

/** 2 to 64 letters, digits and `_.-`; a letter first, a letter or digit last. */
export const PARTICIPANT_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,62}[A-Za-z0-9]$/u;
/** Lower-case words with hyphens; colons, dots and slashes group them. */
const CAPABILITY_NAME = /^[a-z][a-z0-9]*(?:[-_:./][a-z0-9]+)*$/u;
const CAPABILITY_CHARS_MAX = 100;
const VERSION = /^\d{1,6}\.\d{1,6}\.\d{1,6}(?:-[0-9A-Za-z.-]{1,40})?$/u;
/** Parts of the server have such names, as `caxton.tasks`. */
const isReserved = (name: string) => RESERVED.has(keyOf(name)) || keyOf(name).startsWith(`${SYSTEM_SENDER}.`);
const PRIORITY = 50;
/** Of a capability's description so much is compared. */
const DESCRIPTION_CHARS_MAX = 500;

type Registering = Pick<Registration, "workspace" | "agent" | "capability"> &
  Partial<Pick<Registration, "version" | "priority" | "healthCheckUrl" | "metadata">>;

/** A deployed agent, as far as messages are concerned. */
export type DeployedAgent = {
  readonly workspace: string;
  readonly name: string;
  readonly version: string;
  readonly capabilities: readonly string[];
};

/** `token` only when it is new. */
type Registered = { readonly participant: Participant; readonly token: string | undefined };

/** Name and description of a participant. */
type Known = { readonly name: string; readonly presence: Presence };

/** One workspace's names and capabilities. */
class Workspace {
  /** By names in lower case. */
  readonly agents = new Map<string, DeployedAgent>();
  readonly participants = new Map<string, Participant>();
  /** By capability; made when it is asked for, dropped when anything changes. */
  readonly providers = new Map<string, readonly Provider[]>();
  /** Names of deployed agents in lower case, by capability. */
  readonly declared = new Map<string, Set<string>>();
}

const NO_PROVIDERS: readonly Provider[] = [];
const keyOf = (name: string): string => name.toLowerCase();

/**
 * Who is there: deployed agents, and programs outside that are registered; and what they can do.
 * directory.participants.D1. It answers from memory; a change is on disk before it is answered from.
 * directory.participants.D2. A name belongs to one agent or participant, without regard to case.
 */
export class Participants implements Directory {
  readonly #store: ParticipantStore;
  readonly #clock: Clock;
  readonly #workspaces = new Map<string, Workspace>();
  readonly #registrations = new Map<string, Registration>();
  /** Time of the last activity of each participant, by workspace and name. */
  readonly #seenAtMs = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  /** By the hash of their token. */
  readonly #holders = new Map<string, Participant>();
  #changes = 0;

  constructor(deps: { readonly store: ParticipantStore; readonly clock: Clock }) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    const { participants, registrations } = deps.store.load();
    for (const participant of participants) {
      this.#workspace(participant.workspace).participants.set(keyOf(participant.name), participant);
      if (participant.tokenHash !== undefined) this.#holders.set(participant.tokenHash, participant);
    }
    for (const registration of registrations) this.#registrations.set(registration.id, registration);
  }

  find(workspace: string, name: string): Known | undefined {
    const known = this.#workspaces.get(workspace);
    const key = keyOf(name);
    const agent = known?.agents.get(key);
    if (agent !== undefined) return { name: agent.name, presence: "agent" };
    const participant = known?.participants.get(key);
    return participant === undefined ? undefined : { name: participant.name, presence: "participant" };
  }

  /** The agent of another system that has the name. */
  remote(workspace: string, name: string): { readonly name: string; readonly description: string } | undefined {
    const known = this.#workspaces.get(workspace);
    const found = known?.agents.has(keyOf(name)) === true ? undefined : known?.participants.get(keyOf(name));
    return found?.isRemote === true ? found : undefined;
  }

  *names(workspace: string): Iterable<string> {
    const known = this.#workspaces.get(workspace);
    if (known === undefined) return;
    for (const { name } of known.agents.values()) yield name;
    for (const { name } of known.participants.values()) yield name;
  }

  providers(workspace: string, capability: string): readonly Provider[] {
    const known = this.#workspaces.get(workspace);
    if (known === undefined) return NO_PROVIDERS;
    const kept = known.providers.get(capability);
    if (kept !== undefined) return kept;
    const made = this.#makeProviders(workspace, known, capability);
    // Only provided capabilities are kept: requested names may be any text.
    if (made.length > 0) known.providers.set(capability, made);
    return made;
  }

  #makeProviders(workspace: string, known: Workspace, capability: string): readonly Provider[] {
    const made: Provider[] = [];
    const registered = new Set<string>();
    for (const registration of this.#registrations.values()) {
      if (registration.workspace !== workspace || registration.capability !== capability) continue;
      const who = this.find(workspace, registration.agent);
      if (who === undefined) continue;
      const { version, priority, status, loadScore } = registration;
      registered.add(keyOf(who.name));
      made.push({ name: who.name, capability, version, priority, status, loadScore });
    }
    for (const key of known.declared.get(capability) ?? []) {
      const agent = known.agents.get(key);
      // What is registered says more than what is declared.
      if (agent === undefined || registered.has(key)) continue;
      const { name, version } = agent;
      made.push({ name, capability, version, priority: PRIORITY, status: "active", loadScore: undefined });
    }
    return made.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  capabilities(workspace: string): Iterable<string> {
    const known = new Set<string>();
    for (const [capability, agents] of this.#workspaces.get(workspace)?.declared ?? [])
      if (agents.size > 0) known.add(capability);
    for (const registration of this.#registrations.values())
      if (registration.workspace === workspace) known.add(registration.capability);
    return known;
  }

  /** `description` in the metadata of registrations. */
  descriptions(workspace: string, capability: string): readonly string[] {
    const found: string[] = [];
    for (const each of this.#registrations.values()) {
      const { description } = each.metadata;
      const isHere = each.workspace === workspace && each.capability === capability;
      if (isHere && typeof description === "string" && description !== "")
        found.push(description.slice(0, DESCRIPTION_CHARS_MAX));
    }
    return found;
  }

  watch(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** An agent was deployed, or is to be known at the start. */
  agentDeployed(agent: DeployedAgent): void {
    const known = this.#workspace(agent.workspace);
    this.#forgetAgent(known, agent.name);
    known.agents.set(keyOf(agent.name), agent);
    for (const capability of agent.capabilities) {
      const agents = known.declared.get(capability) ?? new Set<string>();
      known.declared.set(capability, agents.add(keyOf(agent.name)));
    }
    this.#changed(known);
  }

  /** It was deleted. Its mailbox stays, and what it registered. */
  agentDeleted(workspace: string, name: string): void {
    const known = this.#workspace(workspace);
    this.#forgetAgent(known, name);
    this.#changed(known);
  }

  #forgetAgent(known: Workspace, name: string): void {
    const key = keyOf(name);
    for (const capability of known.agents.get(key)?.capabilities ?? []) known.declared.get(capability)?.delete(key);
    known.agents.delete(key);
  }

  /**
   * Registers a program and returns its token once; a registered one gets the new description and
   * keeps its token. With `request`, a repetition of the request that made the token returns a new token, since the first may be lost.
   * Throws ParticipantNameError, ParticipantNameTakenError, ParticipantsFullError.
   */
  async register(workspace: string, name: string, description: string, request?: string): Promise<Registered> {
    const before = this.#registrable(workspace, name);
    if (before?.isRemote === true) throw isRemote(before.name);
    const isTokenIssued = before !== undefined && (request === undefined || before.tokenRequest !== request);
    if (isTokenIssued) return { participant: await this.#put({ ...before, description }), token: undefined };
    const token = mintToken();
    const registeredAtMs = before?.registeredAtMs ?? this.#clock.nowMs();
    const made = { workspace, name: before?.name ?? name, description, registeredAtMs };
    const participant = { ...made, tokenHash: tokenHash(token), tokenRequest: request, isRemote: false };
    return { participant: await this.#put(participant), token };
  }

  /**
   * Registers an agent of another system, which has no token, or changes its description. Throws ParticipantNameError,
   * ParticipantNameTakenError, ParticipantsFullError.
   */
  async registerRemote(workspace: string, name: string, description: string): Promise<Participant> {
    const before = this.#registrable(workspace, name);
    if (before?.isRemote === false)
      throw new ParticipantNameTakenError(`a program is called ${name}`, "Choose another name.", { name });
    const registeredAtMs = before?.registeredAtMs ?? this.#clock.nowMs();
    const made = { workspace, name: before?.name ?? name, description, registeredAtMs };
    return this.#put({ ...made, tokenHash: undefined, tokenRequest: undefined, isRemote: true });
  }

  /** The participant of a name, if there is one. Throws if none can be registered under it. */
  #registrable(workspace: string, name: string): Participant | undefined {
    if (!PARTICIPANT_NAME.test(name) || isReserved(name)) throw badName(name);
    const known = this.#workspace(workspace);
    if (known.agents.has(keyOf(name)))
      throw new ParticipantNameTakenError(`a deployed agent is called ${name}`, "Choose another name.", { name });
    const before = known.participants.get(keyOf(name));
    if (before === undefined && known.participants.size >= LIMITS.participantsMax) {
      throw new ParticipantsFullError(
        `${LIMITS.participantsMax} participants are registered`,
        "Delete some that are not needed: caxton participant list.",
        { max: LIMITS.participantsMax },
      );
    }
    return before;
  }

  async #put(participant: Participant): Promise<Participant> {
    await this.#store.saveParticipant(participant);
    const known = this.#workspace(participant.workspace);
    const before = known.participants.get(keyOf(participant.name));
    if (before?.tokenHash !== undefined) this.#holders.delete(before.tokenHash);
    if (participant.tokenHash !== undefined) this.#holders.set(participant.tokenHash, participant);
    known.participants.set(keyOf(participant.name), participant);
    this.#changed(known);
    return participant;
  }

  /** Replaces the token; the previous one ends at once. Throws ParticipantNotFoundError, ParticipantNameTakenError. */
  async rotateToken(
    workspace: string,
    name: string,
  ): Promise<{ readonly participant: Participant; readonly token: string }> {
    const token = mintToken();
    const changed = { ...this.program(workspace, name), tokenHash: tokenHash(token), tokenRequest: undefined };
    return { participant: await this.#put(changed), token };
  }

  /** Revokes the token of the participant; its mailbox stays. Throws ParticipantNotFoundError. */
  revokeToken(workspace: string, name: string): Promise<Participant> {
    return this.#put({ ...this.get(workspace, name), tokenHash: undefined, tokenRequest: undefined });
  }

  /** Whether a token of this hash is the program's. */
  holds(workspace: string, name: string, hash: string): boolean {
    return this.#workspaces.get(workspace)?.participants.get(keyOf(name))?.tokenHash === hash;
  }

  /** Returns the participant whose token this is. */
  holderOf(token: string): Participant | undefined {
    const hash = tokenHash(token);
    return hash === undefined ? undefined : this.#holders.get(hash);
  }

  /** Goes up with each change of who is there, or of their tokens. */
  get changes(): number {
    return this.#changes;
  }

  /** Takes a participant's name away, with its registrations. Throws ParticipantNotFoundError. */
  async remove(workspace: string, name: string): Promise<void> {
    const participant = this.get(workspace, name);
    await this.#store.deleteParticipant(workspace, participant.name);
    const known = this.#workspace(workspace);
    known.participants.delete(keyOf(name));
    if (participant.tokenHash !== undefined) this.#holders.delete(participant.tokenHash);
    for (const [id, registration] of this.#registrations)
      if (registration.workspace === workspace && keyOf(registration.agent) === keyOf(name))
        this.#registrations.delete(id);
    this.#changed(known);
  }

  /** Throws ParticipantNotFoundError. */
  get(workspace: string, name: string): Participant {
    const found = this.#workspaces.get(workspace)?.participants.get(keyOf(name));
    if (found !== undefined) return found;
    throw new ParticipantNotFoundError(
      `no participant is registered as ${name}`,
      "Register first: caxton participant register <name>, or POST /api/v1/participants.",
      { name },
    );
  }

  /** Throws ParticipantNotFoundError; ParticipantNameTakenError for an agent of another system. */
  program(workspace: string, name: string): Participant {
    const found = this.get(workspace, name);
    if (found.isRemote) throw isRemote(found.name);
    return found;
  }

  /** By name. */
  list(workspace: string): readonly Participant[] {
    const all = [...(this.#workspaces.get(workspace)?.participants.values() ?? [])];
    return all.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** A participant fetched, acknowledged or sent something. */
  seen(workspace: string, name: string): void {
    if (this.find(workspace, name)?.presence !== "participant") return;
    this.#seenAtMs.set(`${workspace}/${keyOf(name)}`, this.#clock.nowMs());
  }

  /** When a participant was last heard of, since the server started. */
  seenAtMs(workspace: string, name: string): number | undefined {
    return this.#seenAtMs.get(`${workspace}/${keyOf(name)}`);
  }

  /**
   * Says that an agent or participant provides a capability. Throws ParticipantNotFoundError, CapabilityNameError,
   * CapabilityVersionError, DuplicateRegistrationError.
   */
  async registerCapability(given: Registering): Promise<Registration> {
    const { workspace, capability, version = "1.0.0", priority = PRIORITY, healthCheckUrl, metadata = {} } = given;
    const agent = this.find(workspace, given.agent)?.name ?? this.get(workspace, given.agent).name;
    if (!CAPABILITY_NAME.test(capability) || capability.length > CAPABILITY_CHARS_MAX) throw badCapability(capability);
    if (!VERSION.test(version)) throw badVersion(version);
    const same = this.registrations(workspace).find(
      (each) => each.capability === capability && keyOf(each.agent) === keyOf(agent),
    );
    if (same !== undefined) {
      throw new DuplicateRegistrationError(
        `${agent} has registered ${capability} already`,
        `Change that one instead: PUT /api/v1/registrations/${same.id}.`,
        { agent, capability },
      );
    }
    const registration: Registration = {
      id: randomUUID(),
      workspace,
      agent,
      capability,
      version,
      priority,
      status: "active",
      loadScore: undefined,
      healthCheckUrl,
      metadata,
      registeredAtMs: this.#clock.nowMs(),
    };
    return this.#keep(registration);
  }

  async #keep(registration: Registration): Promise<Registration> {
    await this.#store.saveRegistration(registration);
    this.#registrations.set(registration.id, registration);
    this.#changed(this.#workspace(registration.workspace));
    return registration;
  }

  /** Throws RegistrationNotFoundError, CapabilityVersionError. */
  async changeRegistration(workspace: string, id: string, change: RegistrationChange): Promise<Registration> {
    const before = this.registration(workspace, id);
    if (change.version !== undefined && !VERSION.test(change.version)) throw badVersion(change.version);
    return this.#keep({
      ...before,
      version: change.version ?? before.version,
      priority: change.priority ?? before.priority,
      status: change.status ?? before.status,
      loadScore: change.loadScore ?? before.loadScore,
      healthCheckUrl: change.healthCheckUrl === null ? undefined : (change.healthCheckUrl ?? before.healthCheckUrl),
      metadata: change.metadata ?? before.metadata,
    });
  }

  /** Stores the result of a health check; listeners are notified of changes only. */
  async checked(id: string, isHealthy: boolean): Promise<void> {
    const registration = this.#registrations.get(id);
    if (registration === undefined) return;
    const { status } = registration;
    if (isHealthy && status === "unhealthy") await this.#keep({ ...registration, status: "active" });
    else if (!isHealthy && status === "active") await this.#keep({ ...registration, status: "unhealthy" });
  }

  /** Throws RegistrationNotFoundError. */
  async removeRegistration(workspace: string, id: string): Promise<void> {
    const registration = this.registration(workspace, id);
    await this.#store.deleteRegistration(registration.id);
    this.#registrations.delete(registration.id);
    this.#changed(this.#workspace(workspace));
  }

  /** Throws RegistrationNotFoundError. */
  registration(workspace: string, id: string): Registration {
    const found = this.#registrations.get(id);
    if (found !== undefined && found.workspace === workspace) return found;
    throw new RegistrationNotFoundError(`there is no registration ${id}`, "See: caxton capability list.", { id });
  }

  registrations(workspace: string): readonly Registration[] {
    return [...this.#registrations.values()].filter((each) => each.workspace === workspace);
  }

  /** Of all workspaces, those with an address to ask. */
  withHealthChecks(): readonly (Registration & { readonly healthCheckUrl: string })[] {
    return [...this.#registrations.values()].flatMap((each) =>
      each.healthCheckUrl === undefined ? [] : [{ ...each, healthCheckUrl: each.healthCheckUrl }],
    );
  }

  /** Forgets the agents, participants and registrations of a workspace that is deleted. */
  deleteWorkspace(workspace: string): void {
    for (const { tokenHash: hash } of this.list(workspace)) if (hash !== undefined) this.#holders.delete(hash);
    for (const { id } of this.registrations(workspace)) this.#registrations.delete(id);
    for (const key of this.#seenAtMs.keys()) if (key.startsWith(`${workspace}/`)) this.#seenAtMs.delete(key);
    this.#changed(this.#workspace(workspace));
    this.#workspaces.delete(workspace);
  }

  #workspace(name: string): Workspace {
    const known = this.#workspaces.get(name);
    if (known !== undefined) return known;
    const made = new Workspace();
    this.#workspaces.set(name, made);
    return made;
  }

  #changed(known: Workspace): void {
    this.#changes += 1;
    known.providers.clear();
    for (const listener of this.#listeners) listener();
  }
}
