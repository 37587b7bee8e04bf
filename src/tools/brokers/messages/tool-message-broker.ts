import { createHash } from "node:crypto";
import type { Clock } from "../../../kernel/clock.ts";
import { canonicalJson, type Json, type JsonObject } from "../../../kernel/json.ts";
import { hasRight, refusalText } from "../../../kernel/rights/run-caller.ts";
import {
  type Address,
  type Message,
  type MessageError,
  readMessage,
  USER_SENDER,
} from "../../../messaging/acl/index.ts";
import type { Router } from "../../../messaging/router/index.ts";
import {
  grantsToml,
  type GrantUse,
  type MessageGrant,
  messageGrantAllows,
  type MessageTarget,
  NO_GRANTS,
  type OnRefused,
  targetWords,
} from "../../catalogue/index.ts";
import {
  type Caller,
  hostRefused,
  type HostRefused,
  type MessageAccess,
  type SentMessage,
} from "../../sandbox/index.ts";
import { messageIdOf } from "../../../messaging/acl/index.ts";
import { RateLimiter } from "../../../kernel/async/rate-limiter.ts";

/** Fields that messages of a run inherit from the message that started it. */
export type Origin = Pick<Message, "trace" | "hops" | "trail" | "parentConversation">;
type Submitted = Awaited<ReturnType<Router["submit"]>>;

export type ToolMailDeps = {
  readonly post: Pick<Router, "submit">;
  /** Returns the origin of a session's messages; undefined if no message started its run. */
  readonly originOf: (session: string) => Origin | undefined;
  readonly clock: Clock;
  /** Called with each message, and with each refused one. */
  readonly audit: (use: GrantUse) => void;
  readonly onRefused: OnRefused;
  /** What a server writes, without the secrets whose values it was given. */
  readonly redact: (caller: Caller, message: Json) => Json;
  readonly contentBytesMax: number;
};

/** Of a message, what a tool may say; whose it is and what led to it is the server's to say. */
const KEYS: ReadonlySet<string> = new Set([
  "performative",
  "message_type",
  "receiver",
  "capability",
  "target_capability",
  "to_capability",
  "topic",
  "broadcast",
  "version",
  "fallback_versions",
  "routing_strategy",
  "content",
  "language",
  "encoding",
  "ontology",
  "protocol",
  "conversation_id",
  "reply_with",
  "reply_by",
  "priority",
  "ttl",
  "expires_at",
  "durability",
  "parameters",
]);

const PER_MINUTE = 60;

/**
 * Messages of tool servers, sent in the name of the agent whose run called them.
 * messages.tool-message-broker.T1. Nothing is sent without a grant for its act and for whom it is for, and no more of a grant
 *   than its rate.
 * messages.tool-message-broker.T4. Nothing is sent on behalf of a caller that may not send messages.
 * messages.tool-message-broker.T2. It carries on hops, trail and trace of the message that started the run, so that circles
 *   through tools are found.
 * messages.tool-message-broker.T3. A call that is made again after a crash and says the same sends the same message, which
 *   arrives once.
 */
export class ToolMessageBroker implements MessageAccess {
  readonly #deps: ToolMailDeps;
  readonly #rates: RateLimiter;
  /** Messages of a call so far. */
  readonly #counts = new WeakMap<Caller, number>();

  constructor(deps: ToolMailDeps) {
    this.#deps = deps;
    this.#rates = new RateLimiter(deps.clock);
  }

  async send(caller: Caller, given: JsonObject): Promise<SentMessage | HostRefused> {
    const startedAtMs = this.#deps.clock.monotonicMs();
    const message = this.#read(caller, given);
    if ("type" in message) return this.#audited(caller, undefined, message, startedAtMs);
    const refusal = this.#judge(caller, message);
    const answer = refusal ?? outcomeOf(await this.#deps.post.submit(message));
    return this.#audited(caller, message, answer, startedAtMs);
  }

  #read(caller: Caller, given: JsonObject): Message | HostRefused {
    const strange = Object.keys(given).filter((key) => !KEYS.has(key));
    if (strange.length > 0) {
      return hostRefused(
        "invalid",
        `a tool's message has no ${strange.join(", ")}; its keys are ${[...KEYS].join(", ")}`,
      );
    }
    const { context } = caller;
    const { clock, originOf, contentBytesMax, redact } = this.#deps;
    const sender = context.agent ?? USER_SENDER;
    const wire = { performative: "inform", ...given, content: redact(caller, given["content"] ?? "") };
    if (Object.hasOwn(given, "message_type")) Reflect.deleteProperty(wire, "performative");
    const read = readMessage(wire, { workspace: context.workspace, nowMs: clock.nowMs(), contentBytesMax, sender });
    if (read.type === "refused") {
      const code = read.error.code === "MESSAGE_TOO_LARGE" ? "too-large" : "invalid";
      return hostRefused(code, inWords(read.error));
    }
    const id = this.#idOf(caller, wire);
    return {
      ...read.message,
      ...originOf(context.session),
      onBehalfOf: context.onBehalfOf,
      id,
      ...(given["conversation_id"] === undefined && { conversationId: id }),
    };
  }

  #idOf(caller: Caller, said: JsonObject): Message["id"] {
    const count = (this.#counts.get(caller) ?? 0) + 1;
    this.#counts.set(caller, count);
    const digest = createHash("sha256").update(canonicalJson(said)).digest("hex");
    return messageIdOf(caller.call, `${caller.server} ${count} ${digest}`);
  }

  /** Why it may not be sent; undefined when it may, and then it counts. */
  #judge(
    { server, grants, context: { onBehalfOf: caller, agent, workspace, session } }: Caller,
    { performative, address }: Message,
  ): HostRefused | undefined {
    if (caller !== undefined && !hasRight(caller, "messages:send")) {
      const right = "messages:send";
      this.#deps.onRefused({ caller, agent, workspace, session, operation: `${server} send-message`, right });
      return hostRefused("denied", refusalText(caller, right));
    }
    const target = targetOf(address);
    const fitting = grants.messages.filter((grant) => messageGrantAllows(grant, performative, target));
    const rateOf = (grant: MessageGrant): string => JSON.stringify([workspace, server, grant]);
    if (fitting.some((grant) => this.#rates.take(rateOf(grant), grant.perMinute))) return undefined;
    const most = Math.max(...fitting.map(({ perMinute }) => perMinute));
    if (fitting.length > 0) {
      return hostRefused(
        "too-many",
        `\`${server}\` has sent its ${most} messages of a minute; try again later, or raise per_minute of its grant`,
      );
    }
    return hostRefused("denied", denial(server, performative, target));
  }

  #audited<Answer extends SentMessage | HostRefused>(
    { server, context: { workspace, agent, session } }: Caller,
    message: Message | undefined,
    answer: Answer,
    startedAtMs: number,
  ): Answer {
    const { audit, clock } = this.#deps;
    const reason = answer.type === "refused" ? answer.code : "";
    audit({
      kind: "message",
      operation: message?.performative ?? "send",
      target: message === undefined ? "" : targetWords(targetOf(message.address)),
      outcome: reason === "" ? "allowed" : reason === "denied" ? "denied" : "failed",
      reason,
      bytes: message === undefined || reason !== "" ? 0 : bytesOf(message),
      workspace,
      server,
      agent,
      session,
      durationMs: clock.monotonicMs() - startedAtMs,
      atMs: clock.nowMs(),
    });
    return answer;
  }
}

const inWords = ({ code, message, hint }: MessageError): string =>
  `${message} [${code}]${hint === "" ? "" : `. ${hint}`}`;

const bytesOf = ({ content }: Message): number => {
  if (content.type === "artifact") return content.artifact.bytes;
  return Buffer.byteLength(content.type === "text" ? content.text : JSON.stringify(content.value));
};

function targetOf(address: Address): MessageTarget {
  return address.type === "capability" ? { type: "capability", capability: address.capability } : address;
}

/** What would allow it, as an operator writes it. */
function denial(server: string, performative: string, target: MessageTarget): string {
  const grant: MessageGrant = {
    performatives: [performative],
    receivers: target.type === "receivers" ? target.names : [],
    capabilities: target.type === "capability" ? [target.capability] : [],
    topics: target.type === "topic" ? [target.topic] : [],
    broadcast: target.type === "broadcast",
    perMinute: PER_MINUTE,
  };
  const lines = grantsToml({ ...NO_GRANTS, messages: [grant] }, `tool_servers.${server}.grants`);
  const whom = target.type === "broadcast" ? "all agents" : targetWords(target);
  return `\`${server}\` may not send ${performative} to ${whom}; add to caxton.toml:\n${lines.join("\n")}`;
}

const NO_RECIPIENT: ReadonlySet<string> = new Set(["AGENT_NOT_FOUND", "NO_CAPABILITY_PROVIDERS", "NO_SUBSCRIBERS"]);

/** Result of a submission, for the guest. */
function outcomeOf(submitted: Submitted): SentMessage | HostRefused {
  if (submitted.type === "accepted") {
    const { id, conversationId, recipients } = submitted;
    return { type: "sent", id, conversationId, recipients };
  }
  const { error } = submitted;
  if (NO_RECIPIENT.has(error.code)) return hostRefused("not-found", inWords(error));
  if (submitted.type === "refused" && submitted.retryAfterMs !== undefined)
    return hostRefused("too-many", inWords(error));
  if (error.code === "MESSAGE_TOO_LARGE") return hostRefused("too-large", inWords(error));
  const isOurs = error.code === "MESSAGE_NOT_STORED" || error.code === "ROUTER_STOPPING";
  return hostRefused(isOurs ? "unavailable" : "invalid", inWords(error));
}
