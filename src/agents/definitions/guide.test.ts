import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { renderProblem } from "../../text/documents/index.ts";
import { TEMPLATES } from "./catalogue.ts";
import { LIQUID_FILTERS, LIQUID_TAGS } from "./prompts/liquid.ts";
import { BUILT_IN_VARIABLES } from "./prompts/prompt.ts";
import { readDefinition } from "./reading.ts";

const guide = readFileSync(new URL("../../../docs/guides/agents.md", import.meta.url), "utf8");
const knownTools = () =>
  ["csv_parser", "csv_parser.group", "chart_generator", "chart_generator.bar", "file_system"].concat(
    "file_system.read_file",
    "file_system.search_files",
    "text_tools.search",
  );

type Example = { readonly fileName: string; readonly source: string; readonly shown: string };
const FENCE = /```(?:toml|markdown|yaml) (\S+)\n((?:(?!```)[\s\S])*)```(?:\n\n```text\n((?:(?!```)[\s\S])*)```)?/g;
const examples = [...guide.matchAll(FENCE)].map(([, fileName = "", source = "", shown = ""]): Example => ({
  fileName,
  source,
  shown,
}));

test("the guide has examples of definitions and of their problems", () => {
  expect(examples.length).toBeGreaterThan(6);
  expect(examples.filter(({ shown }) => shown !== "").length).toBeGreaterThan(3);
});

test.each(examples)("the guide shows what is said about $fileName", ({ fileName, source, shown }) => {
  const { problems } = readDefinition(source, fileName, { knownTools });
  const rendered = problems.map((problem) => renderProblem(problem, source, { colour: false })).join("\n\n");
  expect(rendered).toBe(shown.trimEnd());
});

test("the guide names every template, variable, tag and filter", () => {
  const words = [...TEMPLATES.map(({ name }) => name), ...BUILT_IN_VARIABLES, ...LIQUID_TAGS, ...LIQUID_FILTERS];
  expect(words.filter((word) => !guide.includes(`\`${word}\``))).toEqual([]);
});
