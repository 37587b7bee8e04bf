import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Json, JsonObject } from "../../../kernel/json.ts";
import { PromptRenderError } from "../errors.ts";
import { liquidTemplate } from "./liquid.ts";
import {
  BUILT_IN_VARIABLES,
  compilePrompt,
  fillSystemPrompt,
  inspectTemplate,
  type PromptVariables,
} from "./prompt.ts";
import { parseTemplate } from "./template.ts";

// verifies("definition.prompt-template", "definition.prompt-data")

const RUN: PromptVariables = { request: "Hello", agent_name: "writer", timestamp: "2026-11-20T10:00:00Z", files: [] };
const FILES = [
  { name: "sales.csv", mediaType: "text/csv; charset=utf-8", bytes: 1204 },
  { name: "notes.txt", mediaType: "text/plain", bytes: 9 },
];

const render = (template: string, parameters: JsonObject = {}, over: Partial<PromptVariables> = {}): string =>
  compilePrompt(template, parameters)({ ...RUN, ...over });

const faults = (template: string, parameters: readonly string[] = []) =>
  inspectTemplate(template, parameters).findings.map(
    ({ code, snippet, offset, message }) => `${offset} ${code} ${snippet}: ${message}`,
  );

test("variables are filled in: built in, parameters, parts of tables, lists", () => {
  expect(render("{{request}} from {{ agent_name }} at {{timestamp}}")).toBe(
    "Hello from writer at 2026-11-20T10:00:00Z",
  );
  expect(
    render("{{a}}|{{b}}|{{c.d}}|{{e}}|{{f}}", { a: 1.5, b: true, c: { d: "x" }, e: ["p", "q"], f: { g: 1 } }),
  ).toBe('1.5|true|x|p, q|{"g":1}');
  expect(render("no variables")).toBe("no variables");
});

test("what a run does not give is empty, and so are its parts", () => {
  expect(render("[{{context}}][{{user_info.name}}]")).toBe("[][]");
  expect(render("{% if context %}yes{% else %}no{% endif %}[{{user_info.name}}]")).toBe("no[]");
  expect(render("{% if context %}yes{% else %}no{% endif %}", {}, { context: "" })).toBe("no");
  expect(render("{% if context %}yes{% endif %}", {}, { context: "x" })).toBe("yes");
});

test("a part that a given value does not have is an error that names it", () => {
  for (const template of ["{{user_info.nme}}", "{% if true %}{{user_info.nme}}{% endif %}"])
    expect(() => render(template, {}, { user_info: { name: "x" } })).toThrow(/user_info\.nme/);
});

test("what comes with a run is never read as a template", () => {
  const hostile = "{{agent_name}} {% for i in (1..9) %}x{% endfor %} {{ 7 | times: 7 }}";
  expect(render("{{request}}", {}, { request: hostile })).toBe(hostile);
  expect(render("{% if true %}{{request}}{% endif %}", {}, { request: hostile })).toBe(hostile);
});

test("prototypes cannot be reached", () => {
  for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
    expect(() => render(`{{p.${name}}}`, { p: {} })).toThrow(PromptRenderError);
    expect(() => render(`{% if true %}{{p.${name}}}{% endif %}`, { p: {} })).toThrow(PromptRenderError);
    expect(faults(`{{${name}}}`)).toHaveLength(1);
  }
});

test("conditions, loops and filters work as in Liquid", () => {
  expect(render("{% for t in tags %}<{{t | upcase}}>{% endfor %}", { tags: ["a", "b"] })).toBe("<A><B>");
  expect(render("{% for f in files %}{{f.path}} {{f.bytes}};{% endfor %}{{files.size}}", {}, { files: FILES })).toBe(
    "uploads/sales.csv 1204;uploads/notes.txt 9;2",
  );
  expect(render("{{files.size}}", {}, { files: FILES })).toContain("2");
  expect(render("{% raw %}{{request}}{% endraw %}")).toBe("{{request}}");
  expect(render('{"a": {"b": 1}} {{request}}')).toBe('{"a": {"b": 1}} Hello');
});

test("attached files are listed where the template says, or else at the end", () => {
  const list = "- uploads/sales.csv (text/csv, 1204 bytes)\n- uploads/notes.txt (text/plain, 9 bytes)";
  expect(render("Files:\n{{files}}\n{{request}}", {}, { files: FILES })).toBe(`Files:\n${list}\nHello`);
  expect(render("{{request}}", {}, { files: FILES })).toBe(`Hello\n\nAttached files:\n${list}`);
  expect(render("{{request}}{% if files %}\n{{files}}{% endif %}", {}, { files: FILES })).toBe(`Hello\n${list}`);
  expect(render("{{request}}{% if files %}\n{{files}}{% endif %}")).toBe("Hello");
});

test("a template that runs away is stopped", () => {
  const long = "x".repeat(100_000);
  expect(() => render("{{request}}".repeat(50), {}, { request: long })).toThrow(/longer than 4000000/);
  expect(() => render("{% for i in (1..100000000) %}x{% endfor %}")).toThrow(PromptRenderError);
  expect(() => render("{% for i in (1..1000000) %}{{request}}{% endfor %}", {}, { request: long })).toThrow(
    PromptRenderError,
  );
});

test("a prompt is refused for the work that it takes, not for the time that a busy machine needs", () => {
  const rows = Array.from({ length: 2_000 }, (_, row) => row);
  const loop = "{% for row in rows %}{% assign twice = row %}{{ twice | upcase }},{% endfor %}";
  expect(render(loop, { rows }).split(",")).toHaveLength(rows.length + 1);
  const nested = "{% for i in (1..300) %}{% for j in (1..150) %}{% if i == j %}x{% endif %}{% endfor %}{% endfor %}";
  expect(() => render(nested)).toThrow("renders more than 10000 tags and texts");
});

test("faults say what is wrong, where, and what there is instead", () => {
  expect(faults("Dear {{reqest}}, {{x}} {{tone}}", ["tone"])).toEqual([
    "5 UNKNOWN_VARIABLE {{reqest}}: there is no variable reqest; did you mean request?",
    "17 UNKNOWN_VARIABLE {{x}}: there is no variable x",
  ]);
  expect(faults("ok\n {% if reqest %}{{request}}{% endif %}")).toEqual([
    "10 UNKNOWN_VARIABLE reqest: there is no variable reqest; did you mean request?",
  ]);
  expect(faults("a {% include 'x' %}")).toEqual(["2 TEMPLATE_SYNTAX {% include 'x' %}: templates have no tag include"]);
  expect(faults("{{request | shell}}")).toEqual([
    "0 TEMPLATE_SYNTAX {{request | shell}}: templates have no filter shell",
  ]);
  expect(faults("a {{request")).toEqual(["2 TEMPLATE_SYNTAX {{request: {{request is not closed"]);
  expect(faults("{% if request %}x")).toEqual(["0 TEMPLATE_SYNTAX {% if request %}: {% if request %} is not closed"]);
  expect(faults('{{"a": 1}}')[0]).toContain("TEMPLATE_SYNTAX");
  expect(faults("{% for t in request %}{{t}}{{forloop.index}}{% endfor %}{% assign z = 1 %}{{z}}")).toEqual([]);
  expect(faults("{{ request}} {%  render 'a' %}")).toHaveLength(1);
});

test("a system prompt has its parameters filled in and nothing else touched", () => {
  const text = "{{agent_name}} speaks {{ language }}. {{request}} {% if x %} ${{ y }} {{missing}}";
  expect(fillSystemPrompt(text, "writer", { language: "French" })).toBe(
    "writer speaks French. {{request}} {% if x %} ${{ y }} {{missing}}",
  );
  expect(fillSystemPrompt("{{toString}} {{a}}", "w", { a: "$& $1" })).toBe("{{toString}} $& $1");
});

const name = fc.constantFrom(...BUILT_IN_VARIABLES.filter((variable) => variable !== "files"), "tone", "limit");
const piece = fc.oneof(
  name.map((variable) => `{{${variable}}}`),
  name.map((variable) => `{{ ${variable} }}`),
  fc.string({ unit: fc.constantFrom("a", " ", "\n", "}", "é", "%", "'"), maxLength: 6 }),
);
const given = fc.string({ unit: fc.constantFrom("a", "{", "}", "%", " ", "\n", "$"), maxLength: 8 });

test("the fast way and Liquid agree on every template of variables", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), given, given, (pieces, request, tone) => {
      const source = pieces.join("");
      const values = new Map<string, Json>(BUILT_IN_VARIABLES.map((variable) => [variable, null]));
      values.set("request", request).set("tone", tone).set("limit", 7);
      const fast = parseTemplate(source);
      const slow = liquidTemplate(source);
      if (fast.type === "broken" || slow.type === "broken") throw new Error(`broken: ${source}`);
      expect(fast.template.render(values)).toBe(slow.template.render(values));
      expect(fast.template.usages.map((usage) => usage.name).toSorted()).toEqual(
        slow.template.usages.map((usage) => usage.name).toSorted(),
      );
    }),
  );
});

test("no text makes the inspection throw", () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom(
          "{{",
          "}}",
          "{%",
          "%}",
          "a",
          "if",
          "for",
          " ",
          "|",
          ".",
          "-",
          "'",
          "\n",
          "endif",
          "raw",
          "assign",
          "=",
        ),
        maxLength: 14,
      }),
      (source) => {
        const { findings } = inspectTemplate(source, []);
        expect(findings.every(({ offset }) => offset >= 0 && offset <= source.length)).toBe(true);
      },
    ),
    { numRuns: 400 },
  );
});

test("the length of a tag is that to its real end, and text that is taken as it stands counts for none", () => {
  const long = `{% if a == '}'${" or a == 'xyz'".repeat(20_000)} %}x{% endif %}`;
  const { user, system } = process.cpuUsage();
  expect(inspectTemplate(long, []).findings).toMatchObject([{ message: expect.stringContaining("longer than") }]);
  const spent = process.cpuUsage({ user, system });
  expect(spent.user + spent.system).toBeLessThan(200_000);
  const text = "words ".repeat(500);
  for (const fine of [
    `{% raw %}{{ ${text}{% endraw %}`,
    `{% comment %}{% ${text}{% endcomment %}`,
    `{{ request }} ${text} {`,
  ])
    expect(inspectTemplate(fine, []).findings.filter(({ message }) => message.includes("longer"))).toEqual([]);
});
