import { join, relative, resolve } from "node:path";
import { CompileFailedError } from "./errors.ts";
import { placesOf } from "./places.ts";

export type Bundle = { readonly program: string; readonly places: string };

const AUTHOR_MODULE = /^caxton\/tool$/;

/** One script of a TypeScript or JavaScript file and all that it imports. Throws CompileFailedError with file, line and a caret. */
export async function bundle(directory: string, entry: string): Promise<Bundle> {
  const esbuild = await import("esbuild");
  try {
    const { outputFiles } = await esbuild.build({
      absWorkingDir: directory,
      entryPoints: [join(directory, entry)],
      outfile: "tool.js",
      bundle: true,
      format: "esm",
      // The language level of the engine. No web platform is declared, so packages choose their
      // plainest variant.
      target: "es2024",
      platform: "neutral",
      mainFields: ["module", "main"],
      conditions: ["import", "default"],
      charset: "utf8",
      legalComments: "none",
      sourcemap: "external",
      sourcesContent: false,
      write: false,
      logLevel: "silent",
      plugins: [
        {
          name: "caxton",
          setup: (build) =>
            build.onResolve({ filter: AUTHOR_MODULE }, ({ path }) => ({ path, external: true, sideEffects: false })),
        },
      ],
    });
    const file = (name: string): string => outputFiles.find(({ path }) => path.endsWith(name))?.text ?? "";
    const nameOf = (source: string): string => relative(directory, resolve(directory, source));
    return { program: file("tool.js"), places: placesOf(file("tool.js.map"), nameOf) };
  } catch (error) {
    const lines = await messagesOf(esbuild, error);
    if (lines === undefined) throw error;
    throw new CompileFailedError(lines.replaceAll(ADVICE, ""), hintFor(lines), { entry });
  }
}

/** Advice of esbuild for authors of its configuration, which authors of tools are not. */
const ADVICE = /\s*^ *(?:The package "[^"]*" wasn't found on the file system but|You can mark the path)[^\n]*/gmu;

async function messagesOf(esbuild: typeof import("esbuild"), error: unknown): Promise<string | undefined> {
  if (!(error instanceof Error && "errors" in error && Array.isArray(error.errors))) return undefined;
  const lines = await esbuild.formatMessages(error.errors, { kind: "error", color: false });
  return lines
    .map((line) =>
      line
        .replace(/^\S+ \[ERROR\] /u, "")

        .trimEnd(),
    )
    .join("\n")
    .trim();
}

const hintFor = (lines: string): string =>
  lines.includes('Could not resolve "node:') || lines.includes("built into node")
    ? "a tool has no Node.js: use what docs/guides/writing-tools.md lists, such as readFile from caxton/tool"
    : lines.includes("Could not resolve")
      ? "install the package in the tool's directory with npm, or correct the path"
      : "";
