import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ASSEMBLY_SCRIPT_MODULES, COMPONENTIZE_PY_PROGRAM, goDirectory } from "../../../scripts/ensure-toolchains.ts";
import type { JsonObject } from "../../../src/kernel/json.ts";
import { buildTool, type BuiltTool, createTool, type LanguageName } from "../../../src/tools/authoring/index.ts";
import { SandboxHarness, type TrialOptions } from "../../../src/tools/authoring/sandbox-harness.ts";
import type { ToolResult } from "../../../src/tools/catalogue/index.ts";
import { tempDirectory } from "../../helpers/temp.ts";

export const PACKAGE = fileURLToPath(new URL("../../..", import.meta.url));
export const never = new AbortController().signal;

const MANIFEST = `name = "subject"
version = "1.0.0"

[limits]
fuel_per_call = 2_000_000_000
deadline = "20s"
`;

/** A directory in which tools are written, built and called. */
export class Workshop implements Disposable {
  readonly #temp = tempDirectory();
  readonly directory = this.#temp.path;
  /** Its compiled modules, so that a trial after the build's own starts at once. */
  readonly #cache = tempDirectory();
  readonly cacheDirectory = this.#cache.path;

  write(file: string, content: string): void {
    const place = join(this.directory, file);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, content);
  }

  /** A new project of `caxton tool new`, with what has to be installed into it. */
  async create(language: LanguageName): Promise<string> {
    const directory = join(this.directory, language);
    await createTool({ name: "unit-price", language, directory, packageDirectory: PACKAGE });
    if (language === "as") symlinkSync(ASSEMBLY_SCRIPT_MODULES, join(directory, "node_modules"));
    if (language === "python") this.installPython(directory);
    return directory;
  }

  /** Makes a package of this repository's own node_modules importable. */
  install(name: string): void {
    mkdirSync(join(this.directory, "node_modules"), { recursive: true });
    cpSync(join(PACKAGE, "node_modules", name), join(this.directory, "node_modules", name), { recursive: true });
  }

  /** A componentize-py for a project, which remembers what it made of the same files. */
  installPython(directory = this.directory): void {
    const words = [
      process.execPath,
      fileURLToPath(new URL("componentize.ts", import.meta.url)),
      COMPONENTIZE_PY_PROGRAM,
    ];
    const program = join(directory, ".venv", "bin", "componentize-py");
    mkdirSync(dirname(program), { recursive: true });
    writeFileSync(program, `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(" ")} "$@"\n`, { mode: 0o755 });
  }

  build(directory = this.directory): Promise<BuiltTool> {
    return buildTool(directory, {
      packageDirectory: PACKAGE,
      report: () => {},
      cacheDirectory: this.cacheDirectory,
      signal: never,
    });
  }

  /** A tool server of one TypeScript file, whose tools are the members given, built and deployed. */
  async open(
    source: string,
    options: Partial<TrialOptions> & { readonly manifest?: never; readonly grants?: string } = {},
  ) {
    this.write("tool.toml", `${MANIFEST}${options.grants ?? ""}`);
    this.write("index.ts", source);
    const built = await this.build();
    const { readFile } = await import("node:fs/promises");
    const { project } = built;
    const module = await readFile(built.path);
    const { directory, cacheDirectory } = this;
    const { manifest } = project;
    return SandboxHarness.open({ manifest, module, directory, cacheDirectory, signal: never, ...options });
  }

  [Symbol.dispose](): void {
    this.#temp[Symbol.dispose]();
    this.#cache[Symbol.dispose]();
  }
}

/** Variables with which every compiler is found. */
export const compilerPath = (): string => [goDirectory() ?? "", process.env["PATH"] ?? ""].filter(Boolean).join(":");

/** A module whose one tool, `it`, has this body; `args` and `context` are there, and all of caxton/tool as `api`. */
export const toolOf = (body: string, more = ""): string => `import * as api from "caxton/tool";
${more}
export default api.toolServer({
  name: "subject", version: "1.0.0",
  tools: { it: { description: "Does it.", input: { type: "object" }, async run(args: any, context) { ${body} } } },
});
`;

let sessions = 0;
export const call = (trial: SandboxHarness, given: JsonObject = {}, tool = "it"): Promise<ToolResult> => {
  sessions += 1;
  return trial.call(tool, given, `session ${sessions}`);
};

/** The text of a result, or the message of a failure behind its reason. */
export const said = (result: ToolResult): string =>
  result.type === "failed"
    ? `${result.reason}: ${result.message}`
    : result.content.map((part) => (part.type === "text" ? part.text : "")).join("");
