import type { ChangeLog } from "../kernel/changes/index.ts";
import { log } from "../kernel/log.ts";
import type { DeployedAgent, Participants } from "./directory/index.ts";

type Registered = DeployedAgent & { readonly paused?: object | undefined };

/** The deployed agents, as the directory needs them. */
export interface AgentRegistry {
  /** Workspaces with agents. */
  workspaces(): Promise<readonly string[]>;
  list(
    workspace: string,
    query: { readonly limit: number; readonly cursor: string | undefined },
  ): Promise<{ readonly items: readonly Registered[]; readonly next: string | undefined }>;
  find(
    workspace: string,
    name: string,
  ): Promise<
    (Omit<Registered, "capabilities"> & { readonly definition: Pick<DeployedAgent, "capabilities"> }) | undefined
  >;
}

type Deps = {
  readonly participants: Participants;
  readonly agents: AgentRegistry;
  readonly changes: ChangeLog;
};

type Place = { readonly workspace: string; readonly name: string };

const AGENTS_PER_PAGE = 200;
const CHANGES_PER_READ = 500;

/** Keeps the directory and the mailboxes equal to the deployed agents. */
export class DeployedAgents implements Disposable {
  readonly #deps: Deps;
  readonly #paused: readonly Place[];
  #pause: (agent: Place, isPaused: boolean) => void = () => undefined;
  /** The last change that was applied. */
  #after: number;
  #reading = Promise.resolve();
  #isQueued = false;
  #watching: Disposable | undefined;

  private constructor(deps: Deps, after: number, paused: readonly Place[]) {
    this.#deps = deps;
    this.#after = after;
    this.#paused = paused;
  }

  /** Registers the agents that are deployed now. */
  static async register(deps: Deps): Promise<DeployedAgents> {
    const { participants, agents, changes } = deps;
    const after = changes.range().last;
    const pausedAgents: Place[] = [];
    for (const workspace of await agents.workspaces())
      for await (const { name, version, capabilities, paused } of agentsOf(agents, workspace)) {
        participants.agentDeployed({ workspace, name, version, capabilities });
        if (paused !== undefined) pausedAgents.push({ workspace, name });
      }
    return new DeployedAgents(deps, after, pausedAgents);
  }

  /** Applies every later change, in order, until disposed. `pause` stops and restarts deliveries to an agent. */
  follow(pause: (agent: Place, isPaused: boolean) => void): void {
    this.#pause = pause;
    for (const agent of this.#paused) pause(agent, true);
    this.#watching = this.#deps.changes.watch(() => void this.caughtUp());
  }

  /** Resolves when all changes until now are applied; never rejects. */
  caughtUp(): Promise<void> {
    if (this.#isQueued) return this.#reading;
    this.#isQueued = true;
    this.#reading = this.#reading
      .then(() => this.#read())
      .catch((error: unknown) => {
        log.error({ err: error }, "the router does not know the newest agents; it looks again with the next change");
      });
    return this.#reading;
  }

  async #read(): Promise<void> {
    const { changes } = this.#deps;
    this.#isQueued = false;
    for (let found = changes.read(this.#after, CHANGES_PER_READ); found.length > 0;) {
      for (const { seq, workspace, change } of found) {
        this.#after = seq;
        if (change.type === "agent") await this.#apply({ workspace, name: change.name });
      }
      found = changes.read(this.#after, CHANGES_PER_READ);
    }
  }

  async #apply({ workspace, name }: Place): Promise<void> {
    const { agents, participants } = this.#deps;
    const agent = await agents.find(workspace, name);
    if (agent === undefined) return participants.agentDeleted(workspace, name);
    const { version, definition, paused } = agent;
    participants.agentDeployed({ workspace, name: agent.name, version, capabilities: definition.capabilities });
    this.#pause({ workspace, name: agent.name }, paused !== undefined);
  }

  [Symbol.dispose](): void {
    this.#watching?.[Symbol.dispose]();
  }
}

async function* agentsOf(agents: AgentRegistry, workspace: string): AsyncGenerator<Registered, void, undefined> {
  let cursor: string | undefined;
  do {
    const page = await agents.list(workspace, { limit: AGENTS_PER_PAGE, cursor });
    yield* page.items;
    cursor = page.next;
  } while (cursor !== undefined);
}
