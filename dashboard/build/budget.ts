import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";

/** What may be sent, in kilobytes (1,024 bytes) as gzip leaves them. */
export const BUDGET = { initialScripts: 180, oneChunk: 90, allScripts: 450, styles: 15 } as const;

export type Sizes = {
  /** Scripts that the page itself asks for. */
  readonly initialScripts: number;
  /** The largest script that is loaded later. */
  readonly oneChunk: number;
  readonly allScripts: number;
  readonly styles: number;
};

/** Sizes of a built dashboard in kilobytes, gzipped. Throws when it is not built. */
export async function measure(directory: string): Promise<Sizes> {
  const page = await readFile(join(directory, "index.html"), "utf8");
  const files = await readdir(join(directory, "assets"));
  const sizeOf = async (name: string) => (await readFile(join(directory, "assets", `${name}.gz`))).length / 1_024;
  const measured = await Promise.all(
    files
      .filter((name) => /\.(?:js|css)$/.test(name))
      .map(async (name) => ({ name, kilobytes: await sizeOf(name), initial: page.includes(`/${name}"`) })),
  );
  const scripts = measured.filter(({ name }) => name.endsWith(".js"));
  const sum = (list: typeof measured) => list.reduce((total, { kilobytes }) => total + kilobytes, 0);
  return {
    initialScripts: sum(scripts.filter(({ initial }) => initial)),
    oneChunk: Math.max(0, ...scripts.filter(({ initial }) => !initial).map(({ kilobytes }) => kilobytes)),
    allScripts: sum(scripts),
    styles: sum(measured.filter(({ name }) => name.endsWith(".css"))),
  };
}

const isPart = (name: string): name is keyof Sizes => Object.hasOwn(BUDGET, name);

/** The parts that are over their budget, in words. */
export const overBudget = (sizes: Sizes): readonly string[] =>
  Object.keys(BUDGET)
    .filter(isPart)
    .filter((part) => sizes[part] > BUDGET[part])
    .map((part) => `${part}: ${sizes[part].toFixed(1)} KB of ${BUDGET[part]} KB`);

if (import.meta.main) {
  const sizes = await measure(join(import.meta.dirname, "../dist"));
  for (const part of Object.keys(BUDGET).filter(isPart)) {
    process.stdout.write(`${part}: ${sizes[part].toFixed(1)} of ${BUDGET[part]} KB\n`);
  }
  if (overBudget(sizes).length > 0) process.exitCode = 1;
}
