/**
 * A new project of each language, with tools that ask the server for something: the functions are in `asking/`, as the
 * guide shows them.
 */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LanguageName } from "../../../src/tools/authoring/index.ts";

export const ASKING_TOOLS = { recall: "query", report: "receiver", keep: "value", page: "url" } as const;
const NAMES = Object.entries(ASKING_TOOLS);

type Edit = readonly [file: string, found: string, put: string];

const SOURCES = {
  rust: "rust.rs",
  go: "go.go",
  c: "c.c",
  as: "as.ts.txt",
  ts: "ts.ts.txt",
  js: "ts.ts.txt",
  python: "python.py",
} as const satisfies Record<LanguageName, string>;

/** The functions of a language, as they are written. */
export const askingSource = (language: LanguageName): string =>
  readFileSync(join(import.meta.dirname, "asking", SOURCES[language]), "utf8");

const schema = (parameter: string): object => ({
  type: "object",
  properties: { [parameter]: { type: "string" } },
  required: [parameter],
});
/** What tools/list has of them, behind another tool. */
const listed = NAMES.map(([name, parameter]) =>
  JSON.stringify({ name, description: `Does ${name}.`, inputSchema: schema(parameter) }),
).join(",");
const each = (line: (name: string, parameter: string) => string): string =>
  NAMES.map(([name, parameter]) => line(name, parameter)).join("\n");

const IN_SCRIPT = (file: string, functions: string): readonly Edit[] => [
  [file, "import { ToolError, toolServer }", "import { searchMemory, sendMessage, state, ToolError, toolServer }"],
  [file, "export default", `${functions}\nexport default`],
  [
    file,
    "  tools: {",
    `  tools: {\n${each(
      (name, parameter) =>
        `    ${name}: { description: "Does ${name}.", input: ${JSON.stringify(schema(parameter))}, run: ${name} },`,
    )}`,
  ],
];

const EDITS: { readonly [Language in LanguageName]: (functions: string) => readonly Edit[] } = {
  rust: (functions) => [
    ["src/lib.rs", '\n    }\n  ]\n}"#;', `\n    },${listed}\n  ]\n}"#;`],
    [
      "src/lib.rs",
      "        _ => Err(format!",
      `${each((name) => `"${name}" => ${name}(arguments),`)}\n        _ => Err(format!`,
    ],
    ["src/lib.rs", "fn unit_price", `${functions}\nfn unit_price`],
  ],
  go: (functions) => [
    [
      "main.go",
      "\trun:         unitPrice,\n}}",
      `\trun:         unitPrice,\n}${each(
        (name, parameter) =>
          `, {Name: "${name}", Description: "Does ${name}.", InputSchema: json.RawMessage(\`${JSON.stringify(schema(parameter))}\`), run: ${name}}`,
      ).replaceAll("\n", "")}}`,
    ],
    ["main.go", "func main()", `${functions}\nfunc main()`],
  ],
  c: (functions) => [
    ["src/tool.c", '#include "json.h"', '#include "host.h"\n#include "json.h"'],
    [
      "src/tool.c",
      '"annotations\\":{\\"readOnlyHint\\":true}}]}"',
      `"annotations\\":{\\"readOnlyHint\\":true}},${listed.replaceAll('"', '\\"')}]}"`,
    ],
    [
      "src/tool.c",
      '  return give(1, "no such tool");\n}',
      `${each((name) => `  if (strcmp(name, "${name}") == 0) return ${name}(arguments);`)}\n  return give(1, "no such tool");\n}`,
    ],
    ["src/tool.c", "static int unit_price", `${functions}\nstatic int unit_price`],
  ],
  as: (functions) => [
    [
      "assembly/index.ts",
      'import { fail, give, textAt } from "./abi";',
      'import { fail, give, textAt } from "./abi";\nimport { Answer, fetch, searchMemory, sendMessage, stateGet, stateSet, statusOf } from "./host";',
    ],
    [
      "assembly/index.ts",
      '  "annotations": { "readOnlyHint": true }\n}]}',
      `  "annotations": { "readOnlyHint": true }\n},${listed}]}`,
    ],
    [
      "assembly/index.ts",
      "  return fail(`there is no tool",
      `${each((name) => `  if (name == "${name}") return ${name}(given);`)}\n  return fail(\`there is no tool`,
    ],
    ["assembly/index.ts", "function unitPrice", `${functions}\nfunction unitPrice`],
  ],
  ts: (functions) => IN_SCRIPT("index.ts", functions),
  js: (functions) => IN_SCRIPT("index.js", functions.replaceAll(/: \{ \w+: string \}/g, "")),
  python: (functions) => [
    ["wit/tools.wit", "// import", "import"],
    ["wit/tools.wit", "// import", "import"],
    ["wit/tools.wit", "// import", "import"],
    ["wit/tools.wit", "// import", "import"],
    [
      "wit/tools.wit",
      "  /// An error",
      `${each((name, parameter) => `  export ${name}: func(${parameter}: string) -> result<string, string>;`)}\n\n  /// An error`,
    ],
    ["app.py", "from componentize_py_types", "import json\n\nfrom componentize_py_types"],
    [
      "app.py",
      "from wit_world import",
      "from wit_world.imports import http, memory, messages, state\nfrom wit_world import",
    ],
    ["app.py", "    def unit_price", `${functions}\n    def unit_price`],
  ],
};

/** Puts the tools into a new project, grants them what they need but the web, and tests them beside its own. */
export function addAsking(language: LanguageName, directory: string): void {
  for (const [file, found, put] of EDITS[language](askingSource(language))) {
    const place = join(directory, file);
    const source = readFileSync(place, "utf8");
    if (!source.includes(found)) throw new Error(`${file} of the template has no ${JSON.stringify(found)}`);
    writeFileSync(
      place,
      source.replace(found, () => put),
    );
  }
  appendFileSync(join(directory, "tests.toml"), ASKING_TESTS);
}

/** What is expected of the tools, with what they are granted. */
export const ASKING_TESTS = readFileSync(join(import.meta.dirname, "asking", "tests.toml"), "utf8");
