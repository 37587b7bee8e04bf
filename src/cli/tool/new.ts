import { relative, resolve } from "node:path";
import type { Command } from "commander";
import * as z from "zod";
import { act, type Context, examples, type Invocation } from "../frame/index.ts";
import { PACKAGE_DIRECTORY } from "../../kernel/package.ts";

const LANGUAGES = ["ts", "js", "as", "rust", "go", "c", "python"] as const;
type Language = (typeof LANGUAGES)[number];

/** Other names that people write. */
const ALIASES = new Map([
  ["typescript", "ts"],
  ["javascript", "js"],
  ["assemblyscript", "as"],
  ["rs", "rust"],
  ["golang", "go"],
  ["py", "python"],
]);

const Input = z.object({
  name: z.string(),
  lang: z
    .string()
    .default("ts")
    .transform((name) => ALIASES.get(name.toLowerCase()) ?? name.toLowerCase())
    .pipe(z.enum(LANGUAGES, { error: `--lang is one of ${LANGUAGES.join(", ")}` })),
  directory: z.string().optional(),
});

/** `caxton tool new` */
export function toolNew(command: Command, invocation: Invocation): void {
  command
    .summary("create a tool server project")
    .description(
      "Create a directory with a small working tool server: source, tool.toml, tests and a README. TypeScript and JavaScript need only Caxton; other languages need their own compiler.",
    )
    .argument("<name>", "name of the tool server and of the directory")
    .option("-l, --lang <language>", `${LANGUAGES.join(", ")} (default: ts)`)
    .option("--directory <path>", "target directory; default: ./<name>");
  examples(command, [
    ["caxton tool new unit-price", "in TypeScript"],
    ["caxton tool new unit-price --lang rust", ""],
  ]);
  act(command, invocation, {
    input: Input,
    formats: ["text", "json"],
    run: async (context, { name, lang, directory = name }) => {
      const { createTool } = await import("../../tools/authoring/index.ts");
      const place = resolve(directory);
      const files = await createTool({ name, language: lang, directory: place, packageDirectory: PACKAGE_DIRECTORY });
      if (context.format === "json") {
        context.terminal.write(`${JSON.stringify({ name, language: lang, directory: place, files }, undefined, 2)}\n`);
      } else printResult(context, { lang, near: relative(process.cwd(), place) || ".", files });
    },
  });
}

type Made = { readonly lang: Language; readonly near: string; readonly files: readonly string[] };

/** What has to be done once before the first build. */
const FIRST: { readonly [Name in Language]?: readonly [string, string] } = {
  as: ["npm install", "the AssemblyScript compiler"],
  python: ["python3 -m venv .venv && .venv/bin/pip install -r requirements.txt", "componentize-py"],
};

function printResult({ terminal }: Context, { lang, near, files }: Made): void {
  const { style } = terminal;
  terminal.write(`made ${style("bold", near)} with ${files.join(", ")}\n`);
  const first = FIRST[lang];
  const steps: (readonly [string, string])[] = [
    ...(near === "." ? [] : [[`cd ${near}`, ""] as const]),
    ...(first ? [first] : []),
    ["caxton tool build", "compile it and try it in the sandbox"],
    ["caxton tool test", "run tests.toml"],
  ];
  const called = steps.map(([step, meaning]) => [terminal.asCalled(step, resolve(near)), meaning] as const);
  const width = Math.max(...called.map(([step]) => step.length));
  const lines = called.map(([step, meaning]) => `  ${step.padEnd(width)}  ${style("dim", meaning)}`.trimEnd());
  terminal.write(`\nNext:\n${lines.join("\n")}\n`);
}
