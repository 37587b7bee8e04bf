import { isTagged, NONE, some, type Tagged } from "./canon.ts";
import { casesOf } from "./layout.ts";
import type { TypeIndex, ValueType } from "./plan.ts";

/** Values of a component as JSON and back; schema.ts says the same as JSON Schema. */

/** An argument that its type does not allow; the message names its place. */
export class ArgumentError extends Error {
  override readonly name = "ArgumentError";
}

const RANGES: { readonly [kind: string]: readonly [least: number, most: number] } = {
  s8: [-128, 127],
  u8: [0, 255],
  s16: [-32_768, 32_767],
  u16: [0, 65_535],
  s32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
};
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const WHOLE = /^-?\d{1,20}$/;

/** A value whose JSON may be `null` is wrapped inside of an option, so that "none" and "some(none)" differ. */
export const isNullable = (types: readonly ValueType[], index: TypeIndex): boolean => types[index]?.kind === "option";

export class JsonValues {
  readonly #types: readonly ValueType[];

  constructor(types: readonly ValueType[]) {
    this.#types = types;
  }

  #of(index: TypeIndex): ValueType {
    const type = this.#types[index];
    if (type === undefined) throw new Error(`the plan has no type ${index}`);
    return type;
  }

  #isBytes(type: ValueType): boolean {
    return type.kind === "list" && this.#of(type.element).kind === "u8";
  }

  /** Throws ArgumentError. */
  read(index: TypeIndex, json: unknown, path: string): unknown {
    const type = this.#of(index);
    switch (type.kind) {
      case "bool":
        return typeof json === "boolean" ? json : wrong(path, "true or false");
      case "s64":
      case "u64":
        return wideNumber(json, type.kind, path);
      case "f32":
      case "f64":
        return typeof json === "number" ? json : wrong(path, "a number");
      case "char":
        return typeof json === "string" && Array.from(json).length === 1 ? json : wrong(path, "one character");
      case "string":
        return typeof json === "string" ? json : wrong(path, "a text");
      case "list":
        if (this.#isBytes(type) && typeof json === "string") return bytesOf(json, path);
        return this.#readList(type.element, json, path);
      case "tuple": {
        const { items } = type;
        if (!isList(json) || json.length !== items.length) return wrong(path, `a list of ${items.length}`);
        return items.map((item, place) => this.read(item, json[place], `${path}[${place}]`));
      }
      case "record":
        return this.#readRecord(type.fields, json, path);
      case "enum":
        return typeof json === "string" && type.names.includes(json)
          ? json
          : wrong(path, `one of ${type.names.join(", ")}`);
      case "flags":
        return type.names.filter((name) => isFields(json) && json[name] === true);
      case "option":
        if (json === null || json === undefined) return NONE;
        if (!isNullable(this.#types, type.some)) return some(this.read(type.some, json, path));
        return some(this.read(type.some, isFields(json) ? json["some"] : undefined, `${path}.some`));
      case "variant":
      case "result":
        return this.#readChoice(type, json, path);
      case "own":
      case "borrow":
        return wrong(path, "nothing: resources cannot be given");
      case "s16":
      case "s32":
      case "s8":
      case "u16":
      case "u32":
      case "u8": {
        const [least, most] = RANGES[type.kind] ?? [0, 0];
        const fits = typeof json === "number" && Number.isInteger(json) && json >= least && json <= most;
        return fits ? json : wrong(path, `a whole number from ${least} to ${most}`);
      }
    }
  }

  #readList(element: TypeIndex, json: unknown, path: string): unknown {
    if (!isList(json)) return wrong(path, "a list");
    const members = json.map((member, place) => this.read(element, member, `${path}[${place}]`));
    return this.#of(element).kind === "u8" ? Uint8Array.from(members.map(Number)) : members;
  }

  #readRecord(fields: readonly (readonly [string, TypeIndex])[], json: unknown, path: string): unknown {
    if (!isFields(json)) return wrong(path, "an object");
    const made: { [name: string]: unknown } = Object.create(null);
    for (const [name, field] of fields) {
      made[name] = this.read(field, Object.hasOwn(json, name) ? json[name] : undefined, `${path}.${name}`);
    }
    return made;
  }

  /** A variant is `{"tag", "val"}`, a result `{"ok"}` or `{"err"}`. */
  #readChoice(type: ValueType, json: unknown, path: string): Tagged {
    const cases = casesOf(type) ?? [];
    const names = cases.map(([name]) => name).join(", ");
    if (!isFields(json)) return wrong(path, `an object with one of ${names}`);
    const tag = type.kind === "result" ? Object.keys(json)[0] : json["tag"];
    const found = cases.find(([name]) => name === tag);
    if (found === undefined) return wrong(path, `one of ${names}`);
    const [name, carried] = found;
    if (carried === null) return { tag: name };
    const given = type.kind === "result" ? json[name] : json["val"];
    return { tag: name, value: this.read(carried, given, `${path}.${type.kind === "result" ? name : "val"}`) };
  }

  /** Writes a value returned by a component. */
  write(index: TypeIndex, value: unknown): unknown {
    const type = this.#of(index);
    switch (type.kind) {
      case "s64":
      case "u64":
        return typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
      case "f32":
      case "f64":
        return typeof value === "number" && Number.isFinite(value) ? value : String(value);
      case "list":
        if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
        return isList(value) ? value.map((member) => this.write(type.element, member)) : [];
      case "tuple":
        return type.items.map((item, place) => this.write(item, isList(value) ? value[place] : undefined));
      case "record":
        return objectOf(
          type.fields.map(([name, field]) => [name, this.write(field, isFields(value) ? value[name] : undefined)]),
        );
      case "flags":
        return objectOf(type.names.map((name) => [name, isList(value) && value.includes(name)]));
      case "option": {
        if (!isTagged(value) || value.tag === "none") return null;
        const inner = this.write(type.some, value.value);
        return isNullable(this.#types, type.some) ? { some: inner } : inner;
      }
      case "variant":
      case "result": {
        if (!isTagged(value)) return null;
        const carried = (casesOf(type) ?? []).find(([name]) => name === value.tag)?.[1] ?? null;
        const inner = carried === null ? null : this.write(carried, value.value);
        if (type.kind === "result") return objectOf([[value.tag, inner]]);
        return carried === null ? { tag: value.tag } : { tag: value.tag, val: inner };
      }
      case "bool":
      case "borrow":
      case "char":
      case "enum":
      case "own":
      case "s16":
      case "s32":
      case "s8":
      case "string":
      case "u16":
      case "u32":
      case "u8":
        return value;
    }
  }
}

type Fields = { readonly [key: string]: unknown };
const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

/** Without a prototype: a field may have any name. */
function objectOf(fields: readonly (readonly [string, unknown])[]): object {
  const made: { [name: string]: unknown } = Object.create(null);
  for (const [name, value] of fields) made[name] = value;
  return made;
}

function wrong(path: string, expected: string): never {
  throw new ArgumentError(`${path} has to be ${expected}`);
}

/** A whole number of 64 bits, as a number or as text when it is larger than numbers are exact. */
function wideNumber(json: unknown, kind: "s64" | "u64", path: string): bigint {
  const text = typeof json === "number" && Number.isInteger(json) ? BigInt(json).toString() : json;
  if (typeof text !== "string" || !WHOLE.test(text)) return wrong(path, "a whole number");
  const value = BigInt(text);
  const kept = kind === "s64" ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
  return kept === value ? value : wrong(path, `a whole number of 64 bits${kind === "u64" ? " from 0" : ""}`);
}

const bytesOf = (text: string, path: string): Uint8Array =>
  BASE64.test(text) ? new Uint8Array(Buffer.from(text, "base64")) : wrong(path, "bytes in base64");
