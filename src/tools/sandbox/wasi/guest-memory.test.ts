import * as fc from "fast-check";
import { expect, test } from "vitest";
import { GuestMemory } from "./guest-memory.ts";

const PAGE_BYTES = 65_536;

function bound(pages = 1) {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: 4 });
  const guest = new GuestMemory();
  guest.bind(memory);
  guest.enter();
  return { memory, guest };
}

test("what is not wholly inside is not given", () => {
  const { guest } = bound();
  fc.assert(
    fc.property(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff), (at, length) => {
      const isInside = at + length <= PAGE_BYTES;
      expect(guest.holds(at, length)).toBe(isInside);
      expect(guest.slice(at, length)?.length).toBe(isInside ? length : undefined);
      expect(guest.setU32(at, 1)).toBe(at + 4 <= PAGE_BYTES);
      expect(guest.setU64(at, 1n)).toBe(at + 8 <= PAGE_BYTES);
    }),
  );
});

test("a list of buffers is read whole or not at all", () => {
  const { guest } = bound();
  const span = fc.tuple(fc.nat(70_000), fc.nat(70_000));
  fc.assert(
    fc.property(fc.array(span, { maxLength: 20 }), fc.nat(PAGE_BYTES + 100), (spans, at) => {
      const table = Math.min(at, PAGE_BYTES - 8 * spans.length);
      for (const [index, [start, length]] of spans.entries()) {
        guest.view.setUint32(table + 8 * index, start, true);
        guest.view.setUint32(table + 8 * index + 4, length, true);
      }
      const isInside = spans.every(([start, length]) => start + length <= PAGE_BYTES);
      const expected = isInside ? spans.map(([start, length]) => ({ at: start, length })) : undefined;
      expect(guest.vectors(table, spans.length)).toEqual(expected);
    }),
  );
});

test("a list of buffers that is itself outside, or longer than 1,024, is refused", () => {
  const { guest } = bound();
  expect(guest.vectors(PAGE_BYTES - 8, 1)).toBeDefined();
  expect(guest.vectors(PAGE_BYTES - 7, 1)).toBeUndefined();
  expect(guest.vectors(0, 1_025)).toBeUndefined();
  expect(guest.vectors(0xffff_fff8, 0xffff_ffff)).toBeUndefined();
});

test("after the memory has grown the new memory is seen", () => {
  const { memory, guest } = bound();
  const before = guest.bytes;
  memory.grow(1);
  expect(before.length).toBe(0);
  expect(guest.holds(0, 1)).toBe(false);
  guest.enter();
  expect(guest.bytes.length).toBe(2 * PAGE_BYTES);
  expect(guest.holds(PAGE_BYTES, 4)).toBe(true);
});

test("before a memory is bound nothing is inside", () => {
  expect(new GuestMemory().holds(0, 1)).toBe(false);
});
