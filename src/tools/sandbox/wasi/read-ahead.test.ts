import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { IoReply } from "../wire/index.ts";
import type { FileClient } from "./host-bridge.ts";
import { ReadAhead } from "./read-ahead.ts";

/** A file whose reads are answered when the test says so. */
function file(bytes: Buffer) {
  const asked: { offset: number; length: number; settle: (reply: IoReply) => void }[] = [];
  const client: FileClient = (request, settle) => {
    if (request.op === "read") asked.push({ offset: request.offset, length: request.length, settle });
  };
  const answer = (): void => {
    for (const { offset, length, settle } of asked.splice(0)) {
      settle({ type: "granted", body: bytes.subarray(offset, offset + length) });
    }
  };
  return { asked, answer, reader: new ReadAhead(client, 1) };
}

function readAll({ reader, answer }: ReturnType<typeof file>, size: number): Buffer {
  const parts: Buffer[] = [];
  for (let offset = 0; ;) {
    let known = reader.peek(offset, size);
    if (known === undefined) {
      reader.fetch(offset, () => {});
      answer();
      known = reader.peek(offset, size);
    }
    if (known === undefined) throw new Error("nothing was fetched");
    if (known.length === 0) return Buffer.concat(parts);
    parts.push(Buffer.from(known));
    offset += known.length;
  }
}

test("a file read in pieces of any size comes out whole", () => {
  fc.assert(
    fc.property(fc.nat(400_000), fc.integer({ min: 1_000, max: 300_000 }), (length, size) => {
      const content = Buffer.alloc(length);
      for (let at = 0; at < length; at += 97) content[at] = at % 251;
      expect(readAll(file(content), size).equals(content)).toBe(true);
    }),
    { numRuns: 30 },
  );
});

test("the next piece is asked for while the guest works on this one, in growing pieces", () => {
  const one = file(Buffer.alloc(3_000_000));
  const lengths: number[] = [];
  one.reader.fetch(0, () => {});
  for (let offset = 0; offset < 2_000_000; offset += 4_096) {
    lengths.push(...one.asked.map(({ length }) => length));
    one.answer();
    one.reader.peek(offset, 4_096);
  }
  expect(lengths.slice(0, 6)).toEqual([65_536, 131_072, 262_144, 524_288, 1_048_576, 1_048_576]);
});

test("a read at another position starts again, and a late answer for a dropped read changes nothing", () => {
  const one = file(Buffer.from("0123456789".repeat(20_000)));
  one.reader.fetch(0, () => {});
  const [stale] = one.asked.splice(0);
  one.reader.fetch(100_000, () => {});
  one.answer();
  stale?.settle({ type: "granted", body: Buffer.from("stale") });
  expect(one.reader.peek(100_003, 4)?.toString()).toBe("3456");
  expect(one.reader.peek(0, 4)).toBeUndefined();
});

test("a refusal reaches the waiting reader, and the next read asks again", () => {
  const one = file(Buffer.alloc(10));
  const heard: unknown[] = [];
  one.reader.fetch(0, (refused) => heard.push(refused));
  one.asked.splice(0)[0]?.settle({ type: "refused", reason: "io" });
  expect(heard).toEqual([{ type: "refused", reason: "io" }]);
  one.reader.fetch(0, () => {});
  expect(one.asked).toHaveLength(1);
});

test("after a write what was read is forgotten", () => {
  const one = file(Buffer.alloc(10));
  one.reader.fetch(0, () => {});
  one.answer();
  expect(one.reader.peek(0, 4)).toBeDefined();
  one.reader.drop();
  expect(one.reader.peek(0, 4)).toBeUndefined();
});
