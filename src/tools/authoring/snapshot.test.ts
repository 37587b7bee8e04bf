import * as fc from "fast-check";
import { expect, test } from "vitest";
import { snapshot } from "./snapshot.ts";
import { i32, joined, moduleOf, SECTION, sectionsOf, text, u32 } from "./wasm-module.ts";

const PAGE = 65_536;
const DATA_AT = 1_024;

/** A module with one page of memory, exported with a second name, and one byte of data. */
const small = moduleOf([
  { id: SECTION.memory, bytes: Uint8Array.of(1, 0, 1) },
  {
    id: SECTION.export,
    bytes: joined([u32(2), text("memory"), Uint8Array.of(2, 0), text("other"), Uint8Array.of(2, 0)]),
  },
  {
    id: SECTION.data,
    bytes: joined([u32(1), Uint8Array.of(0, 0x41), i32(DATA_AT), Uint8Array.of(0x0b), u32(1), Uint8Array.of(7)]),
  },
]);

function memoryOf(module: Uint8Array<ArrayBuffer>): Uint8Array {
  const { memory } = new WebAssembly.Instance(new WebAssembly.Module(module)).exports;
  if (!(memory instanceof WebAssembly.Memory)) throw new Error("no memory is exported");
  return new Uint8Array(memory.buffer);
}

test("an instance of a snapshot has the memory that was taken, but for the stack", () => {
  const writes = fc.array(fc.tuple(fc.nat(2 * PAGE - 64), fc.uint8Array({ minLength: 1, maxLength: 64 })), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(writes, fc.integer({ min: 1, max: 2 }), fc.nat(DATA_AT), (given, pages, stackBytes) => {
      const memory = new Uint8Array(pages * PAGE);
      for (const [at, bytes] of given) if (at + bytes.length <= memory.length) memory.set(bytes, at);
      const taken = memoryOf(snapshot(small, { memory, stackBytes, exports: new Set(["memory"]) }));
      const expected = memory.slice();
      expected.fill(0, 0, stackBytes);
      expect(Buffer.compare(taken, expected)).toBe(0);
    }),
  );
});

test("only the exports asked for are kept, and other sections are as they were", () => {
  const made = snapshot(small, { memory: new Uint8Array(PAGE), stackBytes: 0, exports: new Set(["other"]) });
  expect(WebAssembly.Module.exports(new WebAssembly.Module(made))).toMatchObject([{ name: "other", kind: "memory" }]);
  expect(sectionsOf(made).map(({ id }) => id)).toEqual([SECTION.memory, SECTION.export, SECTION.data]);
});

test("numbers are written as WebAssembly has them", () => {
  expect([...u32(0)]).toEqual([0]);
  expect([...u32(624_485)]).toEqual([0xe5, 0x8e, 0x26]);
  expect([...u32(2 ** 32 - 1)]).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
  expect([...i32(64)]).toEqual([0xc0, 0]);
  expect([...i32(-123_456)]).toEqual([0xc0, 0xbb, 0x78]);
});
