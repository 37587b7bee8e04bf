import { err, ok } from "../index.ts";
import type { HostBridge } from "../../wasi/index.ts";
import {
  bytesOf,
  type HostFunction,
  type HostInterface,
  HostFault,
  instanceOf,
  listOf,
  syncFunction,
  asyncFunction,
  wholeOf,
} from "./host-function.ts";
import { isPollable, type Pollable, READY, whenReady } from "./pollable.ts";
import { InputStream, OutputStream, type ReadResult, StreamError } from "./streams.ts";

/** `wasi:io`: streams, waiting, errors. */

/** Bytes of one read or write. */
const PIECE_BYTES_MAX = 1024 * 1024;
const POLLABLES_MAX = 256;

const pieceOf = (value: unknown): number => Math.min(Number(wholeOf(value)), PIECE_BYTES_MAX);
const CLOSED = err({ tag: "closed" });
const failed = (error: StreamError) => err({ tag: "last-operation-failed", value: error });
const answered = (result: ReadResult) =>
  result === "closed" ? CLOSED : result instanceof StreamError ? failed(result) : ok(result);

const pollableOf = (value: unknown): Pollable => {
  if (isPollable(value)) return value;
  throw new HostFault("it passed a resource of another kind");
};

export function ioInterfaces(gate: HostBridge): { readonly [name: string]: HostInterface } {
  return {
    "wasi:io/error": {
      "[method]error.to-debug-string": syncFunction((error) => instanceOf(error, StreamError).message),
    },
    "wasi:io/poll": {
      "[method]pollable.ready": syncFunction((each) => pollableOf(each).isReady()),
      "[method]pollable.block": asyncFunction((each) => whenReady(gate, [pollableOf(each)])),
      poll: asyncFunction((list) => poll(gate, listOf(list))),
    },
    "wasi:io/streams": { ...inputs(gate), ...outputs(gate) },
  };
}

async function poll(gate: HostBridge, list: readonly unknown[]): Promise<readonly number[]> {
  if (list.length === 0 || list.length > POLLABLES_MAX) {
    throw new HostFault(`it waits for ${list.length} things at once; 1 to ${POLLABLES_MAX} can be`);
  }
  const pollables = list.map(pollableOf);
  await whenReady(gate, pollables);
  return pollables.flatMap((each, place) => (each.isReady() ? [place] : []));
}

async function readWhenReady(gate: HostBridge, stream: InputStream, bytesMax: number): Promise<ReadResult> {
  if (bytesMax > 0) await whenReady(gate, [stream.pollable]);
  return stream.read(bytesMax);
}

const stream = (value: unknown): InputStream => instanceOf(value, InputStream);
const skipped = (result: ReadResult) => (result instanceof Uint8Array ? ok(BigInt(result.length)) : answered(result));

function inputs(gate: HostBridge): HostInterface {
  return {
    "[method]input-stream.read": asyncFunction(async (each, length) =>
      answered(await stream(each).read(pieceOf(length))),
    ),
    "[method]input-stream.blocking-read": asyncFunction(async (each, length) =>
      answered(await readWhenReady(gate, stream(each), pieceOf(length))),
    ),
    "[method]input-stream.skip": asyncFunction(async (each, length) =>
      skipped(await stream(each).read(pieceOf(length))),
    ),
    "[method]input-stream.blocking-skip": asyncFunction(async (each, length) =>
      skipped(await readWhenReady(gate, stream(each), pieceOf(length))),
    ),
    "[method]input-stream.subscribe": syncFunction((each) => stream(each).pollable),
  };
}

const written = (error: StreamError | undefined) => (error === undefined ? ok() : failed(error));
const write: HostFunction = asyncFunction(async (each, bytes) =>
  written(await instanceOf(each, OutputStream).write(bytesOf(bytes))),
);
const COPY_SHIFT = 4;
const flush: HostFunction = syncFunction((each) => {
  instanceOf(each, OutputStream);
  return ok();
});

function outputs(gate: HostBridge): HostInterface {
  const splice = async (to: unknown, from: unknown, length: unknown, isBlocking: boolean) => {
    const source = instanceOf(from, InputStream);
    const bytes = isBlocking ? await readWhenReady(gate, source, pieceOf(length)) : await source.read(pieceOf(length));
    if (!(bytes instanceof Uint8Array)) return answered(bytes);
    gate.charge(bytes.length >>> COPY_SHIFT);
    // A copy: what is kept would keep all that was read ahead.
    const error = await instanceOf(to, OutputStream).write(new Uint8Array(bytes));
    return error === undefined ? ok(BigInt(bytes.length)) : failed(error);
  };
  const zeroes: HostFunction = asyncFunction(async (each, length) => {
    gate.charge(pieceOf(length) >>> COPY_SHIFT);
    return written(await instanceOf(each, OutputStream).write(new Uint8Array(pieceOf(length))));
  });
  return {
    "[method]output-stream.check-write": syncFunction((each) => {
      instanceOf(each, OutputStream);
      return ok(BigInt(PIECE_BYTES_MAX));
    }),
    "[method]output-stream.write": write,
    "[method]output-stream.blocking-write-and-flush": write,
    "[method]output-stream.flush": flush,
    "[method]output-stream.blocking-flush": flush,
    "[method]output-stream.subscribe": syncFunction((each) => {
      instanceOf(each, OutputStream);
      return READY;
    }),
    "[method]output-stream.write-zeroes": zeroes,
    "[method]output-stream.blocking-write-zeroes-and-flush": zeroes,
    "[method]output-stream.splice": asyncFunction((to, from, length) => splice(to, from, length, false)),
    "[method]output-stream.blocking-splice": asyncFunction((to, from, length) => splice(to, from, length, true)),
  };
}
