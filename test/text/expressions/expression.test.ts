import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileExpression, ExpressionInvalidError } from "../../../src/text/expressions/index.ts";
import { toFault } from "../../../src/kernel/errors.ts";
import type { Json, JsonObject } from "../../../src/kernel/json.ts";
import { anyJson } from "../../helpers/messages.ts";

const message: JsonObject = {
  performative: "inform",
  sender: "shop",
  content: {
    price: 99.5,
    tags: ["new", "red"],
    seats: [
      { row: 1, free: true },
      { row: 2, free: false },
    ],
    name: "Chair",
  },
};
const bid: JsonObject = { cost: 3, seconds: 10, agent: "writer" };
const compile = (source: string) => compileExpression(source, { variables: ["message", "bid"] });
const evaluate = (source: string, values: JsonObject = { message, bid }) => compile(source).evaluate(values);
const valueOf = (source: string): Json => {
  const outcome = evaluate(source);
  if (outcome.type === "failed") throw new Error(outcome.reason);
  return outcome.value;
};
function refused(source: string) {
  try {
    compile(source);
  } catch (error) {
    if (error instanceof ExpressionInvalidError) return toFault(error);
    throw error;
  }
  throw new Error(`${source} compiled`);
}

test.for<[string, Json]>([
  ["message.content.price < 100 && message.performative == 'inform'", true],
  ["bid.cost * 2 + bid.seconds", 16],
  ["7 / 2", 3.5],
  ["-bid.cost + 10 % 4", -1],
  ["'red' in message.content.tags && 'price' in message.content", true],
  ["message.content['price'] >= 99.5 ? 'dear' : 'cheap'", "dear"],
  ["message.content.tags[0] + '-' + message.content.tags[1]", "new-red"],
  ["[1, 2] + [3]", [1, 2, 3]],
  ["{'a': bid.cost}.a", 3],
  ["{'a': [1, {'b': null}]} == {'a': [1, {'b': null}]}", true],
  ["size(message.content.tags) + 'abc'.size() + size({'a': 1})", 6],
  ["message.content.name.lowerAscii().contains('hair') && 'ab'.startsWith('a') && 'ab'.endsWith('b')", true],
  ["message.sender.matches('^sh(o|a)p$')", true],
  ["message.content.seats.exists(s, s.free && s.row == 1)", true],
  ["message.content.seats.all(s, s.row > 0)", true],
  ["message.content.seats.exists_one(s, s.free)", true],
  ["message.content.seats.filter(s, s.free).map(s, s.row)", [1]],
  ["message.content.seats.map(s, s.row > 1, s.row * 10)", [20]],
  [
    "[1, 2].map(x, [10, 20].map(y, x + y))",
    [
      [11, 21],
      [12, 22],
    ],
  ],
  ["{'b': 1, 'a': 2}.all(k, k < 'c')", true],
  ["has(message.content.price) && !has(message.content.weight) && !has(message.nothing.at.all)", true],
  ["int('42') + int(1.9) + double('0.5')", 43.5],
  ["string(1) + string(true) + ' x '.trim()", "1truex"],
  ["null == message.content.missing || true", true],
  ["1 == 1.0 && 1 != '1'", true],
])("%s", ([source, value]) => {
  expect(valueOf(source)).toEqual(value);
});

// subscriptions.S2
describe("an evaluation that fails says why and where, and a test of it is false", () => {
  test.for([
    ["message.content.weight > 3", "there is no weight", 17],
    ["message.content.name > 3", "> does not go with text and a number", 1],
    ["1 / 0", "/ gave no number", 1],
    ["message.content.tags[7]", "there is no [7]", 1],
    ["bid.agent && true", "&& needs true or false, not text", 1],
    ["message.constructor", "there is no constructor", 9],
    ["message.__proto__", "there is no __proto__", 9],
  ] as const)("%s", ([source, reason, column]) => {
    expect(evaluate(source)).toMatchObject({ type: "failed", reason });
    expect(evaluate(source)).toHaveProperty("column", column);
    expect(compile(source).test({ message, bid })).toBe(false);
  });

  test("a variable without a value is null, also one named like what every object has", () => {
    const expression = compileExpression("toString == null", { variables: ["toString"] });
    expect(expression.test({})).toBe(true);
  });
});

describe("an expression that is wrong is refused with line, column, a mark and a fix", () => {
  test.for([
    ["message.content.price <", "line 1, column 24", ""],
    ["messag.sender == 'a'", "there is no messag", "There are message, bid."],
    ["\n  nope", "line 2, column 3: there is no nope\n  nope\n  ^", "There are message, bid."],
    ["bid.cost.sqrt()", "there is no function sqrt", "There are size"],
    ["'a'.contains()", "contains takes 2 values", "Write x.contains(y)."],
    ["'a'.matches('(')", "the pattern is wrong at its character", "no references back"],
    [String.raw`'a'.matches('(a)\\1')`, "the pattern is wrong", "no references back"],
    ["'a'.matches(bid.agent)", "matches takes one pattern, written out", "'^a+$'"],
    ["[1].all(1, true)", "", ""],
    ["b'bytes' == 1", "bytes and unsigned numbers are not taken", "JSON"],
    ["", "line 1, column 1", "CEL"],
  ] as const)("%s", ([source, why, fix]) => {
    const fault = refused(source);
    expect(fault.message).toContain(why);
    expect(fault.hint).toContain(fix);
  });

  test("one that is too long, too deep or too large", () => {
    expect(refused("1 + ".repeat(600)).message).toContain("at most 2000 characters");
    expect(refused(`${"(".repeat(500)}1${")".repeat(500)}`).code).toBe("EXPRESSION_INVALID");
    expect(refused(`[${"1,".repeat(400)}1]`).code).toBe("EXPRESSION_INVALID");
    expect(valueOf(`${"!".repeat(400)}true`)).toBe(true);
  });
});

describe("what an evaluation costs is bounded", () => {
  const numbers = Array.from({ length: 20_000 }, (_, index) => index);
  const large: JsonObject = {
    message: {
      list: numbers,
      text: "a".repeat(500_000),
      map: Object.fromEntries(numbers.map((number) => [`k${number}`, numbers])),
    },
  };
  test.for([
    "message.list.all(x, message.list.all(y, y >= 0))",
    "message.list.all(x, message.list.all(y, message.list.all(z, true)))",
    "message.list.all(x, size(message.map) > 0)",
    "message.list.all(x, message.map.exists(y, true))",
    "message.list.all(x, message.map == message.map.map(k, k) || true)",
    "message.list.all(x, -1 in message.list || true)",
    "message.list.map(x, message.list.map(y, message.map[message.list] == 1 || true))",
    "message.list.all(x, message.text.contains('b') || true)",
    "message.list.all(x, message.text.matches('(a|a)*b') || true)",
    "message.list.map(x, message.list + message.list)",
    "message.list.map(x, message.text + message.text)",
    `message.text${" + message.text".repeat(100)}`,
  ])("%s", (source) => {
    const startMs = performance.now();
    expect(evaluate(source, large)).toMatchObject({ type: "failed" });
    // Far above what it takes and far below what the work would take.
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });
});

describe("whatever comes", () => {
  const pieces = fc.constantFrom(
    "message",
    "bid",
    ".a",
    "[0]",
    "['a']",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "'x'",
    '"',
    "1",
    "1.5",
    "true",
    "null",
    "+",
    "-",
    "*",
    "/",
    "%",
    "==",
    "<",
    "&&",
    "||",
    "!",
    "?",
    ":",
    ",",
    " in ",
    ".size()",
    ".all(x, x)",
    ".map(x, x)",
    "has(message.a)",
    ".matches('a*')",
    "\\",
    "\n",
  );
  const source = fc.oneof(
    fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join("")),
    fc.string(),
    fc.string({ unit: "binary" }),
  );

  test("a source compiles or is refused, and what compiles evaluates to a value or says why not", () => {
    let compiled = 0;
    fc.assert(
      fc.property(source, anyJson, (text, value) => {
        try {
          const expression = compile(text);
          compiled += 1;
          const outcome = expression.evaluate({ message: value, bid: { a: value } });
          expect(["value", "failed"]).toContain(outcome.type);
          expect(JSON.parse(JSON.stringify(outcome))).toEqual(outcome);
        } catch (error) {
          if (!(error instanceof ExpressionInvalidError)) throw error;
        }
      }),
      { numRuns: 2_000 },
    );
    expect(compiled).toBeGreaterThan(20);
  });

  test("any JSON equals itself, is in a list of itself, and is what its literal says", () => {
    fc.assert(
      fc.property(anyJson, anyJson, (one, other) => {
        const values = { message: one, bid: other };
        expect(evaluate("message == message && message in [message]", values)).toEqual({ type: "value", value: true });
        expect(evaluate("(message == bid) == (bid == message)", values)).toEqual({ type: "value", value: true });
      }),
    );
  });

  test("numbers reckon as in JSON", () => {
    const number = fc.integer({ min: -1e6, max: 1e6 });
    fc.assert(
      fc.property(number, number, (one, other) => {
        const values = { message: one, bid: other };
        const expected = [one + other, one - other, one * other, one < other, one >= other];
        expect(
          evaluate("[message + bid, message - bid, message * bid, message < bid, message >= bid]", values),
        ).toEqual({
          type: "value",
          value: expected,
        });
      }),
    );
  });
});
