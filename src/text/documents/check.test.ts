import { expect, test } from "vitest";
import * as z from "zod";
import { checkAgainst } from "./check.ts";
import { durationText, SizeText } from "./scalars.ts";
import { parseToml } from "./toml.ts";
import { parseYaml } from "./yaml.ts";

// verifies("definition.unknown-key")

const Schema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z]+$/, { error: "use lower-case letters" })
    .meta({ examples: ["writer"] }),
  tags: z.array(z.string().min(1)).min(1).optional(),
  level: z.enum(["low", "middle", "high"]).default("low"),
  model: z
    .union([
      z.string(),
      z.strictObject({
        model: z.string(),
        temperature: z.number().min(0).max(2).optional(),
        timeout: durationText().optional(),
      }),
    ])
    .optional(),
  extra: z
    .record(
      z.string().regex(/^[a-z]+$/, { error: "use lower-case keys" }),
      z.strictObject({ size: SizeText.optional(), depth: z.int().optional() }),
    )
    .optional(),
});

const complaints = (text: string, parse = parseToml): readonly string[] => {
  const result = parse(text, "x.toml");
  if (result.type === "malformed") throw new Error("malformed");
  const checked = checkAgainst(result.document, Schema);
  if (checked.type === "valid") return [];
  return checked.problems.map(
    ({ line, column, code, path, message, fix }) => `${line}:${column} ${code} ${path}: ${message} | ${fix}`,
  );
};

test("a right document gives its value", () => {
  const result = parseToml('name = "writer"\n[model]\nmodel = "x"\ntimeout = "5m"\n', "x.toml");
  if (result.type === "malformed") throw new Error("malformed");
  expect(checkAgainst(result.document, Schema)).toEqual({
    type: "valid",
    value: { name: "writer", level: "low", model: { model: "x", timeout: 300_000 } },
  });
});

test("every problem is reported, in reading order, with its place", () => {
  expect(
    complaints(
      'nam = "x"\ntags = []\nlevel = "hihg"\n\n[model]\ntemperature = "hot"\ntemprature = 1\n\n[extra.b]\nsize = "big"\ndepth = 1.5\n',
    ),
  ).toEqual([
    '1:1 UNKNOWN_KEY nam: there is no key "nam"; did you mean name? | Write name, or remove the line.',
    "2:8 OUT_OF_RANGE tags: expected at least 1 entry, got 0 | Correct the value of tags.",
    '3:9 NOT_ALLOWED level: "hihg" is not one of the values allowed here | Use one of: high, low, middle.',
    "5:2 MISSING_KEY model.model: model is missing | Add model.",
    '6:15 WRONG_TYPE model.temperature: expected a number, got "hot" | Correct the value of temperature.',
    '7:1 UNKNOWN_KEY model.temprature: there is no key "temprature" in model; did you mean temperature? | Write temperature, or remove the line.',
    '10:8 WRONG_TYPE extra.b.size: expected a size such as "10MB" or "256MiB", or a whole number of bytes | Write for example: size = "10MB"',
    "11:9 WRONG_TYPE extra.b.depth: expected a whole number, got 1.5 | Correct the value of depth.",
  ]);
});

test("an entry of a list gets the example of the list, and a boolean its two values", () => {
  const schema = z.strictObject({
    tools: z
      .array(z.string().min(2))
      .meta({ examples: [["state", "csv_parser"]] })
      .optional(),
    enabled: z.boolean().optional(),
  });
  const result = parseToml('tools = [""]\nenabled = "yes"\n', "x.toml");
  if (result.type === "malformed") throw new Error("malformed");
  const checked = checkAgainst(result.document, schema);
  expect(checked.type === "invalid" && checked.problems.map(({ message, fix }) => [message, fix])).toEqual([
    ["expected at least 2 characters, got 0", 'Write for example: tools = ["state", "csv_parser"]'],
    ['expected true or false, got "yes"', "Use one of: true, false."],
  ]);
});

test("a value that fits no branch of a union is reported with all of them", () => {
  expect(complaints('name = "x"\nmodel = 3\n')).toEqual([
    "2:9 WRONG_TYPE model: expected text or a table, got 3 | Correct the value of model.",
  ]);
});

test("the schema's own words win, for keys too", () => {
  expect(complaints('name = "X"\n[extra.B]\n')).toEqual([
    '1:8 BAD_FORMAT name: use lower-case letters | Write for example: name = "writer"',
    "2:8 BAD_FORMAT extra.B: use lower-case keys | Correct the value of B.",
  ]);
});

test("YAML gets YAML in its fixes", () => {
  expect(complaints("level: low\n", parseYaml)).toEqual([
    '1:1 MISSING_KEY name: name is missing | Add for example: name: "writer"',
  ]);
});

test("an unknown key without similar names is reported with the known keys", () => {
  expect(complaints('name = "x"\nzzz = 1\n')[0]).toContain(
    "Remove it, or use one of: extra, level, model, name, tags.",
  );
});

test("a key in the wrong table is reported with its location", () => {
  expect(complaints('name = "x"\ntemperature = 1\n[model]\nmodel = "x"\nlevel = "low"\n')).toEqual([
    '2:1 UNKNOWN_KEY temperature: there is no key "temperature"; it belongs to model | Write it as model.temperature.',
    '5:1 UNKNOWN_KEY model.level: there is no key "level" in model; it belongs to the file, not to a table | Move level above the first [table] of the file.',
  ]);
});
