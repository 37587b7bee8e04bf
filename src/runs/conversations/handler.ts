import {
  type AgentMessaging,
  type Agents,
  AgentNotFoundError,
  AgentPausedError,
  showsHistory,
} from "../../agents/definitions/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import { CaxtonError, toFault } from "../../kernel/errors.ts";
import type { RunId } from "../../kernel/ids.ts";
import { log } from "../../kernel/log.ts";
import { type Message, type MessageError, SYSTEM_SENDER } from "../../messaging/acl/index.ts";
import {
  type AgentHandler,
  type Delivered,
  expiryOf,
  isExpiry,
  isPast,
  type Settlement,
} from "../../messaging/router/index.ts";
import type { PendingReplies, ReplyIndex, RunAnswers, Runs } from "../lifecycle/index.ts";
import { artifactLine, type RunJournal, type RunMessage } from "../record/index.ts";
import type { Threads } from "../threads/index.ts";
import type { Agreements } from "./agreements.ts";
import { PASSES } from "./answer.ts";
import { bidUpTo, callIn, isOnlyNews, limitsIn } from "./bidding.ts";
import {
  isCancellationId,
  isDelegation,
  isSubscription,
  messageIdOf,
  runIdOf,
  threadIdOf,
} from "../../messaging/acl/index.ts";
import { mustAgreeFirst, mayAgreeLate, triggerOf, replyTo } from "./trigger.ts";
import { type Delegated, Delegations, type DelegationsDeps } from "./delegations.ts";
import type { ConversationMessages, TaskInterceptor } from "./ports.ts";
import { isInterim, replyResult, textOf, variablesOf } from "./content.ts";

export type CorrespondenceDeps = {
  readonly agents: Pick<Agents, "prepareServing">;
  readonly runs: Pick<Runs, "cancel" | "view"> & Pick<Threads, "continue">;
  readonly stores: {
    readonly journal: Pick<RunJournal, "summary">;
    readonly replies: Pick<ReplyIndex, "find" | "openIn">;
    readonly answers: RunAnswers;
  } & DelegationsDeps["stores"];
  readonly replies: PendingReplies;
  readonly messages: ConversationMessages;
  readonly tasks: TaskInterceptor;
  readonly agreements: Pick<Agreements, "expect">;
  readonly clock: Clock;
};

type Bidding = {
  /** Of the run that the message would start. */
  readonly id: RunId;
  readonly link: RunMessage;
  readonly name: string;
  readonly limit: number | undefined;
};

const DONE: Settlement = { type: "done" };
/** Earlier messages in {{history}}, if the definition sets no number. */
const TEMPLATE_MESSAGES = 8;
/** Delay before a delivery is retried while the queue of runs is full. */
const QUEUE_FULL_MS = 200;

/** Messages that answer something; without anybody who waits for them they start nothing. */
const ANSWERS: ReadonlySet<Message["performative"]> = new Set(["agree", "refuse", "reject-proposal"]);
const FAILURES: ReadonlySet<Message["performative"]> = new Set(["failure", "not-understood"]);

/**
 * What a message to an agent does: it belongs to a task, or ends the wait of a run, or starts one.
 * conversations.handler.C1. A message starts at most one run for a recipient, however often it is delivered: the
 *   run's id follows from both.
 * conversations.handler.C2. It is settled after its effect is on disk: the task's, the reply's, or the accepted
 *   run's.
 * conversations.handler.C3. Calls for proposals and bids do not count as turns of a conversation. In an auction only
 *   the award starts work.
 * conversations.handler.C4. What the queue of runs has no room for stays in the mailbox.
 */
export class Correspondence implements AgentHandler {
  readonly #deps: CorrespondenceDeps;
  readonly #delegations: Delegations;
  /** Messages whose runs begin in this moment. */
  readonly #starting = new Map<RunId, Promise<Settlement>>();

  constructor(deps: CorrespondenceDeps) {
    this.#deps = deps;
    this.#delegations = new Delegations(deps);
  }

  async handle(delivered: Delivered, signal: AbortSignal): Promise<Settlement> {
    const { message } = delivered;
    if (await this.#deps.tasks.intercept(delivered)) return DONE;
    if (await this.#endWait(delivered)) return DONE;
    if (message.performative === "cancel") return this.#cancel(delivered);
    if (message.inReplyTo !== undefined && isCancellationId(message.inReplyTo)) return DONE;
    if (ANSWERS.has(message.performative) || isOnlyNews(message, delivered.recipient)) return DONE;
    const id = runIdOf(message, delivered.recipient);
    const before = this.#starting.get(id);
    if (before !== undefined) return before;
    const settled = this.#start(delivered, id, signal).finally(() => this.#starting.delete(id));
    this.#starting.set(id, settled);
    return settled;
  }

  /** Whether a run waited for this message; the run then resumes, or keeps waiting if more messages follow. */
  async #endWait({ message, recipient }: Delivered): Promise<boolean> {
    const { stores, replies } = this.#deps;
    const named = message.inReplyTo === undefined ? undefined : stores.replies.find(message.inReplyTo);
    const isOurs = named?.workspace === message.workspace && sameName(named.agent, recipient);
    const wait = isOurs ? named : this.#waitIn(message, recipient);
    if (wait === undefined || !this.#mayEnd(wait, message.sender)) return false;
    // The wait has the same deadline and ends on its own.
    if (isExpiry(message)) return true;
    if (isSubscription(wait.replyWith)) {
      // The wait ends with the first reply; later replies are news.
      if (wait.state !== "open") return false;
    } else if (isInterim(message.performative)) return true;
    const { outcome, text: words, structured } = replyResult(message);
    const artifacts = [
      ...(isDelegation(wait.replyWith) ? await this.#delegations.results(wait.runId, message) : []),
      ...(await this.#delegations.files(wait.runId, message)),
    ];
    const suffix = suffixOf(wait.replyWith, message);
    const text = [`${words}${suffix}`, ...artifacts.map(artifactLine)].join("\n");
    const reply = { outcome, messageId: message.id, from: message.sender, text, structured, artifacts };
    await replies.give(wait.replyWith, reply);
    // A reply after the deadline is stored and starts no run.
    return true;
  }

  /** What a run gives to an agent of another system that it delegates to by a message; undefined for other messages. */
  delegated(message: Message, recipient: string): Promise<Delegated | undefined> {
    return this.#delegations.start(message, recipient, async (delegated) => delegated);
  }

  /** The result of a delegation comes from the agent that it was given to, or from the server. */
  #mayEnd({ replyWith, runId }: NonNullable<ReturnType<ReplyIndex["find"]>>, sender: string): boolean {
    if (!isDelegation(replyWith) || sender === SYSTEM_SENDER) return true;
    const reply = this.#deps.runs.view(runId).replies.find((each) => each.replyWith === replyWith);
    return reply !== undefined && sameName(reply.to, sender);
  }

  /**
   * If a reply does not name its request, the conversation identifies it, provided that only one
   * request waits in it.
   */
  #waitIn({ inReplyTo, workspace, conversationId, performative }: Message, agent: string) {
    const asks = performative !== "inform" && !ANSWERS.has(performative) && !FAILURES.has(performative);
    if (inReplyTo !== undefined || asks) return undefined;
    const open = this.#deps.stores.replies.openIn({ workspace, agent, conversationId });
    return open.length === 1 ? open[0] : undefined;
  }

  async #start(delivered: Delivered, id: RunId, signal: AbortSignal): Promise<Settlement> {
    const { message, recipient } = delivered;
    const { stores, agents, runs, messages } = this.#deps;
    const { journal, answers } = stores;
    const link = triggerOf(message, messages.follow(delivered));
    if (journal.summary(id) !== undefined) return this.#started(link, delivered, id);
    try {
      const { name, definition } = await agents.prepareServing(message.workspace, recipient);
      const { messaging } = definition;
      if (FAILURES.has(message.performative) && (!messaging.runsOnFailure || message.sender === SYSTEM_SENDER))
        return DONE;
      const conversation = { workspace: message.workspace, agent: name, conversationId: message.conversationId };
      const { turns, lastBid } = answers.inConversation(conversation);
      const limit = messaging.autoRespond ? (messaging.priceMax ?? this.#limitOf(lastBid)) : undefined;
      const bid = await this.#bid(message, { id, link, name, limit });
      if (bid !== undefined) return bid;
      if (turns >= messaging.turnsMax) return turnsEnded(name, messaging);
      const history = await this.#history(message, name, messaging);
      return await this.#delegations.start(message, recipient, async (delegated) => {
        if (delegated?.type === "over") return DONE;
        if (delegated?.type === "refused") return this.#refuse(link, delivered, delegated.error);
        const files = await this.#delegations.copies(delegated?.files ?? [], message.workspace, id);
        const { performative, sender, conversationId, protocol } = message;
        const request = {
          id,
          parent: delegated?.parent,
          sideEffects: delegated?.sideEffects,
          workspace: message.workspace,
          agent: name,
          input: textOf(message.content),
          variables: variablesOf(message),
          model: undefined,
          files,
          caller: message.onBehalfOf,
          message: { link, prompt: { performative, sender, conversationId, protocol, history } },
        };
        const thread = threadIdOf(message.workspace, name, conversationId);
        await this.#whenThereIsRoom(message, signal, () => runs.continue(thread, request));
        return this.#started(link, delivered, id);
      });
    } catch (error) {
      return settlementOf(error);
    }
  }

  /** The run of a message is on disk. */
  async #started(link: RunMessage, delivered: Delivered, run: RunId): Promise<Settlement> {
    // A cancellation that came before the run was on disk has not found it.
    if (this.#delegations.isOver(delivered.message)) await this.#cancelRun(run, "the run that delegated it has ended");
    return this.#agree(link, delivered, run);
  }

  /** Answers for an agent that gets no run. */
  async #refuse(link: RunMessage, { message, recipient }: Delivered, error: MessageError): Promise<Settlement> {
    const { messages, clock } = this.#deps;
    await messages.submit(
      replyTo(link, message.workspace, {
        id: messageIdOf(runIdOf(message, recipient), "refusal"),
        performative: "failure",
        sender: recipient,
        onBehalfOf: message.onBehalfOf,
        content: { type: "text", text: `${error.message}. ${error.hint}` },
        error,
        atMs: clock.nowMs(),
      }),
    );
    return DONE;
  }

  /** Maximum price that the agent stated in a bid of this conversation. */
  #limitOf(bid: RunId | undefined): number | undefined {
    if (bid === undefined) return undefined;
    const { output, outputJson } = this.#deps.runs.view(bid);
    return limitsIn(outputJson === null ? output : JSON.stringify(outputJson)).always;
  }

  /** Answers the call of an auction for an agent whose limit is known: no run is started. Undefined for other messages. */
  async #bid(message: Message, { id, link, name, limit }: Bidding): Promise<Settlement | undefined> {
    const call = callIn(link, textOf(message.content));
    if (call === undefined || limit === undefined) return undefined;
    const { messages, clock } = this.#deps;
    const price = bidUpTo(limit, call);
    const submitted = await messages.submit(
      replyTo(link, message.workspace, {
        id: messageIdOf(id, "bid"),
        performative: price === undefined ? "refuse" : "propose",
        sender: name,
        onBehalfOf: message.onBehalfOf,
        content: price === undefined ? { type: "text", text: PASSES } : { type: "json", value: { price } },
        atMs: clock.nowMs(),
      }),
    );
    const isLater = submitted.type === "refused" && submitted.retryAfterMs !== undefined;
    return isLater ? { type: "failed", reason: submitted.error.message } : DONE;
  }

  /** Other agents have the earlier turns of their thread instead. */
  async #history(message: Message, agent: string, { templates, contextMessages = TEMPLATE_MESSAGES }: AgentMessaging) {
    if (contextMessages === 0 || !showsHistory(templates)) return [];
    const past = await this.#deps.messages.before(message, agent, contextMessages);
    return past.map(({ sender, performative, content }) => ({ sender, performative, text: textOf(content) }));
  }

  /** A full run queue drains on its own; until then, and until it expires, the message stays in the mailbox. */
  async #whenThereIsRoom(message: Message, signal: AbortSignal, start: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await start();
        return;
      } catch (error) {
        if (toFault(error).code !== "RUN_QUEUE_FULL" || signal.aborted) throw error;
        if (isPast(expiryOf(message), this.#deps.clock.nowMs())) throw error;
        await this.#deps.clock.sleep(QUEUE_FULL_MS, signal).catch(() => undefined);
      }
    }
  }

  /** If the protocol requires `agree` before the result, sends it as soon as the run is stored. */
  async #agree(link: RunMessage, { message, recipient }: Delivered, run: RunId): Promise<Settlement> {
    if (!mustAgreeFirst(link)) {
      if (mayAgreeLate(link)) this.#deps.agreements.expect(run);
      return DONE;
    }
    const { messages, clock } = this.#deps;
    await messages.submit(
      replyTo(link, message.workspace, {
        id: messageIdOf(run, "agree"),
        performative: "agree",
        sender: recipient,
        onBehalfOf: message.onBehalfOf,
        content: { type: "text", text: "" },
        atMs: clock.nowMs(),
      }),
    );
    return DONE;
  }

  /** The requester cancels: runs of the conversation end and send only the cancellation. */
  async #cancel(delivered: Delivered): Promise<Settlement> {
    const { message, recipient } = delivered;
    const { stores, messages, clock } = this.#deps;
    const { answers } = stores;
    const conversation = { workspace: message.workspace, agent: recipient, conversationId: message.conversationId };
    for (const id of answers.inConversation(conversation).unfinished) {
      await answers.sent(id);
      await this.#cancelRun(id, `${message.sender} cancelled the request`);
    }
    await messages.submit(
      replyTo(triggerOf(message, messages.follow(delivered)), message.workspace, {
        id: messageIdOf(runIdOf(message, recipient), "cancelled"),
        performative: "inform",
        sender: recipient,
        onBehalfOf: message.onBehalfOf,
        content: { type: "text", text: "cancelled" },
        atMs: clock.nowMs(),
      }),
    );
    return DONE;
  }

  async #cancelRun(run: RunId, reason: string): Promise<void> {
    try {
      await this.#deps.runs.cancel(run, reason);
    } catch (error) {
      // It has ended in the same moment.
      if (!(error instanceof CaxtonError)) throw error;
    }
  }
}

/** What a result says besides: how later messages of a subscription are recognized, and how a question is answered. */
function suffixOf(replyWith: string, { conversationId, performative }: Message): string {
  if (isSubscription(replyWith)) return ` (subscription ${conversationId})`;
  const asks = isDelegation(replyWith) && performative === "query-ref";
  return asks ? ` (to answer, call it again with conversation ${conversationId})` : "";
}

const sameName = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

const turnsEnded = (name: string, { turnsMax }: AgentMessaging): Settlement => ({
  type: "rejected",
  code: "CONVERSATION_TURNS_MAX",
  reason: `${name} has worked on ${turnsMax} messages of this conversation, and does not on more; max_turns in its [conversation] is the limit`,
});

/** Retries failures that may be temporary; the others would fail each time. */
function settlementOf(error: unknown): Settlement {
  const { code, kind, message } = toFault(error);
  // A paused agent was paused in this moment: the next attempt waits in its mailbox.
  if (error instanceof AgentNotFoundError || error instanceof AgentPausedError)
    return { type: "failed", reason: message };
  if (kind === "invalid" || kind === "not-found" || kind === "denied" || kind === "conflict")
    return { type: "rejected", code, reason: message };
  if (kind === "bug") log.error({ err: error }, "a message could not be worked on");
  return { type: "failed", reason: `${message} [${code}]` };
}
