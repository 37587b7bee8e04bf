import type { ByteReader } from "./byte-reader.ts";
import { damaged, unsupported } from "./errors.ts";
import type { FunctionType, Primitive, TypeIndex, ValueType } from "./plan.ts";
import { entry, type Scope } from "./scope.ts";

/** Bytes of primitive types. */
const PRIMITIVE_BYTES: Readonly<Record<number, Primitive>> = {
  0x7f: "bool",
  0x7e: "s8",
  0x7d: "u8",
  0x7c: "s16",
  0x7b: "u16",
  0x7a: "s32",
  0x79: "u32",
  0x78: "s64",
  0x77: "u64",
  0x76: "f32",
  0x75: "f64",
  0x74: "char",
  0x73: "string",
};
const FLAGS_MAX = 32;
const MEMBERS_MAX = 4_096;
const TYPES_MAX = 20_000;
/** Levels of types within types. */
const DEPTH_MAX = 48;

/** Value and function types of one component, as they are read; equal types are held once. */
export class Types {
  readonly all: ValueType[] = [];
  readonly #known = new Map<string, TypeIndex>();
  readonly #depths: number[] = [];

  add(type: ValueType): TypeIndex {
    const key = JSON.stringify(type);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const index = this.all.push(type) - 1;
    const depth = 1 + Math.max(0, ...partsOf(type).map((part) => this.#depths[part] ?? 0));
    if (index > TYPES_MAX || depth > DEPTH_MAX) throw unsupported("too many types, or too many within each other");
    this.#depths.push(depth);
    this.#known.set(key, index);
    return index;
  }

  /** A type where a value's type is expected: a primitive, or the number of a definition. */
  value(reader: ByteReader, scope: Scope): TypeIndex {
    const offset = reader.at;
    const byte = reader.peek();
    // As a signed number a primitive is below zero.
    if ((byte & 0xc0) === 0x40) {
      reader.byte();
      return this.add(primitive(byte, offset));
    }
    const definition = entry(scope.types, reader.u32(), offset);
    if (definition.type !== "value") throw damaged("a type that values cannot have", offset);
    return definition.index;
  }

  optional(reader: ByteReader, scope: Scope): TypeIndex | null {
    return reader.byte() === 0 ? null : this.value(reader, scope);
  }

  /** A definition that begins with `form`. */
  definition(form: number, reader: ByteReader, scope: Scope): ValueType {
    const offset = reader.at - 1;
    switch (form) {
      case 0x72:
        return {
          kind: "record",
          fields: this.#many(reader, () => [reader.name(), this.value(reader, scope)] as const),
        };
      case 0x71:
        return { kind: "variant", cases: this.#many(reader, () => this.#case(reader, scope)) };
      case 0x70:
        return { kind: "list", element: this.value(reader, scope) };
      case 0x6f:
        return { kind: "tuple", items: this.#many(reader, () => this.value(reader, scope)) };
      case 0x6e: {
        const names = this.#many(reader, () => reader.name());
        if (names.length > FLAGS_MAX) throw unsupported(`a set of more than ${FLAGS_MAX} flags`);
        return { kind: "flags", names };
      }
      case 0x6d:
        return { kind: "enum", names: this.#many(reader, () => reader.name()) };
      case 0x6b:
        return { kind: "option", some: this.value(reader, scope) };
      case 0x6a:
        return { kind: "result", ok: this.optional(reader, scope), error: this.optional(reader, scope) };
      case 0x69:
      case 0x68: {
        const definition = entry(scope.types, reader.u32(), offset);
        if (definition.type !== "resource") throw damaged("a handle of something that is no resource", offset);
        return { kind: form === 0x69 ? "own" : "borrow", resource: definition.resource };
      }
      case 0x67:
        throw unsupported("lists of fixed length");
      case 0x66:
      case 0x65:
        throw unsupported("streams and futures (WASI 0.3)", "Build the component for WASI 0.2.");
      default:
        return primitive(form, offset);
    }
  }

  #case(reader: ByteReader, scope: Scope): readonly [string, TypeIndex | null] {
    const name = reader.name();
    const type = this.optional(reader, scope);
    reader.byte();
    return [name, type];
  }

  #many<Member>(reader: ByteReader, read: () => Member): readonly Member[] {
    const count = reader.count();
    if (count > MEMBERS_MAX) throw unsupported(`a type of more than ${MEMBERS_MAX} members`);
    return Array.from({ length: count }, read);
  }

  signature(reader: ByteReader, scope: Scope): FunctionType {
    const parameters = this.#many(reader, () => [reader.name(), this.value(reader, scope)] as const);
    if (reader.byte() === 0) return { parameters, result: this.value(reader, scope) };
    if (reader.count() > 0) throw unsupported("functions with several named results");
    return { parameters, result: null };
  }
}

function primitive(byte: number, offset: number): ValueType {
  const kind = PRIMITIVE_BYTES[byte];
  if (byte === 0x64) throw unsupported("error contexts (WASI 0.3)", "Build the component for WASI 0.2.");
  if (kind === undefined) throw damaged(`a type of the unknown kind ${byte}`, offset);
  return { kind };
}

const present = (parts: readonly (TypeIndex | null)[]): readonly TypeIndex[] => parts.filter((part) => part !== null);

/** The types that a type is made of. */
export function partsOf(type: ValueType): readonly TypeIndex[] {
  switch (type.kind) {
    case "list":
      return [type.element];
    case "record":
      return type.fields.map(([, part]) => part);
    case "tuple":
      return type.items;
    case "variant":
      return present(type.cases.map(([, part]) => part));
    case "option":
      return [type.some];
    case "result":
      return present([type.ok, type.error]);
    case "bool":
    case "borrow":
    case "char":
    case "enum":
    case "f32":
    case "f64":
    case "flags":
    case "own":
    case "s16":
    case "s32":
    case "s64":
    case "s8":
    case "string":
    case "u16":
    case "u32":
    case "u64":
    case "u8":
      return [];
  }
}
