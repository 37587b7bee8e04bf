import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../../kernel/clock.ts";
import { CaxtonError, type FaultKind } from "../../../kernel/errors.ts";
import type { Json, JsonObject } from "../../../kernel/json.ts";
import type { RunCaller } from "../../../kernel/rights/run-caller.ts";
import { type Message, type MessageError, readMessage, USER_SENDER } from "../../../messaging/acl/index.ts";
import { findProtocol } from "../../../messaging/protocols/index.ts";
import type { Participants } from "../../../messaging/directory/index.ts";
import type { MessagingServices } from "../../../messaging/index.ts";
import { MESSAGE_FAILURES, type Router, type Submitted } from "../../../messaging/router/index.ts";
import type * as contract from "../../contract/index.ts";
import type { RequestIds } from "../request-ids.ts";
import type { Call } from "../perform.ts";
import type { PresentedTokens } from "./presented-tokens.ts";
import { presentMessage, presentView } from "./present-message.ts";

export type SendServices = {
  readonly messaging: Pick<MessagingServices, "router"> & {
    readonly participants: Pick<Participants, "seen">;
    readonly limits: Pick<MessagingServices["limits"], "contentBytesMax">;
  };
  readonly server: { readonly clock: Clock };
};

/** A refused message, which is not stored; `code` is the reason. */
export class MessageRefusedError extends CaxtonError {
  readonly code: string;
  readonly kind: FaultKind;
  override readonly retryAfterMs: number | undefined;
  constructor(error: MessageError, retryAfterMs: number | undefined) {
    super(error.message, error.hint, error.details);
    this.code = error.code;
    this.kind = KINDS.get(error.code) ?? "invalid";
    this.retryAfterMs = retryAfterMs;
  }
}
const KINDS = new Map<string, FaultKind>(Object.entries(MESSAGE_FAILURES));

/** What was read, or why not. */
type Read =
  | { readonly type: "message"; readonly message: Message }
  | { readonly type: "refused"; readonly receipt: contract.MessageReceipt };

/** The workspace of a message, and its sender if it names none. */
type Sending = {
  readonly workspace: string;
  readonly sender?: string | undefined;
  /** The party that limits the runs which the message starts. */
  readonly onBehalfOf?: RunCaller | undefined;
};

/** Parses a message. */
export function readSent(
  { messaging, server }: SendServices,
  json: Json,
  { workspace, sender = USER_SENDER, onBehalfOf }: Sending,
): Read {
  const result = readMessage(json, {
    workspace,
    nowMs: server.clock.nowMs(),
    contentBytesMax: messaging.limits.contentBytesMax,
    sender,
  });
  if (result.type === "message")
    return onBehalfOf === undefined ? result : { type: "message", message: { ...result.message, onBehalfOf } };
  const id = result.id ?? "";
  return {
    type: "refused",
    receipt: receiptOf({ type: "refused", error: result.error, retryAfterMs: undefined }, { id }),
  };
}

type Refusal = Pick<Extract<Submitted, { type: "refused" }>, "type" | "error" | "retryAfterMs">;

function receiptOf(
  submitted: Exclude<Submitted, { type: "refused" }> | Refusal,
  { id, protocol }: { readonly id: string; readonly protocol?: string | undefined },
): contract.MessageReceipt {
  const none = { recipients: [], duplicate: false, durability: null, answer: null, error: null, retry_after_ms: null };
  const nothing = { ...none, id, conversation_id: "", nearest: null, unchecked_protocol: null, reply: null };
  switch (submitted.type) {
    case "accepted": {
      const { conversationId, recipients, duplicate, durability, nearest = null } = submitted;
      const isOwn = protocol !== undefined && findProtocol(protocol).type === "own";
      const unchecked_protocol = isOwn ? protocol : null;
      const known = { recipients: [...recipients], duplicate, durability, nearest, unchecked_protocol };
      return { ...nothing, ...known, conversation_id: conversationId, status: "accepted" };
    }
    case "answered": {
      const { conversationId, answer, error } = submitted;
      return { ...nothing, conversation_id: conversationId, status: "answered", answer, error: { ...error } };
    }
    case "refused":
      return {
        ...nothing,
        status: "refused",
        error: { ...submitted.error },
        retry_after_ms: submitted.retryAfterMs ?? null,
      };
  }
}

type SendOptions = Pick<Sending, "workspace" | "onBehalfOf"> & {
  /** Maximum seconds to wait for the reply. */
  readonly wait: number;
  /** The sender; undefined is the operator, who replays messages of others. */
  readonly presented?: PresentedTokens;
  /** Throws if the message may not be sent to its recipients. */
  readonly reach?: (message: Addressed) => void;
};

/** What decides who receives a message and the answers to it. */
export type Addressed = Pick<Message, "address" | "replyTo">;

/**
 * Sends one message; stored when resolved, as its durability states. With `wait` the receipt contains the reply. The message
 * stays sent if the client disconnects. A repeated call does not send it again. Throws MessageRefusedError, SenderRefusedError.
 */
export async function sendMessage(
  services: SendServices,
  given: JsonObject,
  { wait, workspace, presented, reach, onBehalfOf = presented?.onBehalfOf }: SendOptions,
  call: Pick<Call, "signal" | "asked">,
): Promise<contract.MessageReceipt> {
  const { asked } = call;
  const one = readSent(services, asked?.withId(given) ?? given, {
    workspace,
    sender: presented?.sender,
    onBehalfOf,
  });
  if (one.type === "refused") throw new MessageRefusedError(refusalOf(one.receipt), undefined);
  presented?.authorize(one.message.sender);
  reach?.(one.message);
  // A client that does not wait receives no reply.
  using replies = wait === 0 ? undefined : await Replies.to(one.message, services.messaging.router);
  const submitted = await submit(services.messaging, one.message, asked);
  if (submitted.type === "refused") throw new MessageRefusedError(submitted.error, submitted.retryAfterMs);
  const known = await storedDuplicate(services.messaging.router, one.message, submitted);
  if (known !== undefined) reach?.(known);
  const receipt = receiptOf(submitted, one.message);
  if (replies === undefined || submitted.type !== "accepted") return receipt;
  // The reply to a message of this id belongs to its sender: any client can name an id.
  const isOwn = known?.sender.toLowerCase() === one.message.sender.toLowerCase();
  if (submitted.duplicate && (asked?.isRepeated === true || isOwn)) await replies.lookBack();
  return { ...receipt, reply: (await replies.first(services.server.clock, wait * 1_000, call.signal)) ?? null };
}

/** Returns the message that was sent before with the same id. */
async function storedDuplicate(
  { records }: Router,
  { workspace, id }: Message,
  submitted: Submitted,
): Promise<Message | undefined> {
  if (submitted.type !== "accepted" || !submitted.duplicate) return undefined;
  return (await records.message(workspace, id))?.message;
}

/** Hands it to the router. A program outside that sends is there. */
async function submit(
  { router, participants }: SendServices["messaging"],
  message: Message,
  asked: RequestIds | undefined,
): Promise<Submitted> {
  const before = asked?.isRepeated === true ? await sentBefore(router, message, asked) : undefined;
  const submitted = before ?? (await router.submit(message));
  if (submitted.type !== "refused") participants.seen(message.workspace, message.sender);
  return submitted;
}

/** What a request that came again had sent: the router remembers ids for a shorter time than keys are kept. */
async function sentBefore(
  { records }: Router,
  { workspace, id }: Message,
  { sinceMs }: RequestIds,
): Promise<Submitted | undefined> {
  const found = await records.message(workspace, id);
  if (found === undefined || found.message.atMs < sinceMs) return undefined;
  const { seq, deliveries } = found;
  const { conversationId, durability } = found.message;
  const recipients = deliveries.map(({ recipient }) => recipient);
  return { type: "accepted", id, seq, conversationId, recipients, duplicate: true, durability };
}

/** Why it was refused. */
export const refusalOf = ({ error }: contract.MessageReceipt): MessageError =>
  error ?? { code: "MESSAGE_INVALID", message: "the message cannot be read", hint: "", details: {} };

/** Sends messages in order, each separately: a refused message does not affect the others. */
export async function sendMessages(
  services: SendServices,
  given: readonly Json[],
  presented: PresentedTokens,
  asked?: RequestIds,
): Promise<contract.BatchReceipt> {
  const messages = asked?.withIds(given) ?? given;
  const send = async (json: Json): Promise<contract.MessageReceipt> => {
    const one = readSent(services, json, presented);
    if (one.type === "refused") return one.receipt;
    const error = presented.refusal(one.message.sender);
    if (error !== undefined) return receiptOf({ type: "refused", error, retryAfterMs: undefined }, one.message);
    return receiptOf(await submit(services.messaging, one.message, asked), one.message);
  };
  const items: contract.MessageReceipt[] = [];
  // What is looked for first would lose its order.
  if (asked?.isRepeated === true) for (const json of messages) items.push(await send(json));
  else items.push(...(await inTurns(messages, send)));
  const count = (status: contract.MessageReceipt["status"]) => items.filter((item) => item.status === status).length;
  return { items, accepted: count("accepted"), answered: count("answered"), refused: count("refused") };
}

/** How long the messages of one batch are read before others get a turn. */
const TURN_MS = 10;

/** Begins all in order, without waiting for any, but lets the event loop turn in between. Rejects when one has failed. */
async function inTurns<Item, Result>(
  items: readonly Item[],
  begin: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const begun: Promise<Result>[] = [];
  let startMs = performance.now();
  for (const item of items) {
    const one = begin(item);
    // All are awaited below; a failure before that is not unhandled.
    one.catch(() => {});
    begun.push(one);
    if (performance.now() - startMs < TURN_MS) continue;
    await setImmediate();
    startMs = performance.now();
  }
  return Promise.all(begun);
}

/** An agreement is not the answer yet: that follows. */
const PRELIMINARY: ReadonlySet<string> = new Set(["agree"]);

/** Of a conversation in which an answer is looked for, so many of the newest messages are read. */
const LOOKED_BACK_MAX = 500;

/**
 * Listens for the answer to a message from before it is sent, so that none is too fast.
 * operations.send-message.S1. A client receives only answers to its own message: those to its sender that name its id, or its
 *   `reply_with` if that is not the id of another message.
 */
class Replies {
  readonly #router: Router;
  readonly #message: Message;
  readonly #names: readonly (string | undefined)[];
  readonly #watching: Disposable;
  readonly #reply = Promise.withResolvers<JsonObject>();

  private constructor(router: Router, message: Message, isForeign: boolean) {
    this.#router = router;
    this.#message = message;
    this.#names = isForeign ? [message.id] : [message.id, message.replyWith];
    const { workspace, conversationId: conversation } = message;
    this.#watching = router.watch({ workspace, conversation, types: ["message"] }, (events) => {
      for (const event of events)
        if (event.type === "message" && this.#isAnswer(event.message, event.recipients))
          this.#reply.resolve(presentMessage(event).message);
    });
  }

  static async to(message: Message, router: Router): Promise<Replies> {
    const { workspace, id, replyWith } = message;
    const isForeign = replyWith !== undefined && replyWith !== id && (await router.records.has(workspace, replyWith));
    return new Replies(router, message, isForeign);
  }

  #isAnswer({ performative, inReplyTo }: Message, recipients: readonly string[]): boolean {
    const { sender, replyTo = sender } = this.#message;
    const own = [sender.toLowerCase(), replyTo.toLowerCase()];
    return (
      inReplyTo !== undefined &&
      this.#names.includes(inReplyTo) &&
      recipients.some((name) => own.includes(name.toLowerCase())) &&
      !PRELIMINARY.has(performative)
    );
  }

  /** The message was there before: perhaps its answer is too, and comes no more. */
  async lookBack(): Promise<void> {
    const { workspace, conversationId: conversation } = this.#message;
    const { records } = this.#router;
    const said = await records.messages({ workspace, conversation, limit: LOOKED_BACK_MAX });
    const answer = said.findLast(({ message, deliveries }) =>
      this.#isAnswer(
        message,
        deliveries.map(({ recipient }) => recipient),
      ),
    );
    if (answer !== undefined) this.#reply.resolve(presentView(answer).message);
  }

  async first(clock: Clock, waitMs: number, signal: AbortSignal): Promise<JsonObject | undefined> {
    const over = new AbortController();
    const waited = clock.sleep(waitMs, AbortSignal.any([over.signal, signal])).catch(() => undefined);
    try {
      return await Promise.race([this.#reply.promise, waited.then(() => undefined)]);
    } finally {
      over.abort();
    }
  }

  [Symbol.dispose](): void {
    this.#watching[Symbol.dispose]();
  }
}
