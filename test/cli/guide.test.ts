import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import type { Command } from "commander";
import { expect, test } from "vitest";
import { everyCommand } from "../../src/cli/command-line.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("cli.guide");

const guide = readFileSync(join(import.meta.dirname, "../../docs/guides/cli.md"), "utf8");
const processContext = {
  streams: { input: Readable.from([]), output: new PassThrough(), error: new PassThrough() },
  environment: { server: undefined, token: undefined, output: undefined, dataDirectory: "/nonexistent" },
};
const root = await everyCommand(processContext, ["complete"]);
const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];

test("the guide names every command", () => {
  const missing = all(root)
    .filter(({ parent }) => parent !== null)
    .map((command) => (command.parent === root ? command.name() : `${command.parent?.name()} ${command.name()}`))
    .filter((name) => !new RegExp(`\\b${name}\\b`).test(guide));
  expect(missing).toEqual([]);
});

test("the guide names every option", () => {
  const options = new Set(all(root).flatMap((command) => command.options.map(({ long }) => long ?? "")));
  const missing = [...options].filter((option) => !guide.includes(option));
  expect(missing).toEqual([]);
});

test("every option in the guide exists", () => {
  const known = new Set(all(root).flatMap((command) => command.options.map(({ long }) => long ?? "")));
  // Options of npm and npx are theirs.
  const own = guide.replaceAll(/\bnpm [^\n`]*|\bnpx --prefix/g, "");
  const named = new Set([...own.matchAll(/(?<=[\s`[])--[a-z][a-z-]+/g)].map(([option]) => option));
  expect([...named].filter((option) => !known.has(option) && option !== "--help")).toEqual([]);
});

test("scripts are called so that they run on the Node of the clone", () => {
  const home = join(import.meta.dirname, "../..");
  const bare = globSync(["*.md", "{docs,bench,deploy}/**/*.md", "{scripts,test}/**/*.ts"], { cwd: home }).flatMap(
    (file) =>
      [...readFileSync(join(home, file), "utf8").matchAll(/(?<!npx )\bnode scripts\/[a-z-]+\.ts/g)].map(([call]) => [
        file,
        call,
      ]),
  );
  expect(bare).toEqual([]);
});
