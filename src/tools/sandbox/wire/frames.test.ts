import * as fc from "fast-check";
import { expect, test } from "vitest";
import { FrameReader, HEADER_BYTES, MalformedFrameError, payloadOf } from "./frames.ts";

type Whole = { readonly kind: number; readonly id: number; readonly server: number; readonly payload: Buffer };

const PAYLOAD_BYTES_MAX = 1_000;

function encode({ kind, id, server, payload }: Whole): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUInt32LE(payload.length, 0);
  head.writeUInt32LE(id, 4);
  head.writeUInt32LE(server, 8);
  head[12] = kind;
  return Buffer.concat([head, payload]);
}

function read(chunks: readonly Buffer[]): readonly Whole[] {
  const frames: Whole[] = [];
  const reader = new FrameReader({
    payloadBytesMax: PAYLOAD_BYTES_MAX,
    knows: (kind) => kind < 100,
    onFrame: (frame) => {
      const { kind, id, server } = frame;
      frames.push({ kind, id, server, payload: Buffer.from(payloadOf(frame)) });
    },
  });
  for (const chunk of chunks) reader.push(chunk);
  return frames;
}

/** Cuts bytes at the given places, wherever they fall. */
function cut(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((left, right) => left - right);
  return [0, ...at].map((start, index) => Buffer.from(bytes.subarray(start, at[index] ?? bytes.length)));
}

const frame = fc.record({
  kind: fc.nat(99),
  id: fc.nat(0xffff_ffff),
  server: fc.nat(0xffff_ffff),
  payload: fc.uint8Array({ maxLength: PAYLOAD_BYTES_MAX }).map((bytes) => Buffer.from(bytes)),
});

test("frames come out as they went in, however the pipe cuts them", () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(10_000), { maxLength: 30 }), (frames, places) => {
      expect(read(cut(Buffer.concat(frames.map(encode)), places))).toEqual(frames);
    }),
  );
});

test("a frame that comes byte by byte is read", () => {
  const frames = [
    { kind: 1, id: 2, server: 3, payload: Buffer.from("payload") },
    { kind: 4, id: 5, server: 6, payload: Buffer.alloc(0) },
  ];
  const bytes = Buffer.concat(frames.map(encode));
  expect(read(Array.from(bytes, (byte) => Buffer.of(byte)))).toEqual(frames);
});

/** How many frames there were, or that there was a malformed one. */
function attempt(chunks: readonly Buffer[]): number | "malformed" {
  try {
    return read(chunks).length;
  } catch (error) {
    if (error instanceof MalformedFrameError) return "malformed";
    throw error;
  }
}

test("bytes that are no frames are refused or read, the same however they are cut", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc.tuple(frame, fc.nat(12), fc.nat(255)).map(([whole, at, byte]) => {
      const damaged = encode(whole);
      damaged[at] = byte;
      return damaged;
    }),
  );
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(400), { maxLength: 10 }), (sent, places) => {
      const whole = Buffer.from(sent);
      expect(attempt(cut(whole, places))).toBe(attempt([whole]));
    }),
  );
});

// wire.frames.F1
test("a frame longer than allowed is refused at its header, before its bytes have come", () => {
  const whole = encode({ kind: 1, id: 1, server: 1, payload: Buffer.alloc(PAYLOAD_BYTES_MAX + 1) });
  expect(() => read([whole.subarray(0, HEADER_BYTES)])).toThrow("at most 1000");
  expect(() => read([whole.subarray(0, 5), whole.subarray(5, HEADER_BYTES)])).toThrow(MalformedFrameError);
});

// wire.frames.F1
test("a frame of an unknown kind is refused", () => {
  expect(() => read([encode({ kind: 200, id: 1, server: 1, payload: Buffer.alloc(0) })])).toThrow("unknown kind 200");
});
