import type { ToolCallId } from "../../kernel/ids.ts";
import type { Json, JsonObject } from "../../kernel/json.ts";
import type { RunCaller } from "../../kernel/rights/run-caller.ts";

/** A file that only the calling run's tools can read, as `uploads/<name>`. */
export type AttachedFile = {
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: number;
  /** Where the server keeps it; never shown to a guest. */
  readonly location: string;
};

/** A question of a tool server to a person during a call. */
export type ToolQuestion = {
  readonly server: string;
  readonly message: string;
  /** JSON Schema of the answer's content, an object; undefined for a mere yes or no. */
  readonly schema: JsonObject | undefined;
  /** A page the person is asked to visit instead. */
  readonly url: string | undefined;
};
export type ToolReply =
  | { readonly type: "accepted"; readonly content: JsonObject }
  | { readonly type: "declined" }
  | { readonly type: "cancelled" };

/** What a person or the caller of the run is to give, instead of a message of an agent. */
export type ExpectedInput =
  | {
      readonly kind: "question";
      readonly question: string;
      /** The answers to choose from; empty for any. */
      readonly options: readonly string[];
      /** Form of the answer: JSON Schema of an object. */
      readonly schema: JsonObject;
      /** The form is a text, its field `answer`. */
      readonly isText: boolean;
    }
  /** The result of a tool that the caller of the run provides. */
  | { readonly kind: "client-tool"; readonly name: string; readonly arguments: JsonObject }
  /** A sign-in to a tool server; the call was not made, and is made after it. */
  | { readonly kind: "sign-in"; readonly server: string; readonly message: string }
  /** A question of a tool server between two requests of a call, which continues with the answer. */
  | (Elicited & { readonly kind: "elicitation"; readonly server: string; readonly message: string });

/** A call whose server asked the user for something: all that its next request needs. */
export type Round = {
  /** From 1. */
  readonly number: number;
  /** Opaque text of the server. */
  readonly requestState: string | null;
  /** The server's requests for input, by its keys. */
  readonly requests: JsonObject;
  /** The responses to the requests before the one that is asked. */
  readonly responses: JsonObject;
  /** Key of the request that the user answers. */
  readonly asked: string;
};

type Elicited = {
  /** JSON Schema of the answer, an object; null for a mere yes or no. */
  readonly schema: JsonObject | null;
  /** A page to visit instead. */
  readonly url: string | null;
  readonly round: Round;
};
/** The end of the wait for a user's answer. */
export type AnsweredRound = { readonly round: Round; readonly schema: JsonObject | null; readonly reply: ToolReply };

/** What a call waits for that needs a sign-in to a tool server: all of a server begin alike. */
export const signInWait = (server: string, call: string): string => `sign-in:${server}:${call}`;

/** A reply that a call waits for. */
export type ExpectedReply = {
  readonly conversationId: string;
  /** What the reply carries as `in_reply_to`; no other call waits for it. */
  readonly replyWith: string;
  /** When the caller stops waiting, in epoch milliseconds. */
  readonly deadlineMs: number;
  /** Who is to answer, in words: an agent's name, `capability:translate`. */
  readonly to: string;
  /** Absent for a message. */
  readonly input?: ExpectedInput | undefined;
  /** The agent works for the run, with these of its files; absent for a message between equals. */
  readonly delegation?: { readonly files: string[]; readonly background?: true | undefined } | undefined;
};

export type AwaitReply = (wait: ExpectedReply, send: () => Promise<ToolResult | undefined>) => Promise<ToolResult>;

/** Restrictions of an agent for the requests of one tool server. */
export type ServerRestrictions = {
  readonly domains?: readonly string[] | undefined;
  readonly timeoutMs?: number | undefined;
  readonly followsRedirects?: boolean | undefined;
  readonly redirectsMax?: number | undefined;
  readonly responseBytesMax?: number | undefined;
  readonly userAgent?: string | undefined;
};

/** What the definition of an agent takes from its tool servers: none of it adds to their grants and limits. */
export type CallRestrictions = {
  /** Hosts, `*.host` for those below one; undefined does not restrict. */
  readonly domains?: readonly string[] | undefined;
  readonly callTimeoutMs?: number | undefined;
  /** Of one instance of a sandboxed tool server. */
  readonly memoryBytesMax?: number | undefined;
  readonly network: boolean;
  readonly files: boolean;
  /** By the name of the tool server. */
  readonly servers: Readonly<Record<string, ServerRestrictions>>;
};

/** On whose behalf a tool runs. Calls of one `session` share a guest instance, calls of two never do. */
export type CallContext = {
  /** A run's id, or a fresh id for a call outside a run. */
  readonly session: string;
  readonly workspace: string;
  readonly agent: string | undefined;
  /** On whose behalf the call is made, with the permissions that it lacks; absent without access control, and for what no principal started. */
  readonly onBehalfOf?: RunCaller | undefined;
  /** Restrictions of the agent's definition. */
  readonly restrictions?: CallRestrictions | undefined;
  /** The conversation whose message started the run; absent where none did. */
  readonly conversation?: string | undefined;
  readonly files: readonly AttachedFile[];
  /** Tools of the caller of the run, with the time that a call waits for its result. */
  readonly clientTools?: readonly { readonly name: string; readonly expiresAfterMs: number }[] | undefined;
  /**
   * An operator lets this one call reach what its server asks for, to see what it needs: files below the server's
   * directory for reading, public addresses, state, time, chance. Never secrets.
   */
  readonly isPermissive?: boolean | undefined;
  /**
   * Asks a person; absent if no person can be asked, and the question is then declined. Rejects when the signal
   * aborts.
   */
  readonly ask?: ((question: ToolQuestion, signal: AbortSignal) => Promise<ToolReply>) | undefined;
  /**
   * Lets the call end with a reply to a message that `send` sends: that it waits is on disk before. Returns why it could not
   * be sent, or else a result that stands for nothing, since the true one comes with the reply; the tool hands on either.
   * Absent where nothing can wait so: outside of runs.
   */
  readonly awaitReply?: AwaitReply | undefined;
  /** The last question of the call that a user was asked and that is settled; the call continues from there. */
  readonly answered?: AnsweredRound | undefined;
  /** Called with the progress of a long call, from 0 to `total`, if the server reports it. */
  readonly onProgress?: ((progress: ToolProgress) => void) | undefined;
  /** Called with the lines that the tool writes to its log during the call, fit for a terminal. */
  readonly onLog?: ((lines: readonly { readonly atMs: number; readonly text: string }[]) => void) | undefined;
};

export type ToolProgress = { readonly done: number; readonly total: number | undefined; readonly message: string };

export type ToolCall = {
  readonly id: ToolCallId;
  readonly server: string;
  readonly tool: string;
  readonly arguments: JsonObject;
  readonly context: CallContext;
};

/** A text that the server has at an address. The text begins with the address in a line of its own, and a colon. */
export type EmbeddedResource = { readonly uri: string; readonly name: string; readonly mediaType: string };

/** One piece of a tool's answer. A `file`, of text, and `bytes`, of anything else, become artifacts of the run. */
export type ContentPart =
  | { readonly type: "text"; readonly text: string; readonly resource?: EmbeddedResource | undefined }
  | {
      readonly type: "bytes";
      readonly name: string;
      readonly mediaType: string;
      readonly bytes: Uint8Array;
      /** Where the server has it, if it says so. */
      readonly uri?: string | undefined;
    }
  | { readonly type: "file"; readonly name: string; readonly mediaType: string; readonly text: string };

export type ToolUsage = { readonly fuel: number; readonly durationMs: number; readonly memoryBytes: number };

export const TOOL_FAILURES = [
  /** The tool returned an error; its text gives the reason. */
  "tool-error",
  /** No server or tool of that name, or the agent's list does not hold it. */
  "unknown-tool",
  "invalid-arguments",
  "fuel",
  "deadline",
  "memory",
  "trap",
  /** It answered with what is not a valid result, or with too much. */
  "bad-output",
  /** The sandbox child ended; other calls in it are retried, the offender fails. */
  "crashed",
  "quarantined",
  "overloaded",
  "cancelled",
  "denied",
  /** A permission rule forbids it; it was not made. */
  "forbidden",
  /** A person denied the call, or it was not approved in time; it was not made. */
  "rejected",
  /** Its server is paused, changed and not accepted, being deleted, or has failed. */
  "unavailable",
  /** Its server wants a person to sign in; it was not made. */
  "sign-in-needed",
] as const;
export type ToolFailureReason = (typeof TOOL_FAILURES)[number];

/** How a call ended. A failure is not thrown: the model has to see it. */
export type ToolResult =
  | {
      readonly type: "done";
      readonly content: readonly ContentPart[];
      readonly structured: Json | undefined;
      readonly usage: ToolUsage;
    }
  | {
      readonly type: "failed";
      readonly reason: ToolFailureReason;
      /** What, where, how to fix it; may be shown to a model and a person. */
      readonly message: string;
      readonly usage: ToolUsage;
    };

export const NO_USAGE: ToolUsage = { fuel: 0, durationMs: 0, memoryBytes: 0 };

export const failedCall = (reason: ToolFailureReason, message: string, usage: ToolUsage = NO_USAGE): ToolResult => ({
  type: "failed",
  reason,
  message,
  usage,
});
