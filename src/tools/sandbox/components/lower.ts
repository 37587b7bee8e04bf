import { type Canon, CanonFault, isTagged, OUTSIDE } from "./canon.ts";
import { type CoreType, type Layout, FLAT_MAX } from "./layout.ts";
import type { TypeIndex } from "./plan.ts";

const COPY_SHIFT = 4;
const convert = new DataView(new ArrayBuffer(8));

/** Values that go into a guest; what its allocator gives is checked. Throws CanonFault. */
export class Lower {
  readonly #canon: Canon;

  constructor(canon: Canon) {
    this.#canon = canon;
  }

  /** Several values as core values; in memory when those would be too many. */
  async parameters(types: readonly TypeIndex[], values: readonly unknown[]): Promise<unknown[]> {
    const layout = this.#canon.layouts.sequence(types);
    if (layout.flat === undefined || layout.flat.length > FLAT_MAX) {
      const at = await this.#allocate(layout.size, layout.align);
      for (const [place, type] of types.entries()) {
        await this.store(type, values[place], at + (layout.offsets[place] ?? 0));
      }
      return [at];
    }
    const core: unknown[] = [];
    for (const [place, type] of types.entries()) await this.flat(type, values[place], core);
    return core;
  }

  /** The core value of a type that `isSingle`. */
  single(index: TypeIndex, value: unknown): unknown {
    const layout = this.#canon.layouts.of(index);
    switch (layout.type.kind) {
      case "f32":
      case "f64":
        return value;
      case "s64":
      case "u64":
        return BigInt.asIntN(64, typeof value === "bigint" ? value : 0n);
      case "variant":
      case "enum":
      case "option":
      case "result":
        return this.#case(index, value).number;
      case "bool":
      case "borrow":
      case "char":
      case "flags":
      case "list":
      case "own":
      case "record":
      case "s16":
      case "s32":
      case "s8":
      case "string":
      case "tuple":
      case "u16":
      case "u32":
      case "u8":
        return this.#scalar(layout, value);
    }
  }

  /** Writes a value that needs no further place to one that the guest named. */
  storeNow(index: TypeIndex, value: unknown, at: number): void {
    this.#storePlain(index, this.#canon.layouts.of(index), value, at);
  }

  /** Appends a value's core values. */
  async flat(index: TypeIndex, value: unknown, core: unknown[]): Promise<void> {
    const layout = this.#canon.layouts.of(index);
    const { type } = layout;
    switch (type.kind) {
      case "string":
        core.push(...(await this.#text(value)));
        return;
      case "list":
        core.push(...(await this.#list(type.element, value)));
        return;
      case "record":
        for (const [name, field] of type.fields) await this.flat(field, fieldOf(value, name), core);
        return;
      case "tuple":
        for (const [place, item] of type.items.entries()) await this.flat(item, memberOf(value, place), core);
        return;
      case "variant":
      case "enum":
      case "option":
      case "result":
        return this.#flatChoice(index, layout, value, core);
      case "f32":
      case "f64":
        core.push(value);
        return;
      case "s64":
      case "u64":
        core.push(BigInt.asIntN(64, typeof value === "bigint" ? value : 0n));
        return;
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
        core.push(this.#scalar(layout, value));
    }
  }

  async #flatChoice(index: TypeIndex, layout: Layout, value: unknown, core: unknown[]): Promise<void> {
    const { number, carried, inner } = this.#case(index, value);
    const flat = layout.flat ?? [];
    const payload: unknown[] = [];
    if (carried !== null) await this.flat(carried, inner, payload);
    const given = carried === null ? [] : (this.#canon.layouts.of(carried).flat ?? []);
    core.push(number);
    for (const [place, type] of flat.slice(1).entries()) {
      const from = given[place];
      core.push(from === undefined ? zero(type) : widened(payload[place], from, type));
    }
  }

  /** Writes a value to a place. The place was checked when it was allocated, and is once more. */
  async store(index: TypeIndex, value: unknown, at: number): Promise<void> {
    const layout = this.#canon.layouts.of(index);
    if (!layout.hasPointers) return this.#storePlain(index, layout, value, at);
    const { type } = layout;
    switch (type.kind) {
      case "string":
        return this.#storePair(at, await this.#text(value));
      case "list":
        return this.#storePair(at, await this.#list(type.element, value));
      case "record":
        for (const [place, [name, field]] of type.fields.entries()) {
          await this.store(field, fieldOf(value, name), at + (layout.offsets[place] ?? 0));
        }
        return;
      case "tuple":
        for (const [place, item] of type.items.entries()) {
          await this.store(item, memberOf(value, place), at + (layout.offsets[place] ?? 0));
        }
        return;
      case "bool":
      case "borrow":
      case "char":
      case "enum":
      case "f32":
      case "f64":
      case "flags":
      case "option":
      case "own":
      case "result":
      case "s16":
      case "s32":
      case "s64":
      case "s8":
      case "u16":
      case "u32":
      case "u64":
      case "u8":
      case "variant": {
        const { number, carried, inner } = this.#case(index, value);
        this.#number(at, layout.tagBytes, number);
        if (carried !== null) await this.store(carried, inner, at + layout.payloadAt);
      }
    }
  }

  /** A value that needs no further place. */
  #storePlain(index: TypeIndex, layout: Layout, value: unknown, at: number): void {
    const { type } = layout;
    switch (type.kind) {
      case "record":
        for (const [place, [name, field]] of type.fields.entries()) {
          const inner = this.#canon.layouts.of(field);
          this.#storePlain(field, inner, fieldOf(value, name), at + (layout.offsets[place] ?? 0));
        }
        return;
      case "tuple":
        for (const [place, item] of type.items.entries()) {
          const inner = this.#canon.layouts.of(item);
          this.#storePlain(item, inner, memberOf(value, place), at + (layout.offsets[place] ?? 0));
        }
        return;
      case "variant":
      case "enum":
      case "option":
      case "result": {
        const { number, carried, inner } = this.#case(index, value);
        this.#number(at, layout.tagBytes, number);
        if (carried === null) return;
        return this.#storePlain(carried, this.#canon.layouts.of(carried), inner, at + layout.payloadAt);
      }
      case "f32":
        return this.#view(at, 4).setFloat32(at, Number(value), true);
      case "f64":
        return this.#view(at, 8).setFloat64(at, Number(value), true);
      case "s64":
      case "u64":
        return this.#view(at, 8).setBigUint64(at, BigInt.asUintN(64, typeof value === "bigint" ? value : 0n), true);
      case "bool":
      case "borrow":
      case "char":
      case "flags":
      case "list":
      case "own":
      case "s16":
      case "s32":
      case "s8":
      case "string":
      case "u16":
      case "u32":
      case "u8":
        this.#number(at, layout.size, this.#scalar(layout, value));
    }
  }

  #scalar({ type }: Layout, value: unknown): number {
    switch (type.kind) {
      case "bool":
        return value === true ? 1 : 0;
      case "char":
        return typeof value === "string" ? (value.codePointAt(0) ?? 0) : 0;
      case "flags": {
        const set: readonly unknown[] = Array.isArray(value) ? value : [];
        return type.names.reduce((bits, name, bit) => (set.includes(name) ? bits | (1 << bit) : bits), 0);
      }
      case "own":
      case "borrow": {
        const number = this.#canon.handles.add({
          resource: type.resource,
          value,
          isOwned: type.kind === "own",
        });
        if (number === undefined) throw new CanonFault("it holds too many resources");
        return number;
      }
      case "enum":
      case "f32":
      case "f64":
      case "list":
      case "option":
      case "record":
      case "result":
      case "s16":
      case "s32":
      case "s64":
      case "s8":
      case "string":
      case "tuple":
      case "u16":
      case "u32":
      case "u64":
      case "u8":
      case "variant":
        return typeof value === "number" ? value | 0 : 0;
    }
  }

  #case(index: TypeIndex, value: unknown): { number: number; carried: TypeIndex | null; inner: unknown } {
    const cases = this.#canon.layouts.cases(index);
    const name = isTagged(value) ? value.tag : value;
    const number = cases.findIndex(([known]) => known === name);
    if (number === -1) throw new CanonFault(`a type has no case "${String(name)}"`);
    return { number, carried: cases[number]?.[1] ?? null, inner: isTagged(value) ? value.value : undefined };
  }

  async #text(value: unknown): Promise<readonly [number, number]> {
    const text = typeof value === "string" ? value : "";
    const isWide = this.#canon.encoding !== "utf8";
    const bytes = Buffer.from(text.isWellFormed() ? text : text.toWellFormed(), isWide ? "utf16le" : "utf8");
    const at = await this.#bytes(bytes, isWide ? 2 : 1);
    if (!isWide) return [at, bytes.length];
    // A text of both encodings says with its highest bit which one it is.
    return [at, this.#canon.encoding === "utf16" ? bytes.length / 2 : (bytes.length / 2) | 0x8000_0000];
  }

  async #list(element: TypeIndex, value: unknown): Promise<readonly [number, number]> {
    if (value instanceof Uint8Array) return [await this.#bytes(value, 1), value.length];
    const members: readonly unknown[] = Array.isArray(value) ? value : [];
    const { size, align } = this.#canon.layouts.of(element);
    const at = await this.#allocate(members.length * size, align);
    this.#canon.charge(members.length);
    for (const [place, member] of members.entries()) await this.store(element, member, at + place * size);
    return [at, members.length];
  }

  async #bytes(bytes: Uint8Array, align: number): Promise<number> {
    const at = await this.#allocate(bytes.length, align);
    this.#canon.memory.slice(at, bytes.length)?.set(bytes);
    this.#canon.charge(bytes.length >>> COPY_SHIFT);
    return at;
  }

  /** A place of that size; nothing is asked for nothing. */
  async #allocate(bytes: number, align: number): Promise<number> {
    if (bytes === 0) return align;
    const at = await this.#canon.allocate(bytes, align);
    this.#canon.memory.enter();
    if (at % align !== 0 || !this.#canon.memory.holds(at, bytes)) throw new CanonFault(OUTSIDE);
    return at;
  }

  #storePair(at: number, [first, second]: readonly [number, number]): void {
    this.#number(at, 4, first);
    this.#number(at + 4, 4, second);
  }

  #number(at: number, bytes: number, value: number): void {
    const view = this.#view(at, bytes);
    if (bytes === 1) view.setUint8(at, value);
    else if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
  }

  #view(at: number, bytes: number): DataView {
    this.#canon.memory.enter();
    if (!this.#canon.memory.holds(at, bytes)) throw new CanonFault(OUTSIDE);
    return this.#canon.memory.view;
  }
}

/** Whether values of a type are passed as one core value that needs no place in memory. */
export const isSingle = ({ type, flat, hasPointers }: Layout): boolean =>
  flat?.length === 1 && !hasPointers && type.kind !== "record" && type.kind !== "tuple";

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;

const memberOf = (value: unknown, place: number): unknown => (Array.isArray(value) ? value[place] : undefined);

const zero = (type: CoreType): unknown => (type === "i64" ? 0n : 0);

/** A core value passed as a type that holds it. */
function widened(value: unknown, from: CoreType, to: CoreType): unknown {
  if (from === to) return value;
  convert.setBigInt64(0, 0n, true);
  if (from === "f64") convert.setFloat64(0, Number(value), true);
  else if (from === "f32") convert.setFloat32(0, Number(value), true);
  else if (from === "i64") convert.setBigInt64(0, typeof value === "bigint" ? value : 0n, true);
  else convert.setInt32(0, Number(value), true);
  return to === "i64" ? convert.getBigInt64(0, true) : convert.getInt32(0, true);
}
