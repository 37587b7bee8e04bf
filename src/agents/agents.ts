import { handlerOf, messageRequest } from "./act-prompts.ts";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { nearest, type Problem } from "../documents/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { LIMITS } from "../kernel/quantities.ts";
import {
  nameKey,
  type AgentQuery,
  type AgentRevision,
  type AgentStore,
  type AgentSummary,
  type AgentCandidate,
  type Deployed,
  type Page,
  type PageQuery,
  type RevisionSummary,
} from "./agent-store.ts";
import type { AgentDefinition } from "./definition.ts";
import {
  AgentNotFoundError,
  DefinitionInvalidError,
  DefinitionTooLargeError,
  NameConflictError,
  RevisionNotFoundError,
} from "./errors.ts";
import { Lru } from "./lru.ts";
import { compilePrompt, fillSystemPrompt, type Prompt } from "./prompt.ts";
import { formatOf, readDefinition, type Reading } from "./reading.ts";
import type { KnownTools } from "./semantics.ts";

export type AgentsDeps = { readonly store: AgentStore; readonly clock: Clock; readonly knownTools: KnownTools };

/** A definition file's text; the name is for messages, and its extension tells the format. */
export type DefinitionSource = { readonly source: string; readonly fileName: string };

/** A revision made ready to run: nothing is parsed when a run starts. */
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
  /** The prompt of one run. Throws PromptRenderError. */
  readonly prompt: Prompt;
};

export type DeployResult = Deployed & { readonly warnings: readonly Problem[] };

const PREPARED_MAX = 256;

/**
 * Deployed agents.
 * A1. Every deployment and deletion goes through one instance, so what it remembers as the latest revision is that.
 * A2. It holds at most 256 prepared agents, whatever the number deployed.
 */
export class Agents {
  readonly #deps: AgentsDeps;
  readonly #prepared = new Lru<PreparedAgent>(PREPARED_MAX);
  readonly #latest = new Lru<PreparedAgent>(PREPARED_MAX);
  /** Counts changes: a revision that was read before one must not be remembered as the latest after it. */
  #changes = 0;

  constructor(deps: AgentsDeps) {
    this.#deps = deps;
  }

  /** Reads and checks definitions without deploying. Throws DefinitionTooLargeError. */
  validate({ source, fileName }: DefinitionSource): Reading {
    const bytes = Buffer.byteLength(source);
    if (bytes > LIMITS.definitionBytesMax)
      throw new DefinitionTooLargeError(fileName, bytes, LIMITS.definitionBytesMax);
    return readDefinition(source, fileName, { knownTools: this.#deps.knownTools });
  }

  /** Deploys one definition. Throws DefinitionInvalidError, DefinitionTooLargeError, NameConflictError. */
  async deploy(workspace: string, file: DefinitionSource, signal?: AbortSignal): Promise<DeployResult> {
    const [result] = await this.deployAll(workspace, [file], signal);
    assert(result !== undefined, "a store gives one result for each candidate");
    return result;
  }

  /** Deploys all of the definitions or, when one cannot be, none. Throws as `deploy`. */
  async deployAll(
    workspace: string,
    files: readonly DefinitionSource[],
    signal?: AbortSignal,
  ): Promise<readonly DeployResult[]> {
    const deployedAtMs = this.#deps.clock.nowMs();
    const read = files.map((file) => ({ file, ...this.#read(file) }));
    const candidates = read.map(({ file: { source, fileName }, definition }): AgentCandidate => ({
      workspace,
      name: definition.name,
      version: definition.version,
      definition,
      source,
      format: formatOf(source, fileName),
      sourceHash: createHash("sha256").update(source).digest("hex"),
      fileName,
      deployedAtMs,
    }));
    try {
      const deployment = await this.#deps.store.deploy(candidates, signal);
      if (deployment.type === "conflict") throw new NameConflictError(workspace, deployment.name, deployment.existing);
      return deployment.results.map((result, index) => ({ ...result, warnings: read[index]?.warnings ?? [] }));
    } finally {
      for (const { name } of candidates) this.#forgetLatest(workspace, name);
    }
  }

  /** The latest revision, with its source. Throws AgentNotFoundError. */
  async get(workspace: string, name: string, signal?: AbortSignal): Promise<AgentRevision> {
    const revision = await this.#deps.store.latest(workspace, name, signal);
    return revision ?? (await this.#refuse(workspace, name, signal));
  }

  /** The latest revision, with its source; undefined when the agent is not there. */
  async find(workspace: string, name: string, signal?: AbortSignal): Promise<AgentRevision | undefined> {
    return this.#deps.store.latest(workspace, name, signal);
  }

  /** One revision, with its source; of a deleted agent too. Throws RevisionNotFoundError. */
  async revision(workspace: string, name: string, revision: number, signal?: AbortSignal): Promise<AgentRevision> {
    const found = await this.#deps.store.revision(workspace, name, revision, signal);
    if (found === undefined) throw new RevisionNotFoundError(workspace, name, revision);
    return found;
  }

  /** The latest revision, made ready for a run. Throws AgentNotFoundError. */
  async prepareLatest(workspace: string, name: string, signal?: AbortSignal): Promise<PreparedAgent> {
    const key = latestKey(workspace, name);
    const remembered = this.#latest.get(key);
    if (remembered !== undefined) return remembered;
    const changes = this.#changes;
    const prepared = this.#prepare(await this.get(workspace, name, signal));
    if (changes === this.#changes) this.#latest.set(key, prepared);
    return prepared;
  }

  /** A revision made ready for a run that began with it. Throws RevisionNotFoundError. */
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
    const [page, latest] = await Promise.all([
      this.#deps.store.revisions(workspace, name, query, signal),
      this.#deps.store.latest(workspace, name, signal),
    ]);
    return latest === undefined ? this.#refuse(workspace, name, signal) : page;
  }

  /** Takes an agent away. Runs that began with it go on. Throws AgentNotFoundError. */
  async delete(workspace: string, name: string, signal?: AbortSignal): Promise<void> {
    try {
      if (!(await this.#deps.store.delete(workspace, name, signal))) await this.#refuse(workspace, name, signal);
    } finally {
      this.#forgetLatest(workspace, name);
    }
  }

  /** Agents deployed in all workspaces. */
  async count(signal?: AbortSignal): Promise<number> {
    return this.#deps.store.count(signal);
  }

  #read(file: DefinitionSource): { readonly definition: AgentDefinition; readonly warnings: readonly Problem[] } {
    const reading = this.validate(file);
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

  #forgetLatest(workspace: string, name: string): void {
    this.#changes += 1;
    this.#latest.delete(latestKey(workspace, name));
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
function promptFor({ userPromptTemplate, messaging, parameters }: AgentDefinition): Prompt {
  const general = compilePrompt(userPromptTemplate, parameters);
  const byHandler = new Map(
    Object.entries(messaging.templates).map(([name, source]) => [name, compilePrompt(source, parameters)]),
  );
  return (variables) => {
    const { message, request } = variables;
    if (message === undefined) return general(variables);
    const own = byHandler.get(handlerOf(message.performative) ?? "");
    return own === undefined
      ? general({ ...variables, message: undefined, request: messageRequest(request, message) })
      : own(variables);
  };
}

const latestKey = (workspace: string, name: string): string => JSON.stringify([workspace, nameKey(name)]);
const revisionKey = (workspace: string, name: string, revision: number): string =>
  JSON.stringify([workspace, nameKey(name), revision]);
