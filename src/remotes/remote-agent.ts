import type { MessageId } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";

/** How requests to an agent are authenticated. The secret is one of the workspace's stored secrets. */
export type A2aAuth =
  | { readonly type: "none" }
  | { readonly type: "bearer"; readonly secret: string }
  | { readonly type: "api-key"; readonly secret: string; readonly header: string };

/** An agent of another system, which takes part in messaging as a participant of the same name. */
export type A2aAgent = {
  readonly workspace: string;
  readonly name: string;
  /** Address of the agent, or of its card. */
  readonly url: string;
  readonly auth: A2aAuth;
  /** Public keys as JWK, one of which must have signed the card; empty: the card need not be signed. */
  readonly keys: readonly JsonObject[];
  /** The card as it was last read. */
  readonly card: JsonObject;
  readonly addedAtMs: number;
  /** When the card was last read. */
  readonly checkedAtMs: number;
};

/** A question of the remote agent, which its task waits for. */
export type A2aQuestion = {
  /** Id of the message that asks it. */
  readonly id: MessageId;
  readonly conversationId: string;
  /** Identifies the status of the remote task that it came with. */
  readonly key: string;
};

/**
 * The task that a message started at a remote agent.
 * sending: the delivery of the message sends it; sent: the request outlasts its delivery; asking: the task waits for an answer.
 */
export type A2aTask = {
  readonly workspace: string;
  readonly agent: string;
  /** The message that started or continued it. */
  readonly messageId: MessageId;
  readonly conversationId: string;
  /** Names of those who may answer its questions. */
  readonly requesters: readonly string[];
  readonly state: "sending" | "sent" | "working" | "asking" | "ended";
  /** As the remote agent calls it; empty until it is known. */
  readonly taskId: string;
  readonly contextId: string;
  readonly question: A2aQuestion | null;
  /** When it is looked at again; null for the delivery that sends it, and after its end. */
  readonly dueAtMs: number | null;
  /** First of the requests that failed since the last one that succeeded. */
  readonly failingSinceMs: number | null;
  readonly createdAtMs: number;
};

export type A2aTaskKey = Pick<A2aTask, "workspace" | "agent" | "messageId">;

/** Stores remote agents and their tasks; every write is one transaction. All methods may throw storage errors. */
export interface A2aStore {
  agents(): readonly A2aAgent[];
  saveAgent(agent: A2aAgent): Promise<void>;
  /** With its tasks. */
  deleteAgent(workspace: string, name: string): Promise<void>;
  task(key: A2aTaskKey): A2aTask | undefined;
  /** Tasks of a conversation with an agent, newest first. */
  tasksIn(of: Pick<A2aTask, "workspace" | "agent" | "conversationId">): readonly A2aTask[];
  /** The task that asked in a conversation of its own. */
  askedIn(workspace: string, agent: string, conversationId: string): A2aTask | undefined;
  /** Agents with tasks that are due. */
  lanes(nowMs: number): readonly Pick<A2aTask, "workspace" | "agent">[];
  /** Tasks of an agent that are due, soonest first. */
  due(lane: Pick<A2aTask, "workspace" | "agent">, nowMs: number, limit: number): readonly A2aTask[];
  /** When the next task is due after a time. */
  nextDue(afterMs: number): number | undefined;
  /** Number of tasks of an agent that have not ended. */
  open(workspace: string, agent: string): number;
  saveTasks(tasks: readonly A2aTask[]): Promise<void>;
  deleteTask(key: A2aTaskKey): Promise<void>;
  /** Deletes tasks that ended and began before. */
  dropTasks(beforeMs: number): Promise<void>;
}
