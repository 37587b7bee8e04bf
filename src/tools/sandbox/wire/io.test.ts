import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decodeInfo, decodeListing, encodeInfo, encodeListing, FILE_KINDS } from "./file-info.ts";
import {
  decodeAppended,
  decodeIoReply,
  decodeIoRequest,
  decodeOpened,
  encodeIoRequest,
  encodeNumber,
  encodeRefusal,
  type IoRequest,
  REFUSALS,
} from "./io.ts";

const path = fc.string({ unit: "grapheme", maxLength: 60 }).filter((text) => !text.includes("\0"));
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const kind = fc.constantFrom("file" as const, "directory" as const);
const stamp = fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.constantFrom("now" as const, "keep" as const));
const times = fc.record({ accessed: stamp, modified: stamp });
const request: fc.Arbitrary<IoRequest> = fc.oneof(
  fc.record({
    op: fc.constant("open" as const),
    path,
    flags: fc.record({
      access: fc.constantFrom("read" as const, "write" as const),
      create: fc.boolean(),
      exclusive: fc.boolean(),
      truncate: fc.boolean(),
      follow: fc.boolean(),
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
  fc.record({
    op: fc.constant("append" as const),
    handle: count,
    bytes: fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
  }),
  fc.record({ op: fc.constantFrom("sync" as const, "file-stat" as const), handle: count }),
  fc.record({ op: fc.constant("set-file-times" as const), handle: count, times }),
  fc.record({ op: fc.constant("set-times" as const), path, follow: fc.boolean(), times }),
  fc.record({ op: fc.constant("stat" as const), path, follow: fc.boolean() }),
  fc.record({ op: fc.constantFrom("list" as const, "make-directory" as const, "read-link" as const), path }),
  fc.record({ op: fc.constantFrom("rename" as const, "link" as const), from: path, to: path }),
  fc.record({ op: fc.constant("make-link" as const), path, target: path }),
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
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(20), (bytes, op) => {
      const payload = Buffer.from(bytes);
      if (payload.length > 4) payload[4] = op;
      const decoded = decodeIoRequest(payload);
      const again = decoded && decodeIoRequest(Buffer.concat(encodeIoRequest(decoded.call, decoded.request)));
      expect(again).toEqual(decoded);
    }),
    { numRuns: 2_000 },
  );
});

const stat = (bytes: Uint8Array) => decodeIoRequest(Buffer.concat([Buffer.from([1, 0, 0, 0, 5, 1]), bytes]));

test("a path with a NUL, bytes that are not UTF-8 or more than 4,096 bytes is no request", () => {
  expect(stat(Buffer.from("data"))?.request).toEqual({ op: "stat", path: "data", follow: true });
  expect(stat(Buffer.from("a\0b"))).toBeUndefined();
  expect(stat(Buffer.of(0xff, 0xfe))).toBeUndefined();
  expect(stat(Buffer.alloc(4_097, "a"))).toBeUndefined();
});

test("a listing is read as it was written", () => {
  const entry = fc.record({
    name: fc.string({ unit: "grapheme" }),
    kind: fc.constantFrom(...FILE_KINDS),
    inode: fc.bigInt(0n, 2n ** 64n - 1n),
  });
  fc.assert(
    fc.property(fc.record({ inode: fc.bigInt(0n, 2n ** 64n - 1n), entries: fc.array(entry) }), (listing) => {
      expect(decodeListing(encodeListing(listing))).toEqual(listing);
    }),
  );
});

test("answers are read as they were written", () => {
  for (const reason of REFUSALS) expect(decodeIoReply(encodeRefusal(reason))).toEqual({ type: "refused", reason });
  const info = {
    kind: "directory" as const,
    bytes: 12,
    device: 2n ** 64n - 1n,
    inode: 7n,
    links: 2n,
    accessedNs: 1n,
    modifiedNs: 1_700_000_000_000_000_001n,
    changedNs: 3n,
  };
  expect(decodeInfo(encodeInfo(info))).toEqual(info);
  expect(decodeOpened(Buffer.concat([encodeNumber(7), encodeInfo(info)]))).toEqual({ handle: 7, info });
  expect(decodeAppended(Buffer.concat([encodeNumber(3), encodeNumber(2 ** 40)]))).toEqual({ count: 3, end: 2 ** 40 });
  expect(decodeIoReply(Buffer.of(250))).toEqual({ type: "refused", reason: "io" });
});
