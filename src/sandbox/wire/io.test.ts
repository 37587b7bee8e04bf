import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeInfo,
  decodeIoReply,
  decodeIoRequest,
  decodeOpened,
  encodeInfo,
  encodeIoRequest,
  encodeNumber,
  encodeRefusal,
  type IoRequest,
  REFUSALS,
} from "./io.ts";

const path = fc.string({ unit: "grapheme", maxLength: 60 }).filter((text) => !text.includes("\0"));
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const kind = fc.constantFrom("file" as const, "directory" as const);
const request: fc.Arbitrary<IoRequest> = fc.oneof(
  fc.record({
    op: fc.constant("open" as const),
    path,
    flags: fc.record({
      access: fc.constantFrom("read" as const, "write" as const),
      create: fc.boolean(),
      exclusive: fc.boolean(),
      truncate: fc.boolean(),
    }),
  }),
  fc.record({ op: fc.constant("read" as const), handle: count, offset: count, length: count }),
  fc.record({
    op: fc.constant("write" as const),
    handle: count,
    offset: count,
    bytes: fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
  }),
  fc.record({ op: fc.constant("truncate" as const), handle: count, bytes: count }),
  fc.record({ op: fc.constant("close" as const), handle: count }),
  fc.record({ op: fc.constantFrom("stat" as const, "list" as const, "make-directory" as const), path }),
  fc.record({ op: fc.constant("rename" as const), from: path, to: path }),
  fc.record({ op: fc.constant("remove" as const), path, kind }),
);

test("each file request is read as it was written", () => {
  fc.assert(
    fc.property(fc.nat(0xffff_ffff), request, (call, asked) => {
      expect(decodeIoRequest(Buffer.concat(encodeIoRequest(call, asked)))).toEqual({ call, request: asked });
    }),
  );
});

test("bytes that are no file request are refused, never thrown at", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(12), (bytes, op) => {
      const payload = Buffer.from(bytes);
      if (payload.length > 4) payload[4] = op;
      const decoded = decodeIoRequest(payload);
      const again = decoded && decodeIoRequest(Buffer.concat(encodeIoRequest(decoded.call, decoded.request)));
      expect(again).toEqual(decoded);
    }),
    { numRuns: 2_000 },
  );
});

const stat = (bytes: Uint8Array) => decodeIoRequest(Buffer.concat([Buffer.from([1, 0, 0, 0, 5]), bytes]));

test("a path with a NUL, bytes that are not UTF-8 or more than 4,096 bytes is no request", () => {
  expect(stat(Buffer.from("data"))?.request).toEqual({ op: "stat", path: "data" });
  expect(stat(Buffer.from("a\0b"))).toBeUndefined();
  expect(stat(Buffer.of(0xff, 0xfe))).toBeUndefined();
  expect(stat(Buffer.alloc(4_097, "a"))).toBeUndefined();
});

test("answers are read as they were written", () => {
  for (const reason of REFUSALS) expect(decodeIoReply(encodeRefusal(reason))).toEqual({ type: "refused", reason });
  const info = { kind: "directory" as const, bytes: 12, modifiedAtMs: 1_700_000_000_000 };
  expect(decodeInfo(encodeInfo(info))).toEqual(info);
  expect(decodeOpened(Buffer.concat([encodeNumber(7), encodeInfo(info)]))).toEqual({ handle: 7, info });
  expect(decodeIoReply(Buffer.of(250))).toEqual({ type: "refused", reason: "io" });
});
