import { unsupported } from "./errors.ts";
import { isNullable } from "./json-values.ts";
import type { ComponentExport, Plan, TypeIndex, ValueType } from "./plan.ts";

/** Tools of a component: each exported function is one, with its WIT types as JSON Schema. */
export type ComponentTool = {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: object;
  readonly outputSchema: object | undefined;
  readonly export: ComponentExport;
};

/** Interfaces that a host calls, and which give no tools. */
const RUN = "wasi:cli/run";
const NOT_TOOLS = /^wasi:(?:cli\/run|http\/incoming-handler)$/;
const NAME_CHARS_MAX = 64;
const PARTS_MAX = 5_000;

/** The function that runs the component as a program; undefined for a component without one. */
export const runExport = ({ exports }: Plan): ComponentExport | undefined =>
  exports.find((each) => each.interface === RUN && each.name === "run");

/** Throws ComponentRefusedError when a function's types cannot be said as JSON. */
export function toolsOf({ exports, types }: Plan): readonly ComponentTool[] {
  const functions = exports.filter((each) => !NOT_TOOLS.test(each.interface) && !isPreparation(each));
  const schemas = new Schemas(types);
  return functions.map((each) => {
    const full = fullName(each);
    return {
      name: full.length <= NAME_CHARS_MAX ? full : shortName(each, functions),
      description: each.description || `${each.interface === "" ? "" : `${each.interface} `}${each.name}`,
      inputSchema: schemas.input(each),
      outputSchema: schemas.output(each),
      export: each,
    };
  });
}

/** What componentize-qjs and componentize-py run while they build, and leave behind. */
const isPreparation = ({ interface: from, name, parameters }: ComponentExport): boolean =>
  (from === "exports" && name === "init") ||
  (from === "" && name === "init" && parameters[0]?.[0] === "shim" && parameters[1]?.[0] === "script");

const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9-]/g, "_");

/** Package, interface and function, as Wassette names them: `local_time_get-time`. */
const fullName = (each: ComponentExport): string =>
  each.interface === "" ? plain(each.name) : `${plain(each.interface)}_${plain(each.name)}`;

function shortName(each: ComponentExport, all: readonly ComponentExport[]): string {
  const name = plain(each.name);
  if (name.length > NAME_CHARS_MAX || all.filter((other) => plain(other.name) === name).length > 1) {
    throw unsupported(`a name of more than ${NAME_CHARS_MAX} letters, "${fullName(each)}"`, "Give it a shorter name.");
  }
  return name;
}

class Schemas {
  readonly #types: readonly ValueType[];
  #parts = PARTS_MAX;

  constructor(types: readonly ValueType[]) {
    this.#types = types;
  }

  input({ parameters, interface: from, name }: ComponentExport): object {
    return this.#object(parameters, `${from}${from === "" ? "" : "."}${name}`);
  }

  /** `{"result": …}`; nothing for a text, which is the answer itself. Of a result, what it gives when all is well. */
  output({ result, name }: ComponentExport): object | undefined {
    if (result === null) return undefined;
    const type = this.#types[result];
    const given = type?.kind === "result" ? type.ok : result;
    if (given === null || this.#types[given]?.kind === "string") return undefined;
    return {
      type: "object",
      properties: { result: this.#schema(given, name) },
      required: ["result"],
    };
  }

  #object(fields: readonly (readonly [string, TypeIndex])[], place: string): object {
    return {
      type: "object",
      properties: Object.fromEntries(fields.map(([name, field]) => [name, this.#schema(field, `${place}.${name}`)])),
      required: fields.filter(([, field]) => !isNullable(this.#types, field)).map(([name]) => name),
      additionalProperties: false,
    };
  }

  #schema(index: TypeIndex, place: string): object {
    this.#parts -= 1;
    if (this.#parts < 0) throw unsupported("types that are too large to describe");
    const type = this.#types[index];
    switch (type?.kind) {
      case "bool":
        return { type: "boolean" };
      case "s8":
      case "u8":
      case "s16":
      case "u16":
      case "s32":
      case "u32":
        return RANGED[type.kind] ?? {};
      case "s64":
      case "u64":
        return { type: ["integer", "string"], description: "A whole number; as text when it is beyond 2^53" };
      case "f32":
      case "f64":
        return { type: "number" };
      case "char":
        return { type: "string", minLength: 1, maxLength: 2, description: "One character" };
      case "string":
        return { type: "string" };
      case "list":
        if (this.#types[type.element]?.kind === "u8") return { type: "string", contentEncoding: "base64" };
        return { type: "array", items: this.#schema(type.element, `${place}[]`) };
      case "tuple":
        return {
          type: "array",
          prefixItems: type.items.map((item, at) => this.#schema(item, `${place}[${at}]`)),
          minItems: type.items.length,
          maxItems: type.items.length,
        };
      case "record":
        return this.#object(type.fields, place);
      case "enum":
        return { type: "string", enum: type.names };
      case "flags":
        return {
          type: "object",
          properties: Object.fromEntries(type.names.map((name) => [name, { type: "boolean" }])),
          additionalProperties: false,
        };
      case "option":
        return { anyOf: [{ type: "null" }, this.#optional(type.some, place)] };
      case "variant":
        return { oneOf: type.cases.map(([name, carried]) => this.#case(name, carried, place)) };
      case "result":
        return { oneOf: [this.#arm("ok", type.ok, place), this.#arm("err", type.error, place)] };
      case undefined:
      case "borrow":
      case "own":
        throw unsupported(
          `resources in the function ${place}`,
          "Resources cannot be written as JSON; export functions of plain values.",
        );
    }
  }

  #optional(inner: TypeIndex, place: string): object {
    const schema = this.#schema(inner, place);
    if (!isNullable(this.#types, inner)) return schema;
    return { type: "object", properties: { some: schema }, required: ["some"], additionalProperties: false };
  }

  #case(name: string, carried: TypeIndex | null, place: string): object {
    const tag = { const: name };
    if (carried === null) return { type: "object", properties: { tag }, required: ["tag"] };
    const properties = { tag, val: this.#schema(carried, `${place}.${name}`) };
    return { type: "object", properties, required: ["tag", "val"] };
  }

  #arm(name: "ok" | "err", carried: TypeIndex | null, place: string): object {
    const schema = carried === null ? { type: "null" } : this.#schema(carried, `${place}.${name}`);
    return { type: "object", properties: { [name]: schema }, required: [name], additionalProperties: false };
  }
}

const ranged = (minimum: number, maximum: number): object => ({ type: "integer", minimum, maximum });
const RANGED: { readonly [kind: string]: object } = {
  s8: ranged(-128, 127),
  u8: ranged(0, 255),
  s16: ranged(-32_768, 32_767),
  u16: ranged(0, 65_535),
  s32: ranged(-(2 ** 31), 2 ** 31 - 1),
  u32: ranged(0, 2 ** 32 - 1),
};
