import { isUtf8 } from "node:buffer";
import { decodeInfo, type FileInfo, STAMPS_BYTES, stampBytes, type Stamps, stampsOf } from "./file-info.ts";

/** Requests of a guest, and their answers, as bytes: files as WASI asks for them, and everything else by name. Offsets and sizes are doubles: they are whole and below 2^53. */

/** Reason of a refused request; the guest gets the WASI error of the same meaning. */
export const REFUSALS = [
  "denied",
  "not-found",
  "exists",
  "is-directory",
  "not-directory",
  "not-empty",
  "too-large",
  "too-many-open",
  "storage-full",
  "invalid",
  "io",
  "loop",
  "name-too-long",
  "cross-device",
] as const;
export type Refusal = (typeof REFUSALS)[number];

export type OpenFlags = {
  readonly access: "read" | "write";
  readonly create: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
  /** Whether a symbolic link at the path's end is followed. */
  readonly follow: boolean;
};

export type IoRequest =
  | { readonly op: "open"; readonly path: string; readonly flags: OpenFlags }
  | { readonly op: "read"; readonly handle: number; readonly offset: number; readonly length: number }
  | { readonly op: "write"; readonly handle: number; readonly offset: number; readonly bytes: Buffer }
  | { readonly op: "truncate"; readonly handle: number; readonly bytes: number }
  | { readonly op: "close"; readonly handle: number }
  | { readonly op: "stat"; readonly path: string; readonly follow: boolean }
  | { readonly op: "list"; readonly path: string }
  | { readonly op: "make-directory"; readonly path: string }
  | { readonly op: "rename"; readonly from: string; readonly to: string }
  | { readonly op: "remove"; readonly path: string; readonly kind: "file" | "directory" }
  /** Anything that is no file, such as `http.fetch`; `body` is `u32 head length | head as JSON | bytes`, and so is what a granted one is answered with. */
  | { readonly op: "request"; readonly name: string; readonly body: Buffer }
  | { readonly op: "append"; readonly handle: number; readonly bytes: Buffer }
  | { readonly op: "sync"; readonly handle: number }
  | { readonly op: "file-stat"; readonly handle: number }
  | { readonly op: "set-file-times"; readonly handle: number; readonly times: Stamps }
  | { readonly op: "set-times"; readonly path: string; readonly follow: boolean; readonly times: Stamps }
  | { readonly op: "read-link"; readonly path: string }
  /** Makes a symbolic link at `path` that says `target`. */
  | { readonly op: "make-link"; readonly path: string; readonly target: string }
  /** Gives the file at `from` a further name. */
  | { readonly op: "link"; readonly from: string; readonly to: string };
type Op = IoRequest["op"];

const OPS = [
  "open",
  "read",
  "write",
  "truncate",
  "close",
  "stat",
  "list",
  "make-directory",
  "rename",
  "remove",
  "request",
  "append",
  "sync",
  "file-stat",
  "set-file-times",
  "set-times",
  "read-link",
  "make-link",
  "link",
] as const satisfies readonly Op[];

const WRITE = 1;
const CREATE = 2;
const EXCLUSIVE = 4;
const TRUNCATE = 8;
const FOLLOW = 16;
const FLAG_BITS_MAX = 31;

const HEAD_BYTES = 5;

/** Longest path a guest may name, in UTF-8 bytes. */
export const PATH_BYTES_MAX = 4_096;
/** Longest name of a request that is no file. */
export const REQUEST_NAME_MAX = 64;

/** The request's payload: `u32 call | u8 op | …`; bytes to be written follow as a part of their own. */
export function encodeIoRequest(call: number, request: IoRequest): readonly Uint8Array[] {
  const body = requestBody(request);
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head.writeUInt32LE(call, 0);
  head[4] = OPS.indexOf(request.op);
  if (request.op === "write" || request.op === "append") return [head, body, request.bytes];
  return request.op === "request" ? [head, body, request.body] : [head, body];
}

function requestBody(request: IoRequest): Buffer {
  switch (request.op) {
    case "open":
      return Buffer.concat([Buffer.of(flagBits(request.flags)), Buffer.from(request.path)]);
    case "read":
      return numbers(request.handle, request.offset, request.length);
    case "write":
      return numbers(request.handle, request.offset);
    case "truncate":
      return numbers(request.handle, request.bytes);
    case "close":
    case "append":
    case "sync":
    case "file-stat":
      return numbers(request.handle);
    case "set-file-times":
      return Buffer.concat([numbers(request.handle), stampBytes(request.times)]);
    case "set-times":
      return Buffer.concat([Buffer.of(request.follow ? 1 : 0), stampBytes(request.times), Buffer.from(request.path)]);
    case "stat":
      return Buffer.concat([Buffer.of(request.follow ? 1 : 0), Buffer.from(request.path)]);
    case "list":
    case "make-directory":
    case "read-link":
      return Buffer.from(request.path);
    case "rename":
    case "link":
      return pair(request.from, request.to);
    case "make-link":
      return pair(request.target, request.path);
    case "remove":
      return Buffer.concat([Buffer.of(request.kind === "file" ? 0 : 1), Buffer.from(request.path)]);
    case "request": {
      const name = Buffer.from(request.name, "latin1");
      return Buffer.concat([Buffer.of(name.length), name]);
    }
  }
}

function pair(one: string, other: string): Buffer {
  const first = Buffer.from(one);
  return Buffer.concat([numbers(first.length), first, Buffer.from(other)]);
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(8 * values.length);
  for (const [index, value] of values.entries()) bytes.writeDoubleLE(value, 8 * index);
  return bytes;
}

const flagBits = (flags: OpenFlags): number =>
  (flags.access === "write" ? WRITE : 0) |
  (flags.create ? CREATE : 0) |
  (flags.exclusive ? EXCLUSIVE : 0) |
  (flags.truncate ? TRUNCATE : 0) |
  (flags.follow ? FOLLOW : 0);

/** Undefined when the bytes are not such a request: the child is then no longer to be trusted. */
export function decodeIoRequest(payload: Buffer): { readonly call: number; readonly request: IoRequest } | undefined {
  const op = OPS[payload[4] ?? OPS.length];
  if (payload.length < HEAD_BYTES || op === undefined) return undefined;
  const request = decodeBody(op, payload.subarray(HEAD_BYTES));
  return request && { call: payload.readUInt32LE(0), request };
}

function decodeBody(op: Op, body: Buffer): IoRequest | undefined {
  switch (op) {
    case "open":
      return decodeOpen(body);
    case "read": {
      const [handle, offset, length] = counts(body, 3) ?? [];
      return length === undefined || handle === undefined || offset === undefined
        ? undefined
        : { op, handle, offset, length };
    }
    case "write": {
      const [handle, offset] = counts(body.subarray(0, 16), 2) ?? [];
      return handle === undefined || offset === undefined
        ? undefined
        : { op, handle, offset, bytes: body.subarray(16) };
    }
    case "truncate": {
      const [handle, bytes] = counts(body, 2) ?? [];
      return handle === undefined || bytes === undefined ? undefined : { op, handle, bytes };
    }
    case "close":
    case "sync":
    case "file-stat": {
      const [handle] = counts(body, 1) ?? [];
      return handle === undefined ? undefined : { op, handle };
    }
    case "append": {
      const [handle] = counts(body.subarray(0, 8), 1) ?? [];
      return handle === undefined ? undefined : { op, handle, bytes: body.subarray(8) };
    }
    case "set-file-times": {
      const [handle] = counts(body.subarray(0, 8), 1) ?? [];
      const times = stampsOf(body.subarray(8));
      return handle === undefined || times === undefined ? undefined : { op, handle, times };
    }
    case "set-times": {
      const times = stampsOf(body.subarray(1, 1 + STAMPS_BYTES));
      const path = decodePath(body.subarray(1 + STAMPS_BYTES));
      return times === undefined || path === undefined ? undefined : { op, path, follow: body[0] === 1, times };
    }
    case "stat": {
      const path = decodePath(body.subarray(1));
      return path === undefined || body.length === 0 ? undefined : { op, path, follow: body[0] === 1 };
    }
    case "list":
    case "make-directory":
    case "read-link": {
      const path = decodePath(body);
      return path === undefined ? undefined : { op, path };
    }
    case "rename":
    case "link": {
      const [from, to] = pathsOf(body) ?? [];
      return from === undefined || to === undefined ? undefined : { op, from, to };
    }
    case "make-link": {
      const [target, path] = pathsOf(body) ?? [];
      return target === undefined || path === undefined ? undefined : { op, path, target };
    }
    case "remove": {
      const path = decodePath(body.subarray(1));
      return path === undefined ? undefined : { op, path, kind: body[0] === 0 ? "file" : "directory" };
    }
    case "request": {
      const end = 1 + (body[0] ?? REQUEST_NAME_MAX + 1);
      if (end > body.length || end > 1 + REQUEST_NAME_MAX) return undefined;
      return { op, name: body.toString("latin1", 1, end), body: body.subarray(end) };
    }
  }
}

function decodeOpen(body: Buffer): IoRequest | undefined {
  const bits = body[0] ?? FLAG_BITS_MAX + 1;
  const path = decodePath(body.subarray(1));
  return bits > FLAG_BITS_MAX || path === undefined ? undefined : { op: "open", path, flags: flagsOf(bits) };
}

const flagsOf = (bits: number): OpenFlags => ({
  access: (bits & WRITE) === 0 ? "read" : "write",
  create: (bits & CREATE) !== 0,
  exclusive: (bits & EXCLUSIVE) !== 0,
  truncate: (bits & TRUNCATE) !== 0,
  follow: (bits & FOLLOW) !== 0,
});

function pathsOf(body: Buffer): readonly [string | undefined, string | undefined] | undefined {
  const [length] = counts(body.subarray(0, 8), 1) ?? [];
  if (length === undefined || 8 + length > body.length) return undefined;
  return [decodePath(body.subarray(8, 8 + length)), decodePath(body.subarray(8 + length))];
}

/** A path is at most `PATH_BYTES_MAX` bytes of UTF-8 without NUL. */
function decodePath(bytes: Buffer): string | undefined {
  if (bytes.length > PATH_BYTES_MAX || bytes.includes(0)) return undefined;
  return isUtf8(bytes) ? bytes.toString("utf8") : undefined;
}

function counts(bytes: Buffer, howMany: number): readonly number[] | undefined {
  if (bytes.length !== 8 * howMany) return undefined;
  const values = Array.from({ length: howMany }, (_, index) => bytes.readDoubleLE(8 * index));
  return values.every((value) => Number.isSafeInteger(value) && value >= 0) ? values : undefined;
}

const GRANTED = 0;

/** `u8 status | …`: status 0 is followed by the answer, another one is the refusal's number. */
export const encodeRefusal = (refusal: Refusal): Buffer => Buffer.of(REFUSALS.indexOf(refusal) + 1);
export const GRANTED_BYTES: Buffer = Buffer.of(GRANTED);

export const encodeNumber = (value: number): Buffer => numbers(value);

/** Of an append: the bytes written and the file's size after it. */
export const decodeAppended = (bytes: Buffer): { readonly count: number; readonly end: number } => ({
  count: bytes.readDoubleLE(0),
  end: bytes.readDoubleLE(8),
});

export type IoReply =
  | { readonly type: "granted"; readonly body: Buffer }
  | { readonly type: "refused"; readonly reason: Refusal };

export function decodeIoReply(payload: Buffer): IoReply {
  const status = payload[0] ?? 255;
  if (status === GRANTED) return { type: "granted", body: payload.subarray(1) };
  return { type: "refused", reason: REFUSALS[status - 1] ?? "io" };
}

/** Of an open: the handle's number, then what was opened. */
export const decodeOpened = (bytes: Buffer): { readonly handle: number; readonly info: FileInfo } => ({
  handle: bytes.readDoubleLE(0),
  info: decodeInfo(bytes.subarray(8)),
});
