import { type MessageId } from "../../kernel/ids.ts";
import { type Json, type JsonObject } from "../../kernel/json.ts";
import { type Performative } from "../../kernel/performatives.ts";
import type { RunCaller } from "../../kernel/rights/run-caller.ts";

export { PERFORMATIVES, type Performative } from "../../kernel/performatives.ts";

/** From the least to the most urgent. */
export const PRIORITIES = ["low", "normal", "high", "critical"] as const;
export type Priority = (typeof PRIORITIES)[number];

/** What "accepted" means: on disk through a power cut, on disk through the end of the process, in memory only. */
export const DURABILITIES = ["full", "normal", "none"] as const;
export type Durability = (typeof DURABILITIES)[number];

/** How one provider of a capability is chosen among several. */
export const ROUTING_STRATEGIES = ["best_match", "round_robin", "least_loaded", "weighted", "fastest"] as const;
export type RoutingStrategy = (typeof ROUTING_STRATEGIES)[number];

/** A provided capability near in meaning to the requested one; `similarity` is a cosine, 0 to 1. */
export type NearestCapability = { readonly capability: string; readonly similarity: number };

/** Whom a message is for. */
export type Address =
  /** At least one name, none twice. */
  | { readonly type: "receivers"; readonly names: readonly string[] }
  /** The providers of a capability; `fallbackVersions` are tried in order when no agent provides `version`. */
  | {
      readonly type: "capability";
      readonly capability: string;
      readonly version: string | undefined;
      readonly fallbackVersions: readonly string[];
      readonly strategy: RoutingStrategy | undefined;
      /** Set by the router: the capability it chose when no agent provides the requested one. Most messages lack the key. */
      readonly nearest?: NearestCapability;
    }
  /** The subscribers of a topic. */
  | { readonly type: "topic"; readonly topic: string }
  /** Every agent of the workspace but the sender. */
  | { readonly type: "broadcast" };

/** Content too large to travel: where it is kept, and what it is. `hash` is SHA-256 in hexadecimal. */
export type MessageArtifact = {
  readonly id: string;
  readonly mediaType: string;
  readonly bytes: number;
  readonly hash: string;
};

/** What a message says. */
export type Content =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "json"; readonly value: Json }
  | { readonly type: "artifact"; readonly artifact: MessageArtifact };

/** What a `failure` or `not-understood` is about, in the shape of a `Fault`. */
export type MessageError = {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly details: JsonObject;
};

/** One of the messages that led to this one. `digest` identifies its content, so that a loop is detected. */
export type TrailEntry = { readonly sender: string; readonly receiver: string; readonly digest: string };

/** W3C trace context: 32 and 16 hexadecimal digits. */
export type MessageTrace = {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
  readonly state: string | undefined;
};

/** The sender's Ed25519 signature of `signedText`, base64url. */
export type MessageSignature = { readonly keyId: string; readonly value: string };

/** One message as the server holds it: built whole by `readMessage` or `composeMessage`, every key always there. */
export type Message = {
  readonly id: MessageId;
  readonly workspace: string;
  readonly performative: Performative;
  /** An agent's name, an outside participant's, or `user`; `caxton` is the server itself. */
  readonly sender: string;
  readonly address: Address;
  /** Who gets the answers, when that is not the sender. */
  readonly replyTo: string | undefined;
  readonly content: Content;
  readonly language: string | undefined;
  readonly encoding: string | undefined;
  readonly ontology: string | undefined;
  /** As in `fipa-request`; a message without one is free and nothing is checked. */
  readonly protocol: string | undefined;
  /** At most 256 printable characters; minted when the sender gave none. */
  readonly conversationId: string;
  readonly replyWith: string | undefined;
  readonly inReplyTo: string | undefined;
  /** When the answer must be there, in epoch milliseconds. */
  readonly replyByMs: number | undefined;
  readonly priority: Priority;
  /** From then on it is not delivered any more, in epoch milliseconds. */
  readonly expiresAtMs: number | undefined;
  readonly durability: Durability;
  /** How many messages led to this one. */
  readonly hops: number;
  /** The newest of the messages that led here, oldest first. */
  readonly trail: readonly TrailEntry[];
  /** The trace it belongs to; undefined when that begins with it, see `traceOf`. */
  readonly trace: MessageTrace | undefined;
  /** When the server accepted it, in epoch milliseconds. */
  readonly atMs: number;
  readonly parentConversation: string | undefined;
  readonly mergeConversations: readonly string[];
  /** On `failure` and `not-understood`. */
  readonly error: MessageError | undefined;
  /** What the sender put beside, as FIPA's `:X-…` parameters. */
  readonly parameters: JsonObject | undefined;
  /** The party that limits what is done because of the message. Stored with it, and never on the wire. */
  readonly onBehalfOf: RunCaller | undefined;
  readonly signature: MessageSignature | undefined;
};

/** The sender of what the server itself says. */
export const SYSTEM_SENDER = "caxton";

/** The sender of what a person says. */
export const USER_SENDER = "user";
