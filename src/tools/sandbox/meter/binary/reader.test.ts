import * as fc from "fast-check";
import { expect, test } from "vitest";
import { u32 } from "../test-kits/binary.kit.ts";
import { ModuleRefusedError } from "../errors.ts";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

const over = (bytes: readonly number[]) => new Reader(Uint8Array.from(bytes), 0, bytes.length);
const word = fc.integer({ min: 0, max: 0xffffffff });

test("an unsigned integer reads as it was written, however long it was made", () => {
  fc.assert(
    fc.property(word, fc.integer({ min: 1, max: 5 }), (value, width) => {
      const reader = over(u32(value, width));
      expect(reader.u32()).toBe(value);
      reader.finish("it");
    }),
  );
});

test("the writer's integers are the shortest that read back", () => {
  fc.assert(
    fc.property(word, fc.oneof(fc.integer(), fc.integer({ min: -9000, max: 9000 })), (unsigned, signed) => {
      const writer = new Writer(1);
      writer.u32(unsigned);
      expect([...writer.take()]).toEqual(u32(unsigned));
      const length = writer.length;
      writer.s32(signed);
      const reader = new Reader(writer.take(), length, writer.length);
      reader.skipSigned(32);
      reader.finish("it");
      const [high = 0, ...low] = [...writer.take().subarray(length)].toReversed();
      const value = low.reduce((sum, byte) => (sum << 7) | (byte & 0x7f), (high << 25) >> 25);
      expect(value).toBe(signed);
    }),
    { examples: [-65, -64, 63, 64, -8193, -8192, 8191, 8192].map((signed) => [127, signed]) },
  );
});

test.each([
  { what: "six bytes", bytes: [0x80, 0x80, 0x80, 0x80, 0x80, 0x00] },
  { what: "a 33rd bit", bytes: [0xff, 0xff, 0xff, 0xff, 0x1f] },
  { what: "no end", bytes: [0x80, 0x80] },
  { what: "nothing", bytes: [] },
])("an unsigned integer with $what is refused", ({ bytes }) => {
  expect(() => over(bytes).u32()).toThrow(ModuleRefusedError);
});

test.each([
  { bits: 32 as const, good: [0x80, 0x80, 0x80, 0x80, 0x78], bad: [0x80, 0x80, 0x80, 0x80, 0x70] },
  { bits: 32 as const, good: [0xff, 0xff, 0xff, 0xff, 0x07], bad: [0xff, 0xff, 0xff, 0xff, 0x0f] },
  { bits: 33 as const, good: [0xff, 0xff, 0xff, 0xff, 0x0f], bad: [0xff, 0xff, 0xff, 0xff, 0x1f] },
  { bits: 33 as const, good: [0x80, 0x80, 0x80, 0x80, 0x70], bad: [0x80, 0x80, 0x80, 0x80, 0x80] },
  { bits: 64 as const, good: [...Array<number>(9).fill(0x80), 0x7f], bad: [...Array<number>(9).fill(0x80), 0x7e] },
  { bits: 64 as const, good: [...Array<number>(9).fill(0xff), 0], bad: [...Array<number>(10).fill(0xff), 0] },
])("a signed integer of $bits bits keeps to them", ({ bits, good, bad }) => {
  const reader = over(good);
  reader.skipSigned(bits);
  reader.finish("it");
  expect(() => over(bad).skipSigned(bits)).toThrow(ModuleRefusedError);
});

test("names are the bytes that were written, and UTF-8", () => {
  expect(over([0xef, 0xbb, 0xbf, 0x61]).text(4)).toBe("\uFEFFa");
  expect(() => over([0xff]).text(1)).toThrow("not UTF-8");
});

test("no read passes its range, although the file is longer", () => {
  const bytes = Uint8Array.from([1, 2, 3, 4]);
  const reader = new Reader(bytes, 0, 4).take(2);
  expect(() => reader.take(3)).toThrow(ModuleRefusedError);
  expect(() => reader.skip(3)).toThrow(ModuleRefusedError);
  expect(() => reader.text(3)).toThrow(ModuleRefusedError);
  expect(() => reader.finish("it")).toThrow("2 bytes too many");
  expect([reader.byte(), reader.byte()]).toEqual([1, 2]);
  expect(() => reader.byte()).toThrow("ends too soon");
});
