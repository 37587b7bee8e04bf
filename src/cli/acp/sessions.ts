import {
  type AgentContext,
  type ClientCapabilities,
  type ListSessionsRequest,
  type ListSessionsResponse,
  RequestError,
} from "@agentclientprotocol/sdk";
import { randomUUID } from "node:crypto";
import { operations, type Thread } from "../../api/contract/index.ts";
import type { Client } from "../client/index.ts";
import { agentsOf, type Choices, choicesOf, firstAgent } from "./agents.ts";
import { turnsOf, updatesOf } from "./history.ts";
import { update } from "./peer.ts";
import { Session } from "./session.ts";

/** Seconds after which a thread is deleted that got no message. */
const EMPTY_SECONDS = 86_400;
const KEY_PREFIX = "acp";
const KEY_CHARS_MAX = 500;
const PAGE = 100;

type Options = {
  readonly client: () => Client;
  readonly check: () => Promise<void>;
  /** Agent of new sessions; undefined: the first one of the server. */
  readonly agent: string | undefined;
  /** Whether agents get tools for the files of the editor. */
  readonly files: boolean;
  /** Directory of sessions that were not begun in an editor. */
  readonly directory: string;
};
type Opened = { readonly sessionId: string; readonly cwd: string };
type Editor = { readonly client: AgentContext; readonly capabilities: ClientCapabilities };

/** The sessions of one editor: threads of the server. Methods throw what the client throws. */
export class Sessions {
  readonly #options: Options;
  readonly #open = new Map<string, Session>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Throws a not-found error of the protocol for a session that is not open. */
  get(id: string): Session {
    const session = this.#open.get(id);
    if (session === undefined) throw RequestError.sessionNotFound(id);
    return session;
  }

  async create(editor: Editor, directory: string): Promise<Choices & { readonly sessionId: string }> {
    const client = this.#options.client();
    const agents = await agentsOf(client);
    const agent = this.#options.agent ?? firstAgent(agents, client.server);
    const key = `${KEY_PREFIX} ${randomUUID()} ${directory}`;
    const { value: thread } = await client.call(operations.thread.create, {
      agent,
      expires_after: EMPTY_SECONDS,
      ...(key.length <= KEY_CHARS_MAX && { key }),
    });
    this.#add(editor, thread, directory);
    return { sessionId: thread.id, ...choicesOf(agents, thread.agent) };
  }

  /** Opens a thread: a turn in progress is reported from now on. With `replays`, the turns so far are reported first. */
  async open(
    editor: Editor,
    { sessionId: id, cwd }: Opened,
    { replays }: { readonly replays: boolean },
  ): Promise<Choices> {
    const client = this.#options.client();
    const { value: thread } = await client.call(operations.thread.get, { id });
    const agents = await agentsOf(client);
    const turns = thread.head === null ? [] : await turnsOf(client, id);
    this.#open.get(id)?.close();
    const session = this.#add(editor, thread, directoryOf(thread) === cwd ? cwd : undefined);
    const peer = { ...editor, sessionId: id };
    if (replays)
      for (const change of turns.flatMap((turn) => updatesOf(turn, (path) => client.url(path).href)))
        await update(peer, change);
    for (const { run } of turns.filter(({ ended_at: ended }) => ended === null)) {
      const after = replays ? "" : (await client.call(operations.run.get, { id: run })).value.last_event_id;
      session.watch(run, after);
    }
    return choicesOf(agents, thread.agent);
  }

  /** The user's own threads. Those that were begun in an editor are of its directory. */
  async list({ cwd, cursor }: ListSessionsRequest): Promise<ListSessionsResponse> {
    const client = this.#options.client();
    const { value: me } = await client.call(operations.access.whoami, {});
    const { value } = await client.call(operations.thread.list, { limit: PAGE, ...(cursor && { cursor }) });
    const sessions = value.items
      .filter(({ owner, head }) => owner === me.name && head !== null)
      .map((thread) => ({ thread, directory: directoryOf(thread) }))
      .filter(({ directory }) => !cwd || directory === cwd);
    return {
      sessions: sessions.map(({ thread: { id, title, updated_at: updatedAt }, directory }) => ({
        sessionId: id,
        cwd: directory ?? this.#options.directory,
        title,
        updatedAt,
      })),
      nextCursor: value.next,
    };
  }

  /** Another agent answers the next prompts. */
  async choose(id: string, agent: string): Promise<Choices> {
    const client = this.#options.client();
    const session = this.get(id);
    const { value: thread } = await client.call(operations.thread.update, { id, agent });
    session.thread = thread;
    return choicesOf(await agentsOf(client), thread.agent);
  }

  /** Cancels what the session does, and forgets it; the thread remains. */
  async close(id: string): Promise<void> {
    const session = this.get(id);
    this.#open.delete(id);
    if (session.isBusy) await session.cancel();
    session.close();
  }

  async delete(id: string): Promise<void> {
    this.#open.get(id)?.close();
    this.#open.delete(id);
    await this.#options.client().call(operations.thread.delete, { id });
  }

  /** Stops to follow all threads; their runs continue. */
  leave(): void {
    for (const session of this.#open.values()) session.close();
    this.#open.clear();
  }

  /** `directory` is undefined for a thread that was begun elsewhere: its files are others. */
  #add(editor: Editor, thread: Thread, directory: string | undefined): Session {
    const peer = { ...editor, sessionId: thread.id };
    const { client, check } = this.#options;
    const onAgent = async (agent: string): Promise<void> => {
      await update(peer, { sessionUpdate: "current_mode_update", currentModeId: agent });
      const { configOptions } = choicesOf(await agentsOf(client()), agent);
      await update(peer, { sessionUpdate: "config_option_update", configOptions });
    };
    const files = this.#options.files ? directory : undefined;
    const session = new Session({ client, check, peer, thread, files, onAgent });
    this.#open.set(thread.id, session);
    return session;
  }
}

function directoryOf({ key }: Pick<Thread, "key">): string | undefined {
  const [prefix, , ...rest] = key?.split(" ") ?? [];
  return prefix === KEY_PREFIX ? rest.join(" ") : undefined;
}
