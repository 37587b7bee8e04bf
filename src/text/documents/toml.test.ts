import * as fc from "fast-check";
import { stringify } from "smol-toml";
import { expect, test } from "vitest";
import { parseToml } from "./toml.ts";

// verifies("definition.hostile-text")

const parsed = (text: string) => {
  const result = parseToml(text, "x.toml");
  if (result.type === "malformed") throw new Error(JSON.stringify(result.problems));
  return result.document;
};

const complaint = (text: string): string => {
  const result = parseToml(text, "x.toml");
  if (result.type === "parsed") return "parsed";
  return result.problems.map(({ line, column, message, fix }) => `${line}:${column} ${message} | ${fix}`).join("\n");
};

test("values are found by path: keys, dotted keys, tables, arrays of tables, inline tables", () => {
  const document = parsed(
    'name = "a"\na.b = 1\n[model]\ntemperature = "hot"\n[[tools]]\nx = 1\n[[tools]]\nnme = { deep = [1, 22] }\n',
  );
  expect(document.locate(["name"])).toEqual({ line: 1, column: 8, length: 3 });
  expect(document.locate(["name"], "key")).toEqual({ line: 1, column: 1, length: 4 });
  expect(document.locate(["a", "b"])).toEqual({ line: 2, column: 7, length: 1 });
  expect(document.locate(["model", "temperature"])).toEqual({ line: 4, column: 15, length: 5 });
  expect(document.locate(["model"])).toMatchObject({ line: 3 });
  expect(document.locate(["tools", 1, "nme"], "key")).toEqual({ line: 8, column: 1, length: 3 });
  expect(document.locate(["tools", 1, "nme", "deep", 1])).toEqual({ line: 8, column: 20, length: 2 });
  expect(document.locate(["nowhere"])).toBeUndefined();
});

test("Windows line ends and a byte order mark change neither values nor places", () => {
  const document = parsed("\uFEFFname = 'a'\r\nprompt = '''\r\none\r\ntwo'''\r\n");
  expect(document.data).toEqual({ name: "a", prompt: "one\ntwo" });
  expect(document.locate(["name"])).toMatchObject({ line: 1, column: 8 });
});

test("dates are ISO strings and tables are plain objects", () => {
  const { data } = parsed("created = 2026-01-02\nat = 2026-01-02T03:04:05Z\n[a]\nb = 1\n");
  expect(data).toEqual({ created: "2026-01-02", at: "2026-01-02T03:04:05.000Z", a: { b: 1 } });
  expect(Object.getPrototypeOf(data["a"])).toBe(Object.prototype);
});

test("syntax errors say what is wrong and what to write", () => {
  expect(complaint('a = 1\nname = "writer\nb = 2\n')).toBe(
    '2:8 this string is not closed on its line | Close it, or use """ … """ for text of several lines.',
  );
  expect(complaint("name = writer\n")).toBe('1:8 text must be in quotes | Write "writer".');
  expect(complaint("version = 1.0.0\n")).toBe('1:11 text must be in quotes | Write "1.0.0".');
  expect(complaint("waits = [5, 30s] # at most\n")).toBe('1:13 text must be in quotes | Write "30s".');
  expect(complaint("name: writer\n")).toContain("TOML uses = between a key and its value, not : | Write name = writer");
  expect(complaint("on = True\n")).toBe("1:6 booleans are lower case | Write true.");
  expect(complaint("x = null\n")).toBe("1:5 TOML has no null | Leave the key out instead.");
  expect(complaint("x = \n")).toContain("the value is missing");
  expect(complaint("x = “hi”\n")).toContain("typographic quotes");
  expect(complaint('x = "C:\\q"\n')).toContain("starts no known escape");
  expect(complaint("[a\nb = 1\n")).toContain("1:1 this table header is not closed | Write [a]");
  expect(complaint("a = 1\na = 2\n")).toContain("2:1 this is already defined on line 1");
  expect(complaint("a = '''\nlong\n")).toContain("this string is never closed");
  expect(complaint("__proto__ = 1\n")).toContain("__proto__ is not allowed");
});

const deep = (depth: number) => `a = ${"[".repeat(depth)}${"]".repeat(depth)}\n`;
const keys = (count: number) => Array.from({ length: count }, (_, index) => `k${index} = 1\n`).join("");

test("what is too much is refused before it is parsed, with its place", () => {
  expect(complaint(deep(62))).toBe("parsed");
  expect(complaint(deep(65))).toBe("1:69 nested deeper than 64 levels | Flatten it.");
  expect(complaint(`b = 1\n${"a.".repeat(64)}a = 1\n`)).toBe("2:128 this key has more than 64 parts | Flatten it.");
  expect(complaint(keys(2_000))).toBe("parsed");
  expect(complaint(keys(2_001))).toContain("2001:7 more than 2000 keys and tables");
  expect(complaint(`a = [${"1,".repeat(10_001)}]\n`)).toContain("more than 10000 values");
  expect(complaint(`a = "${"a".repeat(262_144)}"\n`)).toContain("more than 262144 characters");
});

test("strings and comments hold no keys, values or brackets", () => {
  const text = `[[{"a.b" = 1, 'c' = 2}]] # [[[[ = , .`.repeat(1_500);
  expect(complaint(`a = """${text}\\\\"""\nb = '''${text}'''\n# ${text}\nc = '\\'\nd = "\\""\n`)).toBe("parsed");
});

const key = fc.stringMatching(/^[a-z][a-z_-]{0,6}$/);
const scalar = fc.oneof(fc.string({ unit: "binary", maxLength: 20 }), fc.integer(), fc.boolean());
const table = fc.dictionary(
  key,
  fc.oneof(
    scalar,
    fc.array(scalar, { maxLength: 3 }),
    fc.dictionary(key, scalar, { noNullPrototype: true, maxKeys: 4 }),
  ),
  { noNullPrototype: true },
);

test("whatever TOML can hold is read back, and every value is located", () => {
  fc.assert(
    fc.property(table, (data) => {
      const document = parsed(stringify(data));
      expect(document.data).toEqual(data);
      const paths = Object.entries(data).flatMap(([name, value]) => [
        [name],
        ...(Array.isArray(value) ? [...value.keys()].map((index) => [name, index]) : []),
      ]);
      expect(paths.filter((path) => document.locate(path) === undefined)).toEqual([]);
    }),
  );
});

test("no text makes the reader throw", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", "=", "[", "]", '"', "'", "\n", "{", "}", ",", ".", "1", " ", "#", "\\") }),
      (text) => {
        expect(parseToml(text, "x.toml").problems.length).toBeLessThanOrEqual(1);
      },
    ),
  );
});
