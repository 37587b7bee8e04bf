import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The directory of package.json: two levels up from here, in `src/kernel` as in the build's `dist/<directory>`. */
export const PACKAGE_DIRECTORY = fileURLToPath(new URL("../..", import.meta.url));

const SOURCES = join(PACKAGE_DIRECTORY, "src");
const isSource = import.meta.url.endsWith(".ts");

/**
 * Returns how the command is called from a directory: `caxton` where it was called so; through npx by what finds this package
 * there, since the npm package that is called caxton is another program.
 */
export function commandName(isNpx: boolean, directory: string): string {
  if (!isNpx) return "caxton";
  if (!existsSync(SOURCES)) return "npx caxton-server";
  const home = resolve(PACKAGE_DIRECTORY);
  return `${resolve(directory)}${sep}`.startsWith(`${home}${sep}`) ? "npx caxton" : `npx --prefix ${home} caxton`;
}

let version: string | undefined;

/** The `version` of package.json. */
export function packageVersion(): string {
  if (version !== undefined) return version;
  const text: unknown = JSON.parse(readFileSync(join(PACKAGE_DIRECTORY, "package.json"), "utf8"));
  version = typeof text === "object" && text !== null && "version" in text ? String(text.version) : "0.0.0";
  return version;
}

/**
 * The file that a thread or a child process starts with, named as in `src` without its ending. Built, where there is a
 * build that is not older than the sources: it starts in a third of the time.
 */
export function programFile(name: string): { readonly path: string; readonly isBuilt: boolean } {
  const path = join(PACKAGE_DIRECTORY, "dist", `${name}.js`);
  if (!isSource || isUpToDate(path)) return { path, isBuilt: true };
  return { path: join(SOURCES, `${name}.ts`), isBuilt: false };
}

let newestMs: number | undefined;

function isUpToDate(path: string): boolean {
  const built = statSync(path, { throwIfNoEntry: false });
  newestMs ??= Math.max(...sourceFiles().map((file) => statSync(file).mtimeMs));
  return built !== undefined && built.mtimeMs >= newestMs;
}

const sourceFiles = (): readonly string[] =>
  readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => join(SOURCES, file));
