import { handlerOf, messageRequest } from "./prompts/act-prompts.ts";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { nearest, type Problem } from "../../text/documents/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import {
  nameKey,
  type AgentQuery,
  type AgentRevision,
  type AgentStore,
  type AgentSummary,
  type AgentCandidate,
  type Deployed,
  type Deployer,
  type Page,
  type PageQuery,
  type Paused,
  type RevisionSummary,
  type ServingAgent,
  type StateChange,
} from "./agent-store.ts";
import type { AgentDefinition } from "./definition.ts";
import {
  AgentNotFoundError,
  AgentPausedError,
  DefinitionInvalidError,
  DefinitionTooLargeError,
  NameConflictError,
  NoEarlierRevisionError,
  RevisionNotFoundError,
} from "./errors.ts";
import { Lru } from "./lru.ts";
import { compilePrompt, fillSystemPrompt, type Prompt, refuseUnknownVariables } from "./prompts/prompt.ts";
import { type DefinitionFormat, formatOf, readDefinition, type Reading, type ReadOptions } from "./reading.ts";

export type AgentsDeps = Pick<ReadOptions, "failedServers"> & {
  readonly store: AgentStore;
  readonly clock: Clock;
  /** The tools that definitions of a workspace may name. */
  readonly knownTools: (workspace: string) => Iterable<string>;
};

/** A definition file's text; the name is for messages, and its extension determines the format. */
export type DefinitionSource = {
  readonly source: string;
  readonly fileName: string;
  /** Default: by the name's extension and the first line. */
  readonly format?: DefinitionFormat | undefined;
  /** Undefined for files of the operator. */
  readonly deployedBy?: Deployer | undefined;
};

/** A revision prepared to run: nothing is parsed when a run starts. */
export type PreparedAgent = {
  readonly workspace: string;
  readonly name: string;
  readonly revision: number;
  readonly version: string;
  /** The file it was deployed from, for messages. */
  readonly fileName: string;
  readonly definition: AgentDefinition;
  /** Parameters filled in. */
  readonly systemPrompt: string;
  /** The prompt of one run. Throws PromptRenderError, VariableUnknownError. */
  readonly prompt: Prompt;
};

/** The serving revision, prepared, and the state of its agent. */
type Serving = { readonly prepared: PreparedAgent; readonly paused: Paused | undefined };

export type DeployResult = Deployed & { readonly warnings: readonly Problem[] };

/** `kept`: the deployed revision has another origin than the file, and stays. */
export type FileDeployResult = DeployResult | { readonly type: "kept"; readonly revision: ServingAgent };

const PREPARED_MAX = 256;
const hashOf = (source: string): string => createHash("sha256").update(source).digest("hex");

/**
 * Deployed agents.
 * definitions.agents.A1. Every change of an agent is made by one instance, so the serving revision that it remembers
 *   is the stored one.
 * definitions.agents.A2. It holds at most 256 prepared agents, whatever the number deployed.
 */
export class Agents {
  readonly #deps: AgentsDeps;
  readonly #prepared = new Lru<PreparedAgent>(PREPARED_MAX);
  readonly #serving = new Lru<Serving>(PREPARED_MAX);
  /** Counts changes: a revision that was read before one must not be remembered as the latest after it. */
  #changes = 0;

  constructor(deps: AgentsDeps) {
    this.#deps = deps;
  }

  /** Reads and checks definitions without deploying. Throws DefinitionTooLargeError. */
  validate(workspace: string, { source, fileName, format }: DefinitionSource): Reading {
    const bytes = Buffer.byteLength(source);
    if (bytes > LIMITS.definitionBytesMax)
      throw new DefinitionTooLargeError(fileName, bytes, LIMITS.definitionBytesMax);
    const knownTools = () => this.#deps.knownTools(workspace);
    return readDefinition(source, fileName, { failedServers: this.#deps.failedServers, knownTools, format });
  }

  /** Deploys one definition. Throws DefinitionInvalidError, DefinitionTooLargeError, NameConflictError. */
  async deploy(workspace: string, file: DefinitionSource, signal?: AbortSignal): Promise<DeployResult> {
    const [result] = await this.deployAll(workspace, [file], signal);
    assert(result !== undefined, "a store gives one result for each candidate");
    return result;
  }

  /**
   * Deploys a definition file. One that was not just saved leaves a deployed revision of another origin in place: an edit in
   * the dashboard, a deployment by a client, an older revision that was activated. Throws as `deploy`.
   */
  async deployFile(workspace: string, file: DefinitionSource, isSaved: boolean): Promise<FileDeployResult> {
    const { name } = this.#read(workspace, file).definition;
    const serving = await this.find(workspace, name);
    const hash = hashOf(file.source);
    if (!isSaved && serving?.name === name && serving.sourceHash !== hash && serving.sourceHash !== serving.fileHash)
      return { type: "kept", revision: serving };
    const result = await this.deploy(workspace, file);
    await this.settleFile(workspace, name, hash);
    return result;
  }

  /** Notes that the text with this hash of an agent's definition file is the deployed one. */
  settleFile(workspace: string, name: string, hash: string): Promise<void> {
    return this.#deps.store.setFileHash(workspace, name, hash);
  }

  /** Deploys all of the definitions or, when one cannot be, none. Throws as `deploy`. */
  async deployAll(
    workspace: string,
    files: readonly DefinitionSource[],
    signal?: AbortSignal,
  ): Promise<readonly DeployResult[]> {
    const deployedAtMs = this.#deps.clock.nowMs();
    const read = files.map((file) => ({ file, ...this.#read(workspace, file) }));
    const candidates = read.map(({ file: { source, fileName, format, deployedBy }, definition }): AgentCandidate => ({
      workspace,
      name: definition.name,
      version: definition.version,
      definition,
      source,
      format: format ?? formatOf(source, fileName),
      sourceHash: hashOf(source),
      fileName,
      deployedAtMs,
      deployedBy,
    }));
    try {
      const deployment = await this.#deps.store.deploy(candidates, signal);
      if (deployment.type === "conflict") throw new NameConflictError(workspace, deployment.name, deployment.existing);
      return deployment.results.map((result, index) => ({ ...result, warnings: read[index]?.warnings ?? [] }));
    } finally {
      for (const { name } of candidates) this.#forgetServing(workspace, name);
    }
  }

  /** The serving revision, with its source. Throws AgentNotFoundError. */
  async get(workspace: string, name: string, signal?: AbortSignal): Promise<ServingAgent> {
    const revision = await this.#deps.store.serving(workspace, name, signal);
    return revision ?? (await this.#refuse(workspace, name, signal));
  }

  /** The serving revision, with its source; undefined when the agent is not there. */
  async find(workspace: string, name: string, signal?: AbortSignal): Promise<ServingAgent | undefined> {
    return this.#deps.store.serving(workspace, name, signal);
  }

  /** One revision, with its source; of a deleted agent too. Throws RevisionNotFoundError. */
  async revision(workspace: string, name: string, revision: number, signal?: AbortSignal): Promise<AgentRevision> {
    const found = await this.#deps.store.revision(workspace, name, revision, signal);
    if (found === undefined) throw new RevisionNotFoundError(workspace, name, revision);
    return found;
  }

  /** The serving revision, prepared for a run. Throws AgentNotFoundError. */
  async prepareServing(workspace: string, name: string, signal?: AbortSignal): Promise<PreparedAgent> {
    return (await this.#servingOf(workspace, name, signal)).prepared;
  }

  /** Refuses new runs of a paused agent; a deleted one may still be forked. Throws AgentPausedError. */
  async refusePaused(workspace: string, name: string, signal?: AbortSignal): Promise<void> {
    const remembered = this.#serving.get(servingKey(workspace, name));
    const paused = remembered === undefined ? (await this.find(workspace, name, signal))?.paused : remembered.paused;
    if (paused !== undefined) throw new AgentPausedError(name, paused);
  }

  async #servingOf(workspace: string, name: string, signal?: AbortSignal): Promise<Serving> {
    const key = servingKey(workspace, name);
    const remembered = this.#serving.get(key);
    if (remembered !== undefined) return remembered;
    const changes = this.#changes;
    const agent = await this.get(workspace, name, signal);
    const serving = { prepared: this.#prepare(agent), paused: agent.paused };
    if (changes === this.#changes) this.#serving.set(key, serving);
    return serving;
  }

  /** Makes a stored revision the serving one. Throws AgentNotFoundError, RevisionNotFoundError. */
  async activate(workspace: string, name: string, revision: number, by?: Deployer): Promise<ServingAgent> {
    return this.#change(workspace, name, async (agent) => {
      const activation = { atMs: this.#deps.clock.nowMs(), by };
      if ((await this.#deps.store.activate(workspace, name, revision, activation)) === "not-found")
        throw new RevisionNotFoundError(workspace, agent.name, revision);
    });
  }

  /** The revision before the serving one. Throws AgentNotFoundError, NoEarlierRevisionError. */
  async previous(workspace: string, name: string): Promise<number> {
    const { name: shown, revision } = await this.get(workspace, name);
    const { items } = await this.#deps.store.revisions(workspace, name, { cursor: String(revision), limit: 1 });
    const [previous] = items;
    if (previous === undefined) throw new NoEarlierRevisionError(shown, revision);
    return previous.revision;
  }

  /**
   * Pauses an agent: it takes no new runs and its messages stay in its mailbox until it is resumed. Runs in progress continue.
   * Throws AgentNotFoundError.
   */
  async pause(workspace: string, name: string, reason: string): Promise<ServingAgent> {
    const paused = { reason, atMs: this.#deps.clock.nowMs() };
    return this.#change(workspace, name, () => this.#deps.store.pause(workspace, name, paused));
  }

  /** Lets a paused agent take work again. Throws AgentNotFoundError. */
  async resume(workspace: string, name: string): Promise<ServingAgent> {
    return this.#change(workspace, name, () => this.#deps.store.pause(workspace, name, undefined));
  }

  async #change(
    workspace: string,
    name: string,
    change: (agent: ServingAgent) => Promise<StateChange | void>,
  ): Promise<ServingAgent> {
    const agent = await this.get(workspace, name);
    try {
      await change(agent);
    } finally {
      this.#forgetServing(workspace, name);
    }
    return this.get(workspace, name);
  }

  /** Prepares a revision for a run that started with it. Throws RevisionNotFoundError. */
  async prepare(workspace: string, name: string, revision: number, signal?: AbortSignal): Promise<PreparedAgent> {
    return (
      this.#prepared.get(revisionKey(workspace, name, revision)) ??
      this.#prepare(await this.revision(workspace, name, revision, signal))
    );
  }

  async list(workspace: string, query: AgentQuery, signal?: AbortSignal): Promise<Page<AgentSummary>> {
    return this.#deps.store.list(workspace, query, signal);
  }

  /** Newest first. Throws AgentNotFoundError when the agent is not there. */
  async revisions(
    workspace: string,
    name: string,
    query: PageQuery,
    signal?: AbortSignal,
  ): Promise<Page<RevisionSummary>> {
    const [page, serving] = await Promise.all([
      this.#deps.store.revisions(workspace, name, query, signal),
      this.#deps.store.serving(workspace, name, signal),
    ]);
    return serving === undefined ? this.#refuse(workspace, name, signal) : page;
  }

  /** Deletes an agent. Runs that began with it continue. Throws AgentNotFoundError. */
  async delete(workspace: string, name: string, signal?: AbortSignal): Promise<void> {
    try {
      if (!(await this.#deps.store.delete(workspace, name, signal))) await this.#refuse(workspace, name, signal);
    } finally {
      this.#forgetServing(workspace, name);
    }
  }

  /** Forgets every agent in memory, because a workspace is deleted. */
  forgetAll(): void {
    this.#changes += 1;
    this.#serving.clear();
    this.#prepared.clear();
  }

  /** Workspaces with deployed agents. */
  workspaces(): Promise<readonly string[]> {
    return this.#deps.store.workspaces();
  }

  /** Agents deployed in a workspace, or in all. */
  async count(workspace?: string, signal?: AbortSignal): Promise<number> {
    return this.#deps.store.count(workspace, signal);
  }

  #read(
    workspace: string,
    file: DefinitionSource,
  ): { readonly definition: AgentDefinition; readonly warnings: readonly Problem[] } {
    const reading = this.validate(workspace, file);
    if (reading.type === "invalid") throw new DefinitionInvalidError(file.fileName, reading.problems);
    return { definition: reading.definition, warnings: reading.problems };
  }

  #prepare({ workspace, name, revision, version, definition, fileName }: AgentRevision): PreparedAgent {
    const key = revisionKey(workspace, name, revision);
    const known = this.#prepared.get(key);
    if (known !== undefined) return known;
    const prepared: PreparedAgent = {
      workspace,
      name,
      revision,
      version,
      fileName,
      definition,
      systemPrompt: fillSystemPrompt(definition.systemPrompt, name, definition.parameters),
      prompt: promptFor(definition),
    };
    this.#prepared.set(key, prepared);
    return prepared;
  }

  #forgetServing(workspace: string, name: string): void {
    this.#changes += 1;
    this.#serving.delete(servingKey(workspace, name));
  }

  async #refuse(workspace: string, name: string, signal?: AbortSignal): Promise<never> {
    const { items } = await this.#deps.store.list(workspace, { limit: 200 }, signal);
    throw new AgentNotFoundError(
      workspace,
      name,
      nearest(
        name,
        items.map((item) => item.name),
      ),
    );
  }
}

/** A message is put by the template that is for its act, or by the general one in words that say what it is. */
function promptFor({ name, userPromptTemplate, messaging, parameters }: AgentDefinition): Prompt {
  const general = compilePrompt(userPromptTemplate, parameters);
  const byHandler = new Map(
    Object.entries(messaging.templates).map(([handler, source]) => [handler, compilePrompt(source, parameters)]),
  );
  const templates = [userPromptTemplate, ...Object.values(messaging.templates)];
  return (variables) => {
    const { message, request, variables: given } = variables;
    if (given !== undefined)
      refuseUnknownVariables(Object.keys(given), { name, parameters: Object.keys(parameters), templates });
    if (message === undefined) return general(variables);
    const own = byHandler.get(handlerOf(message.performative) ?? "");
    return own === undefined
      ? general({ ...variables, message: undefined, request: messageRequest(request, message) })
      : own(variables);
  };
}

const servingKey = (workspace: string, name: string): string => JSON.stringify([workspace, nameKey(name)]);
const revisionKey = (workspace: string, name: string, revision: number): string =>
  JSON.stringify([workspace, nameKey(name), revision]);
