import { BYTES_MAX, type Canon, CanonFault, MEMBERS_MAX, OUTSIDE } from "./canon.ts";
import { type CoreType, type Layout, FLAT_MAX } from "./layout.ts";
import type { TypeIndex } from "./plan.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });
const utf16 = new TextDecoder("utf-16le", { fatal: true });
const UTF16_TAG = 0x8000_0000;
const COPY_SHIFT = 4;
const convert = new DataView(new ArrayBuffer(8));

/** Lifts values returned by a guest: every pointer, length and number of it is checked. Throws CanonFault. */
export class Lift {
  readonly #canon: Canon;
  #members = MEMBERS_MAX;
  #bytes = BYTES_MAX;

  constructor(canon: Canon) {
    this.#canon = canon;
    canon.memory.enter();
  }

  /** Several values passed as core values, or in memory when those would be too many. */
  parameters(types: readonly TypeIndex[], core: readonly unknown[]): readonly unknown[] {
    const layout = this.#canon.layouts.sequence(types);
    if (layout.flat === undefined || layout.flat.length > FLAT_MAX) {
      return this.#sequence(types, layout.offsets, this.#place(layout, pointer(core[0])));
    }
    const source = { values: core, at: 0 };
    return types.map((type) => this.flat(type, source));
  }

  /** A value passed as core values, from where `source` stands. */
  flat(index: TypeIndex, source: FlatSource): unknown {
    const layout = this.#canon.layouts.of(index);
    const { type } = layout;
    this.#count(1);
    switch (type.kind) {
      case "string":
        return this.#text(pointer(take(source)), pointer(take(source)));
      case "list":
        return this.#list(type.element, pointer(take(source)), pointer(take(source)));
      case "record": {
        const fields = type.fields.map(([name, field]) => [name, this.flat(field, source)] as const);
        return recordValue(fields);
      }
      case "tuple":
        return type.items.map((item) => this.flat(item, source));
      case "variant":
      case "enum":
      case "option":
      case "result":
        return this.#flatChoice(index, layout, source);
      case "f32":
      case "f64":
        return Number(take(source));
      case "s64":
        return BigInt.asIntN(64, wide(take(source)));
      case "u64":
        return BigInt.asUintN(64, wide(take(source)));
      case "bool":
      case "borrow":
      case "char":
      case "flags":
      case "own":
      case "s16":
      case "s32":
      case "s8":
      case "u16":
      case "u32":
      case "u8":
        return this.#scalar(layout, pointer(take(source)));
    }
  }

  #flatChoice(index: TypeIndex, layout: Layout, source: FlatSource): unknown {
    const number = pointer(take(source));
    const flat = layout.flat ?? [];
    const payload = { values: source.values.slice(source.at, source.at + flat.length - 1), at: 0 };
    source.at += flat.length - 1;
    const [name, carried] = this.#case(index, number);
    if (carried === null) return this.#chosen(layout, name, undefined);
    const wanted = this.#canon.layouts.of(carried).flat ?? [];
    const values = wanted.map((type, place) => narrowed(payload.values[place], flat[place + 1] ?? type, type));
    return this.#chosen(layout, name, this.flat(carried, { values, at: 0 }));
  }

  /** A value that lies in memory. */
  load(index: TypeIndex, at: number): unknown {
    const layout = this.#canon.layouts.of(index);
    return this.#load(index, layout, this.#place(layout, at));
  }

  /** At a place that is known to be inside. */
  #load(index: TypeIndex, layout: Layout, at: number): unknown {
    const { type } = layout;
    const { view } = this.#canon.memory;
    this.#count(1);
    switch (type.kind) {
      case "string":
        return this.#text(view.getUint32(at, true), view.getUint32(at + 4, true));
      case "list":
        return this.#list(type.element, view.getUint32(at, true), view.getUint32(at + 4, true));
      case "record": {
        const values = this.#sequence(
          type.fields.map(([, field]) => field),
          layout.offsets,
          at,
        );
        return recordValue(type.fields.map(([name], place) => [name, values[place]]));
      }
      case "tuple":
        return this.#sequence(type.items, layout.offsets, at);
      case "variant":
      case "enum":
      case "option":
      case "result": {
        const [name, carried] = this.#case(index, unsigned(view, at, layout.tagBytes));
        if (carried === null) return this.#chosen(layout, name, undefined);
        const inner = this.#canon.layouts.of(carried);
        return this.#chosen(layout, name, this.#load(carried, inner, at + layout.payloadAt));
      }
      case "f32":
        return view.getFloat32(at, true);
      case "f64":
        return view.getFloat64(at, true);
      case "s64":
        return view.getBigInt64(at, true);
      case "u64":
        return view.getBigUint64(at, true);
      case "bool":
      case "borrow":
      case "char":
      case "flags":
      case "own":
      case "s16":
      case "s32":
      case "s8":
      case "u16":
      case "u32":
      case "u8":
        return this.#scalar(layout, unsigned(view, at, layout.size));
    }
  }

  #sequence(types: readonly TypeIndex[], offsets: readonly number[], at: number): readonly unknown[] {
    return types.map((type, place) => this.#load(type, this.#canon.layouts.of(type), at + (offsets[place] ?? 0)));
  }

  /** Whatever fits into 32 bits. */
  #scalar({ type }: Layout, value: number): unknown {
    switch (type.kind) {
      case "bool":
        return value !== 0;
      case "s8":
        return (value << 24) >> 24;
      case "u8":
        return value & 0xff;
      case "s16":
        return (value << 16) >> 16;
      case "u16":
        return value & 0xffff;
      case "s32":
        return value | 0;
      case "char":
        return character(value);
      case "flags":
        return type.names.filter((_, bit) => ((value >>> bit) & 1) === 1);
      case "own": {
        const handle = this.#canon.handles.remove(value, type.resource);
        if (handle === undefined || !handle.isOwned) throw new CanonFault("it gave away a resource that it has not");
        return handle.value;
      }
      case "borrow": {
        const handle = this.#canon.handles.get(value, type.resource);
        if (handle === undefined) throw new CanonFault("it lent a resource that it has not");
        return handle.value;
      }
      case "enum":
      case "f32":
      case "f64":
      case "list":
      case "option":
      case "record":
      case "result":
      case "s64":
      case "string":
      case "tuple":
      case "u32":
      case "u64":
      case "variant":
        return value >>> 0;
    }
  }

  #case(index: TypeIndex, number: number): readonly [string, TypeIndex | null] {
    const found = this.#canon.layouts.cases(index)[number];
    if (found === undefined) throw new CanonFault(`a value has the case ${number}, which its type has not`);
    return found;
  }

  #chosen({ type }: Layout, name: string, value: unknown): unknown {
    return type.kind === "enum" ? name : { tag: name, value };
  }

  #list(element: TypeIndex, at: number, length: number): unknown {
    const layout = this.#canon.layouts.of(element);
    if (layout.type.kind === "u8") {
      this.#spend(length);
      const bytes = this.#canon.memory.slice(at, length);
      if (bytes === undefined) throw new CanonFault(OUTSIDE);
      return new Uint8Array(bytes);
    }
    this.#count(length);
    if (at % layout.align !== 0 || !this.#canon.memory.holds(at, length * layout.size)) throw new CanonFault(OUTSIDE);
    return Array.from({ length }, (_, place) => this.#load(element, layout, at + place * layout.size));
  }

  #text(at: number, length: number): string {
    const { memory, encoding } = this.#canon;
    const isWide = encoding === "utf16" || (encoding === "latin1+utf16" && length >= UTF16_TAG);
    const units = encoding === "latin1+utf16" && isWide ? length - UTF16_TAG : length;
    const size = isWide ? 2 * units : units;
    this.#spend(size);
    const bytes = memory.slice(at, size);
    if (bytes === undefined) throw new CanonFault(OUTSIDE);
    try {
      if (isWide) return utf16.decode(bytes);
      return encoding === "utf8" ? utf8.decode(bytes) : Buffer.from(bytes).toString("latin1");
    } catch {
      throw new CanonFault("a text is not in its encoding");
    }
  }

  #place({ size, align }: Layout, at: number): number {
    if (at % align !== 0 || !this.#canon.memory.holds(at, size)) throw new CanonFault(OUTSIDE);
    return at;
  }

  #count(members: number): void {
    this.#members -= members;
    if (this.#members < 0) throw new CanonFault(`its values have more than ${MEMBERS_MAX} members`);
    this.#canon.charge(members);
  }

  #spend(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes < 0) throw new CanonFault(`its texts have more than ${BYTES_MAX} bytes`);
    this.#canon.charge(bytes >>> COPY_SHIFT);
  }
}

export type FlatSource = { readonly values: readonly unknown[]; at: number };

const take = (source: FlatSource): unknown => {
  const value = source.values[source.at];
  source.at += 1;
  return value;
};

/** 32 bits as an unsigned number; a module that passes something else than its type says passes 0. */
const pointer = (value: unknown): number => (typeof value === "number" ? value >>> 0 : 0);
const wide = (value: unknown): bigint => (typeof value === "bigint" ? value : 0n);

/** A core value that was passed as a wider type, as what it is. */
function narrowed(value: unknown, from: CoreType, to: CoreType): unknown {
  if (from === to) return value;
  const bits = from === "i64" ? wide(value) : BigInt(pointer(value));
  convert.setBigInt64(0, BigInt.asIntN(64, bits), true);
  if (to === "f64") return convert.getFloat64(0, true);
  return to === "f32" ? convert.getFloat32(0, true) : convert.getInt32(0, true);
}

const unsigned = (view: DataView, at: number, bytes: number): number =>
  bytes === 1 ? view.getUint8(at) : bytes === 2 ? view.getUint16(at, true) : view.getUint32(at, true);

function character(code: number): string {
  if (code > 0x10_ffff || (code >= 0xd800 && code <= 0xdfff)) throw new CanonFault("a character is invalid");
  return String.fromCodePoint(code);
}

/** Without a prototype, so that no field name means more than a field. */
function recordValue(fields: readonly (readonly [string, unknown])[]): object {
  const made: { [name: string]: unknown } = Object.create(null);
  for (const [name, value] of fields) made[name] = value;
  return made;
}
