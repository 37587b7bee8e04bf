import type * as z from "zod";
import type { Clock } from "../../kernel/clock.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import { JsonObject } from "../../kernel/json.ts";
import type { RunRight } from "../../kernel/rights/run-caller.ts";
import type { Address } from "../../messaging/acl/index.ts";
import type { RunJournal } from "../record/index.ts";
import type { TaskRequest } from "../../messaging/tasks/index.ts";
import { failedCall, type NativeTools, type ToolCall, type ToolResult } from "../../tools/catalogue/index.ts";
import { MESSAGES } from "./answer.ts";
import { messageIdOf, subscriptionOf, taskIdOf } from "../../messaging/acl/index.ts";
import { answersTo, propagatedContext, replyTo } from "./trigger.ts";
import { type AgentFinder, findAgents } from "./find-agents.ts";
import type { ConversationRecords, MessageSender, SubscriptionService, TaskService } from "./ports.ts";
import { SUBSCRIBE_PROTOCOL, notifySubscribers, unsubscribe } from "./subscribing.ts";
import { waitFor } from "./task-waits.ts";
import {
  AskArguments,
  AuctionArguments,
  CallArguments,
  FindArguments,
  ReplyArguments,
  SendArguments,
  SubscribeArguments,
  NotifyArguments,
  UnsubscribeArguments,
} from "./tool-arguments.ts";
import { answererOf, askAgent, callerOf, checked, compose, done, resultOf } from "./asking.ts";
import { type Addressed, addressOf, formatAddress } from "./tool-address.ts";
import { ANSWER, ASK, AUCTION, CALL, FIND, SEND, SUBSCRIBE, NOTIFY, UNSUBSCRIBE } from "./tool-list.ts";
import { contentFrom, isInterim } from "./content.ts";

export type MessageToolsDeps = {
  readonly finder: AgentFinder;
  readonly post: MessageSender;
  readonly journal: Pick<RunJournal, "summary">;
  readonly tasks: Pick<TaskService, "create" | "distribute" | "options">;
  readonly subscriptions: SubscriptionService;
  readonly conversations: ConversationRecords;
  readonly clock: Clock;
  readonly version: string;
};

const MINUTE_MS = 60_000;
const SUBSCRIBE_MINUTES = 10;
/** Winners that are tried, at most, before a task is given up. */
const TRIES_MAX = 4;
const AUCTIONS = { english: "auction-english", dutch: "auction-dutch", sealed: "auction-sealed" } as const;

type Entrusted = Pick<TaskRequest, "name" | "data" | "evaluation" | "protocol" | "auction">;
/** Finding agents and replying to the request of the run need none. */
const RIGHTS: Readonly<Record<string, RunRight>> = {
  [SEND.name]: "messages:send",
  [ASK.name]: "messages:send",
  [NOTIFY.name]: "messages:send",
  [CALL.name]: "tasks:execute",
  [AUCTION.name]: "tasks:execute",
  [SUBSCRIBE.name]: "subscriptions:write",
  [UNSUBSCRIBE.name]: "subscriptions:write",
};

/**
 * The tools by which the models of runs take part in conversations. What they send has ids that follow from the call, so that
 * a call that is made again after a crash sends the same message, which arrives once.
 */
export class MessageTools implements NativeTools {
  readonly name = MESSAGES;
  readonly description = "Messages to other agents: sent, asked and answered. Part of Caxton itself.";
  readonly tools = [SEND, ASK, CALL, AUCTION, SUBSCRIBE, UNSUBSCRIBE, NOTIFY, FIND, ANSWER];
  readonly version: string;
  readonly #deps: MessageToolsDeps;

  constructor(deps: MessageToolsDeps) {
    this.#deps = deps;
    this.version = deps.version;
  }

  rightFor(tool: string): RunRight | undefined {
    return RIGHTS[tool];
  }

  async call(call: ToolCall): Promise<ToolResult> {
    const { arguments: given } = call;
    switch (call.tool) {
      case SEND.name:
        return checked(SEND, SendArguments, given, (wanted) => this.#send(call, wanted));
      case ASK.name:
        return checked(ASK, AskArguments, given, (wanted) => this.#ask(call, wanted));
      case CALL.name:
        return checked(CALL, CallArguments, given, (wanted) => refusable(() => this.#offer(call, wanted)));
      case AUCTION.name:
        return checked(AUCTION, AuctionArguments, given, (wanted) => refusable(() => this.#auction(call, wanted)));
      case SUBSCRIBE.name:
        return checked(SUBSCRIBE, SubscribeArguments, given, (wanted) =>
          refusable(() => this.#subscribe(call, wanted)),
        );
      case UNSUBSCRIBE.name:
        return checked(UNSUBSCRIBE, UnsubscribeArguments, given, (wanted) =>
          refusable(() => unsubscribe(this.#deps, call, wanted.id, plainly)),
        );
      case NOTIFY.name: {
        const { cause, onBehalfOf } = callerOf(this.#deps.journal, call);
        const draft = { ...(cause && propagatedContext(cause)), onBehalfOf };
        return checked(NOTIFY, NotifyArguments, given, (wanted) =>
          notifySubscribers(this.#deps, call, wanted, { draft, done: plainly }),
        );
      }
      case FIND.name:
        return checked(FIND, FindArguments, given, async (wanted) =>
          done(...(await findAgents(this.#deps.finder, call.context, wanted))),
        );
      case ANSWER.name:
        return checked(ANSWER, ReplyArguments, given, (wanted) => this.#reply(call, wanted));
      default:
        return failedCall("unknown-tool", `${MESSAGES} has no tool ${call.tool}`);
    }
  }

  async #send(call: ToolCall, wanted: z.output<typeof SendArguments>): Promise<ToolResult> {
    const address = addressOf(wanted);
    if (typeof address === "string") return failedCall("invalid-arguments", address);
    const { performative, content, conversation_id: conversationId, protocol, in_reply_to: inReplyTo } = wanted;
    const message = compose(this.#deps.clock, call, callerOf(this.#deps.journal, call), {
      performative,
      content: contentFrom(content),
      address,
      ...(conversationId !== undefined && { conversationId }),
      protocol,
      inReplyTo,
    });
    return resultOf(await this.#deps.post.submit(message), { performative });
  }

  async #ask(call: ToolCall, wanted: z.output<typeof AskArguments>): Promise<ToolResult> {
    const address = addressOf(wanted);
    if (typeof address === "string") return failedCall("invalid-arguments", address);
    if (address.type === "receivers" && address.names.length > 1)
      return failedCall("invalid-arguments", "ask one agent a call; ask several in one turn with a call each.");
    const { performative, content, conversation_id: conversationId, minutes } = wanted;
    const draft = {
      performative,
      content: contentFrom(content),
      address,
      ...(conversationId !== undefined && { conversationId }),
      protocol: PROTOCOL_OF[performative],
    };
    return askAgent(this.#deps, call, draft, { replyWith: messageIdOf(call.id, "message"), minutes });
  }

  async #offer(call: ToolCall, wanted: z.output<typeof CallArguments>): Promise<ToolResult> {
    const { task: name, data, score } = wanted;
    const evaluation =
      score === undefined ? undefined : { type: "expression" as const, expression: score, order: "min" as const };
    // Besides the first winner, others may have to be tried.
    return this.#entrust(call, wanted, { name, data, evaluation }, { rounds: 1, tries: TRIES_MAX });
  }

  async #auction(call: ToolCall, wanted: z.output<typeof AuctionArguments>): Promise<ToolResult> {
    const { item: name, data, kind, start, step, reserve, deliver, second_price: secondPrice } = wanted;
    const auction = { start, step, reserve, deliver, secondPrice };
    const isSealed = kind === "sealed";
    const rounds = isSealed ? 1 : this.#deps.tasks.options.auctionCallsMax;
    const bounds = { rounds, tries: isSealed ? TRIES_MAX : 1 };
    return this.#entrust(call, wanted, { name, data, protocol: AUCTIONS[kind], auction }, bounds);
  }

  /** A task on its way, and the call waiting for its end: at most so many rounds of bids, and tries to have it done. */
  async #entrust(
    call: ToolCall,
    wanted: Addressed & { readonly bid_minutes: number; readonly work_minutes: number },
    ...[what, { rounds, tries }]: [Entrusted, { readonly rounds: number; readonly tries: number }]
  ): Promise<ToolResult> {
    const address = addressOf(wanted);
    if (typeof address === "string") return failedCall("invalid-arguments", address);
    const { awaitReply } = call.context;
    if (awaitReply === undefined) return failedCall("tool-error", "only a run can wait for a task; see `caxton task`.");
    const { workspace, sender, cause, onBehalfOf } = callerOf(this.#deps.journal, call);
    const [bidsMs, workMs] = [Math.round(wanted.bid_minutes * MINUTE_MS), Math.round(wanted.work_minutes * MINUTE_MS)];
    const id = taskIdOf(call.id);
    const { tasks, clock } = this.#deps;
    const request = {
      ...what,
      workspace,
      onBehalfOf,
      owner: sender,
      participants: address.type === "receivers" ? address.names : [],
      capabilities: address.type === "capability" ? [address.capability] : [],
      bidsMs,
      workMs,
      hops: cause?.hops ?? 0,
    };
    const deadlineMs = clock.nowMs() + bidsMs * rounds + workMs * tries + MINUTE_MS;
    const wait = { conversationId: id, replyWith: waitFor(id), deadlineMs, to: formatAddress(address) };
    return awaitReply(wait, () =>
      refusable(async () => {
        const task = await tasks.create(request, id);
        if (task.state === "created") await tasks.distribute(workspace, id);
        return undefined;
      }),
    );
  }

  async #subscribe(call: ToolCall, wanted: z.output<typeof SubscribeArguments>): Promise<ToolResult> {
    const { context } = call;
    if (context.agent === undefined) return failedCall("tool-error", "only an agent subscribes with this tool.");
    const address = addressOf(wanted);
    if (typeof address === "string") return failedCall("invalid-arguments", address);
    if (address.type !== "topic") return this.#subscribeTo(call, address, wanted);
    const { topic, where } = { ...wanted, topic: address.topic };
    const draft = { workspace: context.workspace, subscriber: context.agent, topic, where };
    const { id } = await this.#deps.subscriptions.subscribe(draft);
    return done(`Subscribed to ${topic}.`, { subscription: id, topic });
  }

  /** Waits until the agent agrees; later notifications are separate messages. */
  #subscribeTo(call: ToolCall, address: Address, { about, where }: z.output<typeof SubscribeArguments>) {
    if (where !== undefined)
      return Promise.resolve(failedCall("invalid-arguments", "where is for topics; say it in about"));
    const content = contentFrom(about ?? "");
    const draft = { performative: "subscribe" as const, content, address, protocol: SUBSCRIBE_PROTOCOL };
    const replyWith = subscriptionOf(messageIdOf(call.id, "message"));
    return askAgent(this.#deps, call, draft, { replyWith, minutes: SUBSCRIBE_MINUTES });
  }

  async #reply(call: ToolCall, { performative, content }: z.output<typeof ReplyArguments>): Promise<ToolResult> {
    const { link, workspace, onBehalfOf } = callerOf(this.#deps.journal, call);
    if (link === null)
      return failedCall("tool-error", "no message started this run, so there is no request to reply to.");
    const allowed = [...answersTo(link), "not-understood" as const];
    if (!allowed.includes(performative)) {
      const acts = allowed.join(", ");
      return failedCall(
        "invalid-arguments",
        `${performative} is no answer to ${link.performative}; these are: ${acts}.`,
      );
    }
    const message = replyTo(link, workspace, {
      id: messageIdOf(call.id, "message"),
      performative,
      sender: answererOf(this.#deps.journal, call),
      onBehalfOf,
      content: contentFrom(content),
      atMs: this.#deps.clock.nowMs(),
    });
    return resultOf(await this.#deps.post.submit(message), { performative, final: !isInterim(performative) });
  }
}

/** A refusal as the result of a call. */
async function refusable<Result>(work: () => Promise<Result>): Promise<Result | ToolResult> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CaxtonError) || error.kind === "unavailable") throw error;
    return failedCall("tool-error", `${error.message} [${error.code}].${error.hint === "" ? "" : ` ${error.hint}`}`);
  }
}

const PROTOCOL_OF: { readonly [Act in z.output<typeof AskArguments>["performative"]]: string } = {
  request: "fipa-request",
  "query-if": "fipa-query",
  "query-ref": "fipa-query",
  propose: "fipa-propose",
  subscribe: "fipa-subscribe",
};

const plainly = (text: string, structured: Readonly<Record<string, string | readonly string[]>>): ToolResult =>
  done(text, JsonObject.parse(structured));
