import type { Fault } from "../../kernel/errors.ts";
import type { ArtifactId, ToolCallId } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { ToolResult, ToolServer } from "../../tools/catalogue/index.ts";
import type { HandOff, HandOffOutcome } from "../calls/index.ts";
import type {
  Artifact,
  ArtifactStore,
  DraftPiece,
  EventOf,
  ExecutionPlan,
  JournalEntry,
  SuspendedState,
  RunEvent,
  RunFailure,
  RunView,
} from "../record/index.ts";
import type { ModelLimits, ModelPart, ModelRequest, ModelSettings } from "../../models/port/index.ts";
import type { TurnUsage, Patience, TurnCost, TurnPermit } from "../spending/index.ts";
import type { RetryPolicy } from "../turn/index.ts";

/** A model as a worker knows it; the model itself stays in the server, under this number. */
export type ModelRef = { readonly ref: number; readonly id: string; readonly limits: ModelLimits | undefined };

/** Assignment of a worker. It contains no secrets: the headers of `settings` are sealed. */
export type RunAssignment = {
  readonly plan: ExecutionPlan;
  readonly view: RunView;
  readonly servers: readonly ToolServer[];
  readonly model: ModelRef;
  readonly retry: RetryPolicy;
  readonly choiceTimeoutMs: number;
  readonly limitsCalls: boolean;
};

/** Request of a worker to the server. */
export type WorkerRequest =
  | { readonly type: "record"; readonly events: readonly RunEvent[] }
  | { readonly type: "turn"; readonly model: number; readonly request: ModelRequest; readonly toolTokens: number }
  | { readonly type: "calls"; readonly count: number; readonly how: Patience }
  | { readonly type: "fuel"; readonly fuel: number; readonly how: Patience }
  | { readonly type: "charge"; readonly permit: number; readonly answer: TurnUsage }
  /** The parts come first, then the answer. */
  | { readonly type: "stream"; readonly permit: number }
  | { readonly type: "backup"; readonly name: string }
  | { readonly type: "summarizer" }
  | {
      readonly type: "call";
      readonly callId: ToolCallId;
      readonly server: string;
      readonly tool: string;
      readonly arguments: JsonObject;
    }
  | { readonly type: "save"; readonly file: Parameters<ArtifactStore["save"]>[1] }
  | { readonly type: "files" }
  | { readonly type: "read"; readonly id: ArtifactId }
  | { readonly type: "complete"; readonly end: RunEvent & { readonly type: "model-end" }; readonly next: RunEvent }
  | { readonly type: "suspend"; readonly state: SuspendedState; readonly waits: readonly string[] }
  | { readonly type: "hand-off"; readonly end: EventOf<"tool-end">; readonly handOff: HandOff };

/** Leave as a number; `isTimed` when a budget's time may end it. */
export type RemoteReservation =
  | Exclude<TurnPermit, { type: "granted" }>
  | { readonly type: "granted"; readonly permit: number; readonly isTimed: boolean };
export type TurnReservation =
  | Exclude<TurnPermit, { type: "granted" }>
  | (Pick<Extract<TurnPermit, { type: "granted" }>, "type" | "limited"> & {
      readonly permit: number;
      readonly isTimed: boolean;
      readonly outputTokensMax: number | undefined;
    });

/** Response to each type of request. */
export type WorkerResponses = {
  readonly record: undefined;
  readonly turn: TurnReservation;
  readonly calls: RemoteReservation;
  readonly fuel: RemoteReservation;
  readonly charge: TurnCost;
  readonly stream: undefined;
  readonly backup: { readonly model: ModelRef; readonly settings: ModelSettings };
  readonly summarizer: ModelRef;
  readonly call: ToolResult;
  readonly save: Artifact;
  readonly files: readonly Artifact[];
  readonly read: Uint8Array;
  readonly complete: "ended" | "continue";
  readonly suspend: "suspended" | "continue";
  readonly "hand-off": HandOffOutcome;
};

export type WorkerMessage =
  | { readonly type: "ready" }
  /** Heartbeat response. */
  | { readonly type: "pong" }
  | { readonly type: "ask"; readonly id: number; readonly ask: WorkerRequest }
  /** The worker no longer waits for the answer. */
  | { readonly type: "stop"; readonly id: number }
  /** So many parts of a stream are read. */
  | { readonly type: "taken"; readonly id: number; readonly parts: number }
  | { readonly type: "note"; readonly events: readonly RunEvent[] }
  | { readonly type: "delta"; readonly piece: DraftPiece }
  | { readonly type: "release"; readonly permit: number }
  | { readonly type: "over" }
  | { readonly type: "threw"; readonly fault: Fault; readonly stack: string };

/** `Answer` is what the server sends, and what the worker knows by whom it had asked. */
export type HostMessage<Answer> =
  | { readonly type: "begin"; readonly work: RunAssignment }
  | { readonly type: "ping" }
  | { readonly type: "entries"; readonly entries: readonly JournalEntry[] }
  | { readonly type: "servers"; readonly servers: readonly ToolServer[] }
  | { readonly type: "answer"; readonly id: number; readonly answer: Answer }
  | { readonly type: "failed"; readonly id: number; readonly fault: Fault }
  | { readonly type: "part"; readonly id: number; readonly part: ModelPart }
  /** The time of a budget is used up; null when the run was stopped. */
  | { readonly type: "cut"; readonly permit: number; readonly failure: RunFailure | null }
  | { readonly type: "abort" };
