import * as fc from "fast-check";
import { expect, test } from "vitest";
import { GuestMemory } from "../wasi/index.ts";
import { type Canon, CanonFault } from "./canon.ts";
import { Handles } from "./handles.ts";
import { JsonValues } from "./json-values.ts";
import { Layouts } from "./layout.ts";
import { Lift } from "./lift.ts";
import { Lower } from "./lower.ts";
import type { Encoding, TypeIndex, ValueType } from "./plan.ts";
import { Types } from "./type-reader.ts";

/** A type, described without numbers, and a value of it. */
type Shape =
  | { readonly kind: ValueType["kind"]; readonly parts: readonly Shape[] }
  | { readonly kind: "u8list"; readonly parts: readonly [] };

const SCALARS = ["bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f64", "char", "string"] as const;
const { shape } = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    fc.constantFrom(...SCALARS).map((kind): Shape => ({ kind, parts: [] })),
    fc.constantFrom("enum" as const, "flags" as const, "u8list" as const).map((kind): Shape => ({ kind, parts: [] })),
    fc.record({
      kind: fc.constantFrom("record" as const, "tuple" as const, "variant" as const),
      parts: fc.array(tie("shape"), { minLength: 1, maxLength: 4 }),
    }),
    fc.record({ kind: fc.constantFrom("list" as const, "option" as const), parts: fc.tuple(tie("shape")) }),
    fc.record({ kind: fc.constant("result" as const), parts: fc.tuple(tie("shape"), tie("shape")) }),
  ),
}));

const NAMES = ["one", "two", "three", "four"];
const named = <Value>(values: readonly Value[]) => values.map((value, place) => [NAMES[place] ?? "", value] as const);

function define(types: Types, { kind, parts }: Shape): TypeIndex {
  const [first = 0, second = 0] = parts.map((part) => define(types, part));
  const all = parts.map((part) => define(types, part));
  switch (kind) {
    case "u8list":
      return types.add({ kind: "list", element: types.add({ kind: "u8" }) });
    case "list":
      return types.add({ kind, element: first });
    case "option":
      return types.add({ kind, some: first });
    case "result":
      return types.add({ kind, ok: first, error: second });
    case "record":
      return types.add({ kind, fields: named(all) });
    case "tuple":
      return types.add({ kind, items: all });
    case "variant":
      return types.add({ kind, cases: [...named(all), ["none", null]] });
    case "enum":
    case "flags":
      return types.add({ kind, names: NAMES });
    case "own":
    case "borrow":
      throw new Error("no value");
    case "bool":
    case "char":
    case "f32":
    case "f64":
    case "s16":
    case "s32":
    case "s64":
    case "s8":
    case "string":
    case "u16":
    case "u32":
    case "u64":
    case "u8":
      return types.add({ kind });
  }
}

const integer = (min: number, max: number) => fc.integer({ min, max });
const SCALAR_VALUES: { readonly [kind: string]: fc.Arbitrary<unknown> } = {
  bool: fc.boolean(),
  s8: integer(-128, 127),
  u8: integer(0, 255),
  s16: integer(-32_768, 32_767),
  u16: integer(0, 65_535),
  s32: integer(-(2 ** 31), 2 ** 31 - 1),
  u32: integer(0, 2 ** 32 - 1),
  s64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  f64: fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
  char: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  string: fc.string({ unit: "binary", maxLength: 8 }),
  u8list: fc.uint8Array({ maxLength: 8 }),
  enum: fc.constantFrom(...NAMES),
  flags: fc.subarray(NAMES),
};

const tagged = (tag: string, value: fc.Arbitrary<unknown>) => value.map((inner) => ({ tag, value: inner }));

function valueOf({ kind, parts }: Shape): fc.Arbitrary<unknown> {
  const [first = fc.constant(null), second = fc.constant(null)] = parts.map(valueOf);
  const all = parts.map(valueOf);
  switch (kind) {
    case "list": {
      const isBytes = parts[0]?.kind === "u8";
      return isBytes ? fc.uint8Array({ maxLength: 4 }) : fc.array(first, { maxLength: 4 });
    }
    case "option":
      return fc.oneof(fc.constant({ tag: "none", value: undefined }), tagged("some", first));
    case "result":
      return fc.oneof(tagged("ok", first), tagged("err", second));
    case "record":
      return fc.record(Object.fromEntries(named(all)), { noNullPrototype: true });
    case "tuple":
      return fc.tuple(...all);
    case "variant":
      return fc.oneof(
        fc.constant({ tag: "none", value: undefined }),
        ...named(all).map(([tag, value]) => tagged(tag, value)),
      );
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
    case "u8list":
      return SCALAR_VALUES[kind] ?? fc.constant(null);
  }
}

const pair = shape.chain((each) => valueOf(each).map((value) => ({ each, value })));

function canonOf(types: Types, encoding: Encoding): Canon {
  const memory = new GuestMemory();
  memory.bind(new WebAssembly.Memory({ initial: 4 }));
  memory.enter();
  let top = 8;
  const allocate = (bytes: number, align: number): Promise<number> => {
    const at = Math.ceil(top / align) * align;
    top = at + bytes;
    return Promise.resolve(at);
  };
  const layouts = new Layouts(types.all);
  return { layouts, handles: new Handles(), memory, encoding, charge: () => {}, allocate };
}

const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? `${each}n` : each)));

test.each(["utf8", "utf16", "latin1+utf16"] as const)(
  "values read from memory equal the values written (%s)",
  (encoding) =>
    fc.assert(
      fc.asyncProperty(pair, async ({ each, value }) => {
        const types = new Types();
        const type = define(types, each);
        const canon = canonOf(types, encoding);
        const { size, align } = canon.layouts.of(type);
        const at = await canon.allocate(size, align);
        await new Lower(canon).store(type, value, at);
        expect(plain(new Lift(canon).load(type, at))).toEqual(plain(value));
      }),
    ),
);

test("what is passed as parameters is what is taken from them, spilled into memory or not", () =>
  fc.assert(
    fc.asyncProperty(fc.array(pair, { minLength: 1, maxLength: 5 }), async (given) => {
      const types = new Types();
      const numbers = given.map(({ each }) => define(types, each));
      const values = given.map(({ value }) => value);
      const canon = canonOf(types, "utf8");
      const core = await new Lower(canon).parameters(numbers, values);
      expect(plain(new Lift(canon).parameters(numbers, core))).toEqual(plain(values));
    }),
  ));

test("what is written as JSON is read as the same value", () =>
  fc.assert(
    fc.property(pair, ({ each, value }) => {
      const types = new Types();
      const type = define(types, each);
      const json = new JsonValues(types.all);
      const text = JSON.stringify(json.write(type, value));
      expect(plain(json.read(type, JSON.parse(text), "it"))).toEqual(plain(value));
    }),
  ));

function outcomeOf(lift: () => unknown): string {
  try {
    lift();
    return "lifted";
  } catch (error) {
    return error instanceof CanonFault ? "refused" : String(error);
  }
}

test("no bytes of a memory make lifting do more than refuse", () =>
  fc.assert(
    fc.property(pair, fc.uint8Array({ minLength: 64, maxLength: 64 }), ({ each }, bytes) => {
      const types = new Types();
      const type = define(types, each);
      const canon = canonOf(types, "utf8");
      canon.memory.slice(64, bytes.length)?.set(bytes);
      expect(["lifted", "refused"]).toContain(outcomeOf(() => new Lift(canon).load(type, 64)));
    }),
  ));
