import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ComponentRefusedError } from "./errors.ts";
import { Layouts } from "./layout.ts";
import { decomposeComponent } from "./decompose-component.ts";

const PREAMBLE = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];
const componentOf = (...sections: readonly (readonly number[])[]): Uint8Array =>
  Uint8Array.from([...PREAMBLE, ...sections.flat()]);

const section = (id: number, content: readonly number[]): number[] => {
  const { length } = content;
  return [id, (length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, length >> 14, ...content];
};

test("an empty component has nothing in it", () => {
  const { plan, modules } = decomposeComponent(componentOf());
  expect(plan).toEqual({ types: [], resources: [], instances: [], imports: [], exports: [] });
  expect(modules).toEqual([]);
});

function outcomeOf(bytes: Uint8Array): string {
  try {
    decomposeComponent(bytes);
    return "taken apart";
  } catch (error) {
    return error instanceof ComponentRefusedError ? "refused" : String(error);
  }
}

// components.linker.K2
test("any bytes behind the preamble are taken apart or refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(["taken apart", "refused"]).toContain(outcomeOf(componentOf([...bytes])));
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ["asynchronous functions", [7, 5, 1, 0x43, 0, 1, 0], /asynchronous functions \(WASI 0\.3\)/],
  ["streams", [7, 3, 1, 0x66, 0], /streams and futures/],
  ["lists of fixed length", [7, 4, 1, 0x67, 0x7d, 4], /lists of fixed length/],
  ["values", [10, 6, 1, 0, 1, 0x61, 2, 1], /values as imports/],
  ["a module from outside", [10, 7, 1, 0, 1, 0x61, 0, 0x11, 0], /an import of a whole module, "a"/],
  ["a start function", [9, 1, 1], /start function/],
  ["a type that is not there", [7, 3, 1, 0x70, 5], /no entry 5/],
])("%s are refused by name", (_what, bytes, words) => {
  expect(() => decomposeComponent(componentOf(bytes))).toThrow(words);
});

test.each([
  ["a plain name", 0x00, []],
  ["a plain name in the older encoding", 0x01, []],
  ["a name with a version suffix", 0x02, [2, 0x2e, 0x31]],
])("%s is read", (_what, form, suffix) => {
  // An import "a:b/c@0" of an instance whose function "f" is lowered to a core function.
  const named = (name: string): number[] => [form, name.length, ...Buffer.from(name), ...suffix];
  const type = section(7, [1, 0x42, 2, 0x01, 0x40, 0, 1, 0, 0x04, ...named("f"), 0x01, 0]);
  const imported = section(10, [1, ...named("a:b/c@0"), 0x05, 0]);
  const alias = section(6, [1, 0x01, 0x00, 0, 1, 0x66]);
  const lowered = section(8, [1, 0x01, 0x00, 0, 0]);
  const { plan } = decomposeComponent(componentOf(type, imported, alias, lowered));
  expect(plan.imports).toMatchObject([{ interface: "a:b/c", name: "f" }]);
});

test("a name of a form that does not exist is refused", () => {
  expect(() => decomposeComponent(componentOf([10, 6, 1, 3, 1, 0x61, 5, 0]))).toThrow(/a name of unknown form/);
});

test("types within types that double at each level are refused before they are laid out", () => {
  // Each type is a pair of the previous one, so that forty levels are a thousand billion values.
  const pairs = Array.from({ length: 40 }, (_, level) =>
    level === 0 ? [0x6f, 2, 0x7d, 0x7d] : [0x6f, 2, level - 1, level - 1],
  );
  const content = [40, ...pairs.flat()];
  const { plan } = decomposeComponent(componentOf(section(7, content)));
  expect(() => new Layouts(plan.types)).toThrow(/more than a megabyte/);
});

test("instance types within instance types are refused before they take the stack", () => {
  const content = [1, ...Array.from({ length: 5_000 }, () => [0x42, 1, 1]).flat()];
  expect(() => decomposeComponent(componentOf(section(7, content)))).toThrow(/nested too deeply/);
});

// components.linker.K1
test("components within components that double at each level are refused in time", () => {
  let inner: number[] = [...PREAMBLE];
  for (let level = 0; level < 20; level += 1) {
    inner = [...PREAMBLE, ...section(4, inner), ...section(5, [2, 0, 0, 0, 0, 0, 0])];
  }
  expect(() => decomposeComponent(Uint8Array.from(inner))).toThrow(/nested too deeply|more than 200000 definitions/);
});
