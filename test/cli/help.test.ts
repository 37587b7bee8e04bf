import { PassThrough, Readable } from "node:stream";
import type { Command } from "commander";
import { expect, test } from "vitest";
import { COMMANDS, findCommand } from "../../src/cli/commands.ts";
import { everyCommand } from "../../src/cli/command-line.ts";
import { caxton, commandLine } from "./caxton.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("cli.noun-verb", "cli.did-you-mean");

const processContext = {
  streams: { input: Readable.from([]), output: new PassThrough(), error: new PassThrough() },
  environment: { server: undefined, token: undefined, output: undefined, dataDirectory: "/nonexistent" },
};

/** The help as it is printed, examples included. */
function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (piece) => (text += piece) }).outputHelp();
  return text;
}

const leaves = (command: Command): Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);

test("caxton alone teaches: groups, first steps, exit codes", async () => {
  const { code, stdout, stderr } = await caxton([]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  for (const heading of [
    "Get started:",
    "Work with agents and runs:",
    "Operate:",
    "Configure:",
    "New here?",
    "Exit codes:",
  ]) {
    expect(stdout).toContain(heading);
  }
  expect(stdout).not.toMatch(/^ +complete /m);
});

test("every command says what it does and shows examples", async () => {
  const root = await everyCommand(processContext);
  const silent = leaves(root).filter((command) => {
    const help = helpOf(command);
    return !/^Usage: caxton .+\n\n.{20}/s.test(help) || !/Examples:\n(?:.*\n)*.*caxton/.test(help);
  });
  expect(silent.map((command) => command.name())).toEqual(["complete"]);
});

test("every example of a help names a command and options that exist", async () => {
  const root = await everyCommand(processContext);
  const named = leaves(root).flatMap((command) =>
    [...helpOf(command).matchAll(/caxton ([a-z-]+)((?: [a-z]+)?)([^\n]*)/g)].map((match) => ({
      top: match[1] ?? "",
      options: [...(match[3] ?? "").matchAll(/ (--[a-z-]+)/g)].map((option) => option[1]),
      line: match[0],
    })),
  );
  expect(named.length).toBeGreaterThan(60);
  const known = (command: Command): string[] => [
    ...command.options.map(({ long }) => long ?? ""),
    ...command.commands.flatMap(known),
  ];
  const wrong = named.filter(({ top, options }) => {
    const entry = findCommand(top);
    const command = root.commands.find((each) => each.name() === entry?.name);
    const allowed = [...root.options.map(({ long }) => long), ...(command ? known(command) : []), "--help"];
    return options.some((option) => !allowed.includes(option));
  });
  expect(wrong.map(({ line }) => line)).toEqual([]);
});

test("each top-level command is found by its name and its other names, and no name twice", () => {
  const names = COMMANDS.flatMap(({ name, also }) => [name, ...also]);
  expect(new Set(names).size).toBe(names.length);
  expect(findCommand("agents")?.name).toBe("agent");
  expect(findCommand("nothing")).toBeUndefined();
});

test("a mistyped command exits with 2 and suggests the right one", async () => {
  const { code, stdout, stderr } = await commandLine(["agnet", "list"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toBe(
    "error: unknown command 'agnet'. Did you mean agent?\n  usage and examples: caxton --help  [USAGE]\n",
  );
});

test("a mistyped subcommand or option suggests the right one", async () => {
  const [subcommand, option] = await Promise.all([
    commandLine(["agents", "lst"]),
    commandLine(["run", "--modle", "x", "a", "b"]),
  ]);
  expect(subcommand.stderr).toContain("unknown command 'lst'. Did you mean list?");
  expect(subcommand.stderr).toContain("caxton agent --help");
  expect(option.stderr).toContain("unknown option '--modle'. Did you mean --model?");
  expect([subcommand.code, option.code]).toEqual([2, 2]);
});

test("a group without a subcommand shows its help and exits with 2", async () => {
  const { code, stdout, stderr } = await commandLine(["tool"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("Usage: caxton tool");
});

test("caxton help agent list is caxton agent list --help", async () => {
  const [one, other] = await Promise.all([
    commandLine(["help", "agent", "list"]),
    commandLine(["agent", "list", "--help"]),
  ]);
  expect(one).toEqual(other);
  expect(one.stdout).toContain("Usage: caxton agent list");
});

test("with -o json a usage error is one problem document", async () => {
  const { code, stderr } = await commandLine(["agent", "list", "--limit", "none", "-o", "json"]);
  expect(code).toBe(2);
  expect(JSON.parse(stderr)).toMatchObject({ status: 400, code: "USAGE", type: "/docs/errors#USAGE" });
});

test("a format that a command does not have is a usage error that names those it has", async () => {
  const { code, stderr } = await commandLine(["run", "greeter", "hello", "-o", "yaml"]);
  expect(code).toBe(2);
  expect(stderr).toContain('caxton run has no "yaml" output; it has text, json, jsonl');
});

test("--version prints the version alone", async () => {
  const { code, stdout, stderr } = await caxton(["--version"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
