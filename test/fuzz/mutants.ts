import {
  ComponentFoundError,
  meter,
  METER_LIMITS,
  type MeterLimits,
  ModuleRefusedError,
} from "../../src/tools/sandbox/meter/index.ts";
import type { Chance } from "./chance.ts";
import type { Failure } from "./differential.ts";

const PREAMBLE_BYTES = 8;
/** Bytes with a meaning in many places: ends, types, prefixes, ends of numbers. */
const SIGNIFICANT = [
  0, 1, 2, 3, 0x0b, 0x05, 0x40, 0x60, 0x6f, 0x70, 0x7f, 0x80, 0xff, 0xfb, 0xfc, 0xfd, 0xfe, 0x69, 0x64,
];

type Edit = (bytes: Uint8Array, at: number, chance: Chance) => Uint8Array<ArrayBuffer>;

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}

const around = (bytes: Uint8Array, at: number, removed: number, added: readonly number[]): Uint8Array<ArrayBuffer> =>
  joined(bytes.subarray(0, at), Uint8Array.from(added), bytes.subarray(at + removed));

const EDITS: readonly Edit[] = [
  (bytes, at, chance) => around(bytes, at, 1, [(bytes[at] ?? 0) ^ (1 << chance.below(8))]),
  (bytes, at, chance) => around(bytes, at, 1, [chance.pick(SIGNIFICANT)]),
  (bytes, at, chance) => around(bytes, at, 1, [chance.below(256)]),
  (bytes, at, chance) => around(bytes, at, 0, [chance.pick(SIGNIFICANT)]),
  (bytes, at, chance) => around(bytes, at, chance.below(12), []),
  (bytes, at, chance) => joined(bytes.subarray(0, at), bytes.subarray(at - chance.below(Math.min(at, 24)))),
  (bytes, at) => joined(bytes.subarray(0, at)),
  // A number made longer without another value, made larger than its type, and made four thousand million.
  (bytes, at) => around(bytes, at, 1, [(bytes[at] ?? 0) | 0x80, 0x00]),
  (bytes, at) => around(bytes, at, 1, [0xff, 0xff, 0xff, 0xff, 0x7f]),
  (bytes, at) => around(bytes, at, 1, [0xff, 0xff, 0xff, 0xff, 0x0f]),
];

/** Ranges of the sections, as far as their lengths make sense. */
function sectionsOf(bytes: Uint8Array): readonly (readonly [number, number])[] {
  const sections: (readonly [number, number])[] = [];
  for (let at = PREAMBLE_BYTES; at < bytes.length;) {
    const start = at;
    const [length, next] = unsigned(bytes, at + 1);
    at = next + length;
    sections.push([start, Math.min(at, bytes.length)]);
  }
  return sections;
}

/** A value and where it ends. */
function unsigned(bytes: Uint8Array, at: number): readonly [number, number] {
  let value = 0;
  for (let index = 0; index < 5; index += 1) {
    const byte = bytes[at + index] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return [value, at + index + 1];
  }
  return [value, at + 5];
}

/** Two sections exchanged, or one of them doubled or left out. */
function reordered(bytes: Uint8Array, chance: Chance): Uint8Array<ArrayBuffer> {
  const parts = sectionsOf(bytes).map(([start, end]) => bytes.subarray(start, end));
  const [one, other] = [chance.below(parts.length), chance.below(parts.length)];
  const [first = new Uint8Array(), second = new Uint8Array()] = [parts[one], parts[other]];
  const sort = chance.below(3);
  if (sort === 0) parts.splice(one, 1);
  else if (sort === 1) parts.splice(one, 0, second);
  else [parts[one], parts[other]] = [second, first];
  return joined(bytes.subarray(0, PREAMBLE_BYTES), ...parts);
}

/** A module with one to three things changed, mostly one. */
export function mutant(bytes: Uint8Array, chance: Chance): Uint8Array<ArrayBuffer> {
  let changed = joined(bytes);
  const edits = chance.is(0.7) ? 1 : 1 + chance.below(3);
  for (let edit = 0; edit < edits && changed.length > PREAMBLE_BYTES; edit += 1) {
    if (chance.is(0.08)) changed = reordered(changed, chance);
    // What stands before the code is little, and decides much.
    const span = chance.is(0.4) ? Math.min(changed.length, 600) : changed.length;
    const at = PREAMBLE_BYTES + chance.below(Math.max(1, span - PREAMBLE_BYTES));
    changed = chance.pick(EDITS)(changed, at, chance);
  }
  return changed;
}

/** Bytes without sense behind a module's first eight, or behind the head of a section. */
export function noise(chance: Chance): Uint8Array<ArrayBuffer> {
  const content = Uint8Array.from(
    chance.many(0, 60, () => (chance.is(0.5) ? chance.pick(SIGNIFICANT) : chance.below(256))),
  );
  const head = chance.is(0.7) ? [chance.below(15), content.length] : [];
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...head, ...content]);
}

/** Whether the bytes were refused as they should be, or came out as a module that V8 takes and that is bounded. */
export function probe(bytes: Uint8Array<ArrayBuffer>): "refused" | "metered" | Failure {
  let metered: Uint8Array<ArrayBuffer>;
  try {
    metered = meter(bytes).bytes;
  } catch (error) {
    if (error instanceof ComponentFoundError) return "refused";
    if (error instanceof ModuleRefusedError)
      return error.message.length > 0 && error.hint.length > 0 ? "refused" : { what: "a refusal without words", bytes };
    return { what: `the meter fails: ${String(error)}`, bytes };
  }
  if (!WebAssembly.validate(bytes)) return { what: "the meter accepts what V8 refuses", bytes };
  if (!WebAssembly.validate(metered)) return { what: "what the meter makes is not valid", bytes };
  const unbounded = findUnbounded(metered, METER_LIMITS);
  return unbounded === null ? "metered" : { what: unbounded, bytes };
}

const SECTION = { import: 2, table: 4, memory: 5, start: 8 };

/** Looks, by a reading of its own, for memories and tables that may grow past the limits, and for a start. */
export function findUnbounded(bytes: Uint8Array, limits: MeterLimits): string | null {
  for (const [start] of sectionsOf(bytes)) {
    const id = bytes[start] ?? 0;
    const [, content] = unsigned(bytes, start + 1);
    if (id === 0) return "a custom section is left";
    if (id === SECTION.start) return "a start is left";
    const found = boundsOf(bytes, id, content).find(({ isMemory, flags, max }) => {
      return flags !== 1 || max > (isMemory ? limits.memoryPagesMax : limits.tableSlotsMax);
    });
    if (found !== undefined) return `bounds are left as they were: ${JSON.stringify(found)}`;
  }
  return null;
}

type Bounds = { readonly isMemory: boolean; readonly flags: number; readonly max: number };

function boundsOf(bytes: Uint8Array, id: number, content: number): readonly Bounds[] {
  if (id !== SECTION.import && id !== SECTION.table && id !== SECTION.memory) return [];
  const bounds: Bounds[] = [];
  let [left, at] = unsigned(bytes, content);
  const skipName = (): void => {
    const [length, next] = unsigned(bytes, at);
    at = next + length;
  };
  const readBounds = (isMemory: boolean): void => {
    if (!isMemory) at += 1;
    const flags = bytes[at] ?? 0;
    const [, second] = unsigned(bytes, at + 1);
    const [max, end] = flags === 1 ? unsigned(bytes, second) : [Infinity, second];
    at = end;
    bounds.push({ isMemory, flags, max });
  };
  for (; left > 0; left -= 1) {
    if (id === SECTION.table || id === SECTION.memory) {
      readBounds(id === SECTION.memory);
      continue;
    }
    skipName();
    skipName();
    const kind = bytes[at] ?? 0;
    at += 1;
    if (kind === 1 || kind === 2) readBounds(kind === 2);
    else if (kind === 3) at += 2;
    else if (kind === 0) [, at] = unsigned(bytes, at);
    else [, at] = unsigned(bytes, at + 1);
  }
  return bounds;
}
