import assert from "node:assert/strict";
import { i32, joined, moduleOf, Reader, SECTION, type Section, sectionsOf, text, u32 } from "./wasm-module.ts";

const PAGE_BYTES = 65_536;
/** Zeros that are worth a new segment: fewer are stored. */
const GAP_BYTES_MIN = 16;
const I32_CONST = 0x41;
const END = 0x0b;
const HAS_MAXIMUM = 1;

export type Snapshot = {
  /** The memory as an instance of the module has left it. */
  readonly memory: Uint8Array;
  /** Below this address is only what functions that have returned left on the stack. */
  readonly stackBytes: number;
  /** Exports that the new module keeps. */
  readonly exports: ReadonlySet<string>;
};

/**
 * A module that begins where an instance of `module` stood: its memory becomes the data. Holds for modules whose only
 * other state is the stack's pointer, with no function on the stack; nothing imported may be remembered in them.
 */
export function snapshot(module: Uint8Array, { memory, stackBytes, exports }: Snapshot): Uint8Array<ArrayBuffer> {
  const segments = segmentsOf(memory, stackBytes);
  const sections = sectionsOf(module)
    .filter(({ id }) => id !== SECTION.custom && id !== SECTION.data)
    .map((section): Section => {
      assert.notEqual(section.id, SECTION.start, "a module without a start function");
      switch (section.id) {
        case SECTION.memory:
          return { id: section.id, bytes: grown(section.bytes, memory.length / PAGE_BYTES) };
        case SECTION.export:
          return { id: section.id, bytes: keptExports(section.bytes, exports) };
        case SECTION.dataCount:
          return { id: section.id, bytes: u32(segments.length) };
        default:
          return section;
      }
    });
  return moduleOf([...sections, { id: SECTION.data, bytes: joined([u32(segments.length), ...segments]) }]);
}

/** Data segments for all that is not zero. */
function segmentsOf(memory: Uint8Array, from: number): readonly Uint8Array[] {
  const segments: Uint8Array[] = [];
  let at = from;
  while (at < memory.length) {
    while (at < memory.length && memory[at] === 0) at += 1;
    const start = at;
    let end = at;
    for (; at < memory.length && at - end < GAP_BYTES_MIN; at += 1) if (memory[at] !== 0) end = at + 1;
    if (end > start) {
      const bytes = memory.subarray(start, end);
      segments.push(joined([Uint8Array.of(0, I32_CONST), i32(start), Uint8Array.of(END), u32(bytes.length), bytes]));
    }
  }
  return segments;
}

function grown(section: Uint8Array, pages: number): Uint8Array {
  const reader = new Reader(section);
  assert.equal(reader.u32(), 1, "a module with one memory");
  const flags = reader.byte();
  reader.u32();
  const maximum = flags === HAS_MAXIMUM ? u32(Math.max(reader.u32(), pages)) : new Uint8Array();
  return joined([u32(1), Uint8Array.of(flags), u32(pages), maximum]);
}

function keptExports(section: Uint8Array, names: ReadonlySet<string>): Uint8Array {
  const reader = new Reader(section);
  const kept: Uint8Array[] = [];
  for (let left = reader.u32(); left > 0; left -= 1) {
    const name = reader.name();
    const entry = joined([Uint8Array.of(reader.byte()), u32(reader.u32())]);
    if (names.has(name)) kept.push(joined([text(name), entry]));
  }
  return joined([u32(kept.length), ...kept]);
}
