import type { Message } from "../../messaging/acl/index.ts";
import type { TaskId } from "../../kernel/ids.ts";
import type { Conversation } from "../../messaging/protocols/index.ts";
import type { ConversationQuery, Delivered, Submitted, Subscriptions } from "../../messaging/router/index.ts";
import type { Task, Tasks } from "../../messaging/tasks/index.ts";

/** Sends messages. Implemented by the router. */
export interface MessageSender {
  /** As `Router.submit`. */
  submit(message: Message): Promise<Submitted>;
}

/** Sends and reads the messages of conversations. */
export interface ConversationMessages extends MessageSender {
  /** `hops` and `trail` of messages that are sent because of one. */
  follow(delivered: Delivered): Pick<Message, "hops" | "trail">;
  /**
   * The last messages of its conversation before this one, oldest first: those that `agent` sent or received. Messages
   * between others, such as a rival's bid, are not included.
   */
  before(
    message: Pick<Message, "id" | "workspace" | "conversationId">,
    agent: string,
    limit: number,
  ): Promise<readonly Message[]>;
}

/** Agents of other systems that take part in messaging. */
export interface RemoteLookup {
  remote(workspace: string, name: string): { readonly name: string; readonly description: string } | undefined;
}

/** Stored sent messages. */
export interface SentRecords {
  /** A message by its id, and who got it. */
  find(
    workspace: string,
    id: string,
  ): Promise<{ readonly message: Message; readonly recipients: readonly string[] } | undefined>;
}

/** Intercepts messages that belong to a task before they reach the agent. */
export interface TaskInterceptor {
  /** Whether it was theirs; what follows from it is out then. */
  intercept(delivered: Delivered): Promise<boolean>;
}

/** Conversations as they stand. */
export interface ConversationRecords {
  conversation(workspace: string, id: string): Promise<Conversation | undefined>;
  /** Last changed first. */
  conversations(query: ConversationQuery): Promise<readonly Conversation[]>;
}

/** Subscriptions to agents and topics. */
export type SubscriptionService = Pick<Subscriptions, "subscribe" | "unsubscribe" | "list">;

/** Work that is offered to several. One implementation: `Tasks`. */
export type TaskService = Pick<Tasks, "create" | "distribute" | "cancel" | "watch" | "options"> & {
  readonly get: (workspace: string, id: TaskId) => Task;
};
