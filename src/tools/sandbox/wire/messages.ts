import type { Frame } from "./frames.ts";

/** What the server says to a sandbox child and what it hears from one, apart from files (io.ts). */

/** Frame kinds; 1 is credit. Append only: a child is always of the same version, but traces outlive versions. */
export const KIND = {
  load: 2,
  unload: 3,
  call: 4,
  cancel: 5,
  endSession: 6,
  ioReply: 7,
  ping: 8,
  build: 9,
  trim: 10,
  ready: 16,
  loaded: 17,
  result: 18,
  ioRequest: 19,
  log: 20,
  pong: 21,
  built: 22,
  turn: 23,
} as const;

export const FROM_SERVER: ReadonlySet<number> = new Set([
  KIND.load,
  KIND.unload,
  KIND.call,
  KIND.cancel,
  KIND.endSession,
  KIND.ioReply,
  KIND.ping,
  KIND.build,
  KIND.trim,
]);
export const FROM_CHILD: ReadonlySet<number> = new Set([
  KIND.ready,
  KIND.loaded,
  KIND.result,
  KIND.ioRequest,
  KIND.log,
  KIND.pong,
  KIND.turn,
]);
export const FROM_BUILD_CHILD: ReadonlySet<number> = new Set([KIND.ready, KIND.built]);

/** What a child has to know to run one tool server. */
export type LoadSpec = {
  readonly abi: string;
  /** Tools in the order that call frames count them. */
  readonly tools: readonly string[];
  readonly memoryBytesMax: number;
  readonly fuelPerCall: number;
  readonly startFuel: number;
  readonly resultBytesMax: number;
  /** Live instances of this server in one child. */
  readonly instancesMax: number;
  /** Whether an instance is started before a call needs it. */
  readonly startsAhead: boolean;
  readonly environment: readonly (readonly [string, string])[];
  readonly clock: boolean;
  readonly random: boolean;
  /** Names of the exports that the meter added. */
  readonly fuelExport: string;
  readonly startExport: string;
};

/**
 * Outcome of a call, as a child reports it. `text` and `content` are successes; the others have a text with
 * details.
 */
export const OUTCOMES = [
  "text",
  "content",
  "tool-error",
  "fuel",
  "deadline",
  "memory",
  "trap",
  "bad-output",
  "cancelled",
] as const;
export type Outcome = (typeof OUTCOMES)[number];

export type ResultMessage = {
  readonly outcome: Outcome;
  readonly fuel: number;
  readonly memoryBytes: number;
  /** The text, the content as JSON, or what went wrong. */
  readonly body: string;
};

const RESULT_HEAD_BYTES = 17;

/** Head of a result; good until the next one is made. */
export function encodeResultHead({ outcome, fuel, memoryBytes }: Omit<ResultMessage, "body">): Buffer {
  resultHead[0] = OUTCOMES.indexOf(outcome);
  resultHead.writeDoubleLE(fuel, 1);
  resultHead.writeDoubleLE(memoryBytes, 9);
  return resultHead;
}
const resultHead = Buffer.alloc(RESULT_HEAD_BYTES);

/** Undefined when the payload is not such a message. */
export function decodeResult({ bytes, start, end }: Frame): ResultMessage | undefined {
  if (end - start < RESULT_HEAD_BYTES) return undefined;
  const outcome = OUTCOMES[bytes[start] ?? OUTCOMES.length];
  const fuel = bytes.readDoubleLE(start + 1);
  const memoryBytes = bytes.readDoubleLE(start + 9);
  if (outcome === undefined || !isCount(fuel) || !isCount(memoryBytes)) return undefined;
  return { outcome, fuel, memoryBytes, body: bytes.toString("utf8", start + RESULT_HEAD_BYTES, end) };
}

const isCount = (value: number): boolean => value >= 0 && value <= Number.MAX_SAFE_INTEGER;

/** Head of a call, which the arguments' JSON text follows: which session's instance, which tool. Good until the next one is made. */
export function encodeCallHead(session: number, tool: number): Buffer {
  callHead.writeUInt32LE(session, 0);
  callHead.writeUInt16LE(tool, 4);
  return callHead;
}
export const CALL_HEAD_BYTES = 6;
const callHead = Buffer.alloc(CALL_HEAD_BYTES);

/** Two parts in one payload: JSON, then bytes. */
export function encodeWithBytes(json: unknown, bytes: Uint8Array): readonly [Buffer, Buffer, Uint8Array] {
  const text = Buffer.from(JSON.stringify(json));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32LE(text.length);
  return [length, text, bytes];
}

/** The two parts again; `json` is not parsed. Undefined when the payload is too short for what it says. */
export function decodeWithBytes(payload: Buffer): { readonly json: Buffer; readonly bytes: Buffer } | undefined {
  if (payload.length < 4) return undefined;
  const end = 4 + payload.readUInt32LE(0);
  if (end > payload.length) return undefined;
  return { json: payload.subarray(4, end), bytes: payload.subarray(end) };
}

/** A tool as a guest described it: checked for size and shape in the child that ran the guest. */
export type GuestTool = {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: object;
  readonly outputSchema: object | undefined;
  readonly readOnly: boolean;
  readonly idempotent: boolean;
  /** Only where it says so itself. */
  readonly destructive?: boolean | undefined;
};

/** What a build child answers; the metered module follows a success. */
export type BuildAnswer =
  | { readonly type: "built"; readonly abi: string; readonly tools: readonly GuestTool[]; readonly types: number }
  | { readonly type: "refused"; readonly code: string; readonly message: string; readonly hint: string };

export type BuildSpec = {
  readonly memoryBytesMax: number;
  readonly moduleBytesMax: number;
  readonly startFuel: number;
  readonly toolsMax: number;
  /** Those of the manifest, for a module that does not describe its own. */
  readonly tools: readonly GuestTool[];
};
