import { unsupported } from "./errors.ts";
import type { TypeIndex, ValueType } from "./plan.ts";

/** How a type lies in memory and how it is passed as core values, as the component model's canonical ABI has it. */
export type CoreType = "i32" | "i64" | "f32" | "f64";
export type Layout = {
  readonly type: ValueType;
  readonly size: number;
  readonly align: number;
  /** Core values it is passed as; undefined when those are more than `FLAT_MAX`. */
  readonly flat: readonly CoreType[] | undefined;
  /** Whether it holds a place in memory that has to be allocated. */
  readonly hasPointers: boolean;
  /** Of a record or tuple, where each member lies. */
  readonly offsets: readonly number[];
  /** Of a variant, option, result or enum, bytes of its case's number, and where what it carries lies. */
  readonly tagBytes: 1 | 2 | 4;
  readonly payloadAt: number;
};

/** Core values that parameters are passed as; more are passed in memory. */
export const FLAT_MAX = 16;
/** Core values of a result; more are passed in memory. */
export const FLAT_RESULTS_MAX = 1;
const SIZE_MAX = 1024 * 1024;

const SCALARS: { readonly [kind: string]: readonly [size: number, flat: CoreType] } = {
  bool: [1, "i32"],
  s8: [1, "i32"],
  u8: [1, "i32"],
  s16: [2, "i32"],
  u16: [2, "i32"],
  s32: [4, "i32"],
  u32: [4, "i32"],
  char: [4, "i32"],
  s64: [8, "i64"],
  u64: [8, "i64"],
  f32: [4, "f32"],
  f64: [8, "f64"],
  own: [4, "i32"],
  borrow: [4, "i32"],
};

export const alignTo = (at: number, align: number): number => Math.ceil(at / align) * align;

/** The cases of a type that has some, with what each carries. */
export function casesOf(type: ValueType): readonly (readonly [name: string, type: TypeIndex | null])[] | undefined {
  switch (type.kind) {
    case "variant":
      return type.cases;
    case "enum":
      return type.names.map((name) => [name, null]);
    case "option":
      return [
        ["none", null],
        ["some", type.some],
      ];
    case "result":
      return [
        ["ok", type.ok],
        ["err", type.error],
      ];
    case "bool":
    case "borrow":
    case "char":
    case "f32":
    case "f64":
    case "flags":
    case "list":
    case "own":
    case "record":
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
      return undefined;
  }
}

/** Layouts of a plan's types, by their number. Throws ComponentRefusedError for a type that is too large. */
export class Layouts {
  readonly #all: Layout[] = [];
  readonly #cases: ReturnType<typeof casesOf>[] = [];

  constructor(types: readonly ValueType[]) {
    for (const type of types) {
      this.#cases.push(casesOf(type));
      const layout = this.#layout(type);
      if (layout.size > SIZE_MAX) throw unsupported("a type of more than a megabyte");
      this.#all.push(layout);
    }
  }

  of(index: TypeIndex): Layout {
    const layout = this.#all[index];
    if (layout === undefined) throw new Error(`the plan has no type ${index}`);
    return layout;
  }

  /** The cases of the type of that number; none when it has no cases. */
  cases(index: TypeIndex): readonly (readonly [name: string, type: TypeIndex | null])[] {
    return this.#cases[index] ?? [];
  }

  /** Several values one after another, as parameters are. */
  sequence(types: readonly TypeIndex[]): Layout {
    return this.#members({ kind: "tuple", items: types }, types);
  }

  #layout(type: ValueType): Layout {
    const scalar = SCALARS[type.kind];
    if (scalar !== undefined) return plain(type, scalar[0], [scalar[1]]);
    switch (type.kind) {
      case "string":
      case "list":
        return { ...plain(type, 8, ["i32", "i32"]), align: 4, hasPointers: true };
      case "record":
        return this.#members(
          type,
          type.fields.map(([, field]) => field),
        );
      case "tuple":
        return this.#members(type, type.items);
      case "flags":
        return plain(type, type.names.length > 16 ? 4 : type.names.length > 8 ? 2 : 1, ["i32"]);
      case "bool":
      case "borrow":
      case "char":
      case "enum":
      case "f32":
      case "f64":
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
      case "variant":
        return this.#choice(type, casesOf(type) ?? []);
    }
  }

  #members(type: ValueType, members: readonly TypeIndex[]): Layout {
    const layouts = members.map((member) => this.of(member));
    const align = Math.max(1, ...layouts.map((layout) => layout.align));
    let end = 0;
    const offsets = layouts.map((layout) => {
      const at = alignTo(end, layout.align);
      end = at + layout.size;
      return at;
    });
    return {
      ...plain(type, alignTo(end, align), joined(layouts)),
      align,
      offsets,
      hasPointers: layouts.some(({ hasPointers }) => hasPointers),
    };
  }

  #choice(type: ValueType, cases: readonly (readonly [string, TypeIndex | null])[]): Layout {
    const tagBytes = cases.length <= 256 ? 1 : cases.length <= 65_536 ? 2 : 4;
    const payloads = cases.flatMap(([, payload]) => (payload === null ? [] : [this.of(payload)]));
    const align = Math.max(tagBytes, ...payloads.map((payload) => payload.align));
    const payloadAlign = Math.max(1, ...payloads.map((payload) => payload.align));
    const payloadAt = alignTo(tagBytes, payloadAlign);
    const size = alignTo(payloadAt + Math.max(0, ...payloads.map((payload) => payload.size)), align);
    const hasPointers = payloads.some((payload) => payload.hasPointers);
    return { ...plain(type, size, union(payloads)), align, tagBytes, payloadAt, hasPointers };
  }
}

const plain = (type: ValueType, size: number, flat: readonly CoreType[] | undefined): Layout => ({
  type,
  size,
  align: size,
  flat,
  hasPointers: false,
  offsets: [],
  tagBytes: 1,
  payloadAt: 0,
});

function joined(layouts: readonly Layout[]): readonly CoreType[] | undefined {
  const flat: CoreType[] = [];
  for (const layout of layouts) {
    if (layout.flat === undefined || flat.length + layout.flat.length > FLAT_MAX) return undefined;
    flat.push(...layout.flat);
  }
  return flat;
}

/** The number of the case, then room for what any case carries. */
function union(payloads: readonly Layout[]): readonly CoreType[] | undefined {
  const flat: CoreType[] = ["i32"];
  for (const payload of payloads) {
    if (payload.flat === undefined) return undefined;
    for (const [index, type] of payload.flat.entries()) {
      const known = flat[index + 1];
      flat[index + 1] = known === undefined ? type : both(known, type);
    }
  }
  return flat.length > FLAT_MAX ? undefined : flat;
}

const is32 = (type: CoreType): boolean => type === "i32" || type === "f32";
/** A core type that holds values of both. */
const both = (one: CoreType, other: CoreType): CoreType =>
  one === other ? one : is32(one) && is32(other) ? "i32" : "i64";
