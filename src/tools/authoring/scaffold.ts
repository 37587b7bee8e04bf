import { existsSync } from "node:fs";
import { cp, glob, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { isReservedToolServer } from "../catalogue/index.ts";
import { ToolProjectError } from "./errors.ts";
import type { LanguageName } from "./project.ts";

const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;
/** Files that npm or editors would take for the project of this package itself carry this at their end. */
const TEMPLATE_SUFFIX = ".template";
const TYPED: ReadonlySet<LanguageName> = new Set(["ts", "js"]);

/** What a component may ask of Caxton, where compilers of components look for it. */
const HOST_WIT = "wit/deps/caxton-host.wit";

export type NewTool = {
  readonly name: string;
  readonly language: LanguageName;
  readonly directory: string;
  /** The directory of this package, with `engines/` in it. */
  readonly packageDirectory: string;
};

/** Writes a new project with a tool that works, and returns its files. Throws ToolProjectError; overwrites nothing. */
export async function createTool({ name, language, directory, packageDirectory }: NewTool): Promise<readonly string[]> {
  if (!NAME.test(name)) {
    throw new ToolProjectError(
      `"${name}" cannot be a tool server's name`,
      "a letter, then letters, digits, _ and -; at most 63 in all",
      { name },
    );
  }
  if (isReservedToolServer(name)) {
    throw new ToolProjectError(`"${name}" is the name of a built-in tool server`, "choose another name", { name });
  }
  const from = join(packageDirectory, "engines", "templates", language);
  const sources: string[] = [];
  for await (const file of glob("**/*", { cwd: from, exclude: (each) => each.includes("node_modules") })) {
    if (file.endsWith(TEMPLATE_SUFFIX)) sources.push(file);
  }
  const files = sources.toSorted().map((source) => ({ source, file: source.slice(0, -TEMPLATE_SUFFIX.length) }));
  const taken = files.map(({ file }) => file).filter((file) => existsSync(join(directory, file)));
  if (taken.length > 0) {
    throw new ToolProjectError(
      `${resolve(directory)} has ${taken.join(", ")} already`,
      "choose another name or --directory",
      { taken },
    );
  }
  for (const { source, file } of files) {
    const content = await readFile(join(from, source), "utf8");
    const place = join(directory, file);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, content.replaceAll("{{name}}", name));
  }
  if (language === "python") {
    await mkdir(join(directory, "wit", "deps"), { recursive: true });
    await cp(join(packageDirectory, "engines", "wit", "host.wit"), join(directory, HOST_WIT));
    return [...files.map(({ file }) => file), HOST_WIT];
  }
  if (!TYPED.has(language)) return files.map(({ file }) => file);
  const types = ["tool.d.ts", "globals.d.ts"];
  for (const file of types) {
    await cp(join(packageDirectory, "engines", "javascript", file), join(directory, "caxton", file));
  }
  return [...files.map(({ file }) => file), ...types.map((file) => `caxton/${file}`)];
}
