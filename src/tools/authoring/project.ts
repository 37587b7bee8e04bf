import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Problem, renderProblem } from "../../text/documents/index.ts";
import { readManifest, type ToolManifest } from "../catalogue/index.ts";
import { ToolProjectError } from "./errors.ts";

export const LANGUAGES = ["ts", "js", "as", "rust", "go", "c", "python"] as const;
export type LanguageName = (typeof LANGUAGES)[number];

/** A directory with `tool.toml` and the sources of one tool server. */
export type ToolProject = {
  readonly directory: string;
  readonly language: LanguageName;
  /** The file to begin with, where the language has one. */
  readonly entry: string;
  readonly manifest: ToolManifest;
};

export const MANIFEST_FILE = "tool.toml";
export const MODULE_FILE = "module.wasm";

/** Files that identify a language; the first one found decides. */
const MARKERS: readonly (readonly [file: string, language: LanguageName])[] = [
  ["Cargo.toml", "rust"],
  ["go.mod", "go"],
  ["asconfig.json", "as"],
  ["src/index.ts", "ts"],
  ["index.ts", "ts"],
  ["src/index.js", "js"],
  ["index.js", "js"],
  ["app.py", "python"],
];

/** Reads what a directory is. Throws ToolProjectError. */
export async function openProject(given: string): Promise<ToolProject> {
  const directory = resolve(given);
  const manifest = await readProjectManifest(directory);
  const found = MARKERS.find(([file]) => existsSync(join(directory, file)));
  if (found !== undefined) return { directory, manifest, entry: found[0], language: found[1] };
  const source = ["src", "."].find((place) => cSources(join(directory, place)).length > 0);
  if (source !== undefined) return { directory, manifest, entry: source, language: "c" };
  throw new ToolProjectError(
    `${given} has a ${MANIFEST_FILE}, but no sources that are known`,
    `tool build looks for ${MARKERS.map(([file]) => file).join(", ")} or *.c; caxton tool new makes a project`,
    { directory },
  );
}

/** Says that the sources have another version than `tool.toml`, which alone counts; empty when they agree or have none. */
export async function versionNote({ directory, entry, language, manifest }: ToolProject): Promise<string> {
  const pattern = VERSIONS[language];
  if (pattern === undefined) return "";
  const [, version = manifest.version] = pattern.exec(await readFile(join(directory, entry), "utf8")) ?? [];
  return version === manifest.version
    ? ""
    : `${entry} has the version ${version} and ${MANIFEST_FILE} ${manifest.version}; the tool server has that of ${MANIFEST_FILE}`;
}

/** The same for a directory that need not have sources. */
export const versionNoteOf = (directory: string): Promise<string> =>
  openProject(directory)
    .then(versionNote)
    .catch(() => "");

const SCRIPT_VERSION = /^\s*version: *["']([^"']+)["']/m;
const VERSIONS: { readonly [Name in LanguageName]?: RegExp } = {
  ts: SCRIPT_VERSION,
  js: SCRIPT_VERSION,
  rust: /^version *= *"([^"]+)"/m,
};

export const cSources = (directory: string): readonly string[] =>
  existsSync(directory) ? readdirSync(directory).filter((file) => file.endsWith(".c")) : [];

async function readProjectManifest(directory: string): Promise<ToolManifest> {
  const file = join(directory, MANIFEST_FILE);
  const source = await readFile(file, "utf8").catch(() => undefined);
  if (source === undefined) {
    throw new ToolProjectError(
      `there is no ${MANIFEST_FILE} in ${directory}`,
      "give the directory of a tool, or make one: caxton tool new <name> --lang ts",
      { directory },
    );
  }
  const read = readManifest(source, file);
  if (read.type === "valid") return read.manifest;
  throw new ToolProjectError(`${file} has errors`, "", { file, problems: rendered(read.problems, source) });
}

/** As the command line shows places in a file. */
export const rendered = (problems: readonly Problem[], source: string): readonly { readonly rendered: string }[] =>
  problems.map((problem) => ({ rendered: renderProblem(problem, source, { colour: false }) }));
