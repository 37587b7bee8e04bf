import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import type { Command } from "commander";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Permission, permissionsOf, ROLES } from "../../src/access/permissions/index.ts";
import type { Operation } from "../../src/api/contract/index.ts";
import { everyCommand } from "../../src/cli/command-line.ts";
import { commandLine } from "../cli/caxton.ts";
import { answering, manifest } from "../tools/servers/modules.ts";
import { verifies } from "../helpers/verifies.ts";
import { COMMAND_CASES, type CommandCase, LOCAL } from "./matrix-commands.ts";
import { CANARY, MatrixWorld, OPERATIONS, SECRET } from "./matrix-world.ts";

verifies("security.rbac", "cli.exit-codes");

const [OK, NOT_FOUND, DENIED, INTERRUPTED] = [0, 3, 4, 130];
/** Whether a command names something of `red`. */
const namesRed = ([words]: CommandCase): boolean => /\{(?!file)/.test(words);
const NAMES = Object.keys(ROLES);
const permissions = new Map<string, ReadonlySet<Permission>>(
  Object.entries(ROLES).map(([name, role]) => [name, permissionsOf(role)]),
);
/** Lists come first: later, they show what the other commands named. */
const CASES = Object.entries(COMMAND_CASES).toSorted(
  ([, one], [, other]) => Number(namesRed(one)) - Number(namesRed(other)),
);
const byName = new Map(OPERATIONS.map((operation) => [operation.name, operation]));
const needsOf = (operations: string): readonly Operation[] =>
  operations.split(" ").flatMap((name) => (name === "" ? [] : [byName.get(name) ?? fail(name)]));
const fail = (name: string): never => {
  throw new Error(`there is no operation ${name}`);
};

let world: MatrixWorld;
/** Files that commands read and write. */
let files: Readonly<Record<string, string>>;
/** A key of each role. */
type Keys = Readonly<Record<string, string>>;
let keys: { readonly red: Keys; readonly blue: Keys };

beforeAll(async () => {
  world = await MatrixWorld.start();
  files = await createFiles(join(world.server.directory, "files"));
  keys = { red: await createKeys("red"), blue: await createKeys("blue") };
});
afterAll(() => world?.[Symbol.asyncDispose]());

async function createKeys(workspace: string): Promise<Keys> {
  const created = NAMES.map(async (role) => [role, await world.createKey(world.headers.admin, { role, workspace })]);
  return Object.fromEntries(await Promise.all(created));
}

async function createFiles(directory: string) {
  mkdirSync(join(directory, "tool"), { recursive: true });
  const source = 'name = "more"\nversion = "1.0.0"\ncapabilities = ["x"]\nsystem_prompt = "Answer."\n';
  writeFileSync(join(directory, "agent.toml"), source);
  writeFileSync(join(directory, "tool/module.wasm"), await answering("ok"));
  writeFileSync(join(directory, "tool/tool.toml"), manifest("more_tool"));
  await world.make("POST", "/memory/entities", { entities: [{ name: "more", type: "thing" }] }, world.headers.blue);
  const { text } = await world.request("GET", "/api/v1/memory/export", { headers: world.headers.blue });
  writeFileSync(join(directory, "memory.jsonl"), text);
  writeFileSync(join(directory, "public.json"), JSON.stringify({ public_key: `${"C".repeat(42)}A` }));
  const names = {
    agent: "agent.toml",
    tool: "tool",
    memory: "memory.jsonl",
    key: "key.pem",
    next: "next.pem",
    public: "public.json",
  };
  const all = Object.entries({ ...names, workspace: "workspace.jsonl", audit: "audit.jsonl" });
  return Object.fromEntries(all.map(([name, file]) => [name, join(directory, file)]));
}

const resource = (noun: string, parameter: string): string => {
  const found = noun === "file" ? files[parameter] : world.ids[noun]?.[parameter];
  return found ?? fail(`with the resource ${noun}.${parameter}`);
};

/** Runs a command, and interrupts it if it would follow events without an end. */
async function run(command: string, token = "", more: readonly string[] = []) {
  const [words, , exit] = COMMAND_CASES[command] ?? fail(command);
  const line = `${command} ${words}`.trim().split(" ");
  const args = line.map((word) =>
    word.replaceAll(/\{([\w.]+)\.(\w+)\}/g, (_all, noun: string, name: string) => resource(noun, name)),
  );
  const others = process.listeners("SIGINT");
  const interrupt = setInterval(() => {
    // Other tests of this process may have left listeners that end it, such as those of a browser.
    const own = process.listeners("SIGINT").filter((listener) => !others.includes(listener));
    if (exit?.own !== INTERRUPTED || own.length === 0) return;
    clearInterval(interrupt);
    for (const listener of own) listener("SIGINT");
  }, 400);
  const input = "another-value\n";
  try {
    const context = { server: world.server.url, environment: { CAXTON_TOKEN: token }, input };
    return await commandLine([...args, ...more, "--yes", "--debug"], context);
  } finally {
    clearInterval(interrupt);
  }
}

const mayPerform = (role: string, { permission, scope }: Operation): boolean =>
  permissions.get(role)?.has(permission) === true && scope !== "server";

const ownExit = (role: string, [, operations, exit]: CommandCase): number =>
  needsOf(operations).every((operation) => mayPerform(role, operation)) ? (exit?.own ?? OK) : DENIED;

/** The exit code of a command that names what another workspace has: that of the first operation that fails. */
function foreignExit(role: string, entry: CommandCase): number {
  const [, operations, exit] = entry;
  const expected = exit?.foreign ?? (namesRed(entry) ? NOT_FOUND : (exit?.own ?? OK));
  for (const operation of needsOf(operations)) {
    if (!mayPerform(role, operation)) return DENIED;
    const isTarget = operation.http.path.includes(":") || operation.name === "memory.find";
    if (isTarget && expected !== OK) return expected;
  }
  return expected;
}

const leaves = (command: Command): readonly Command[] =>
  command.commands.length === 0 || command.registeredArguments.length > 0
    ? [command, ...command.commands.flatMap(leaves)]
    : command.commands.flatMap(leaves);
const pathOf = (command: Command): string =>
  command.parent === null ? "" : `${pathOf(command.parent)} ${command.name()}`.trim();

test("every command has a case, or calls no server", async () => {
  const streams = { input: Readable.from([]), output: new PassThrough(), error: new PassThrough() };
  const environment = { server: undefined, token: undefined, output: undefined, dataDirectory: "/nonexistent" };
  const commands = leaves(await everyCommand({ streams, environment })).map(pathOf);
  expect(commands.toSorted()).toEqual([...LOCAL, ...Object.keys(COMMAND_CASES)].toSorted());
});

test("a command finds and changes nothing of another workspace, for every role", async () => {
  const before = await world.lists();
  const wrong: string[] = [];
  for (const [command, entry] of CASES)
    for (const role of NAMES) {
      const { code, stdout, stderr } = await run(command, keys.blue[role]);
      const expected = foreignExit(role, entry);
      if (code !== expected || stdout.includes(SECRET))
        wrong.push(`${command} as ${role}: ${code} instead of ${expected}: ${stderr.slice(0, 300)}`);
      else if (!namesRed(entry) && stdout.includes(CANARY)) wrong.push(`${command} shows ${stdout}`);
    }
  expect(wrong).toEqual([]);
  expect(await world.lists()).toEqual(before);
});

test("a key of one workspace is not accepted with the name of another", async () => {
  const before = await world.lists();
  const wrong: string[] = [];
  for (const [command, entry] of CASES) {
    const { code, stdout, stderr } = await run(command, keys.blue["admin"], ["--workspace", "red"]);
    // Operations on workspaces concern the one that is named.
    const isExempt = entry[1] === "" || command.startsWith("workspace ");
    if (code !== (isExempt ? foreignExit("admin", entry) : NOT_FOUND) || stdout.includes(SECRET))
      wrong.push(`${command}: ${code} ${stderr.slice(0, 300)}`);
  }
  expect(wrong).toEqual([]);
  expect(await world.lists()).toEqual(before);
});

/** Whether the notes of `--debug` contain a request of an operation. */
const wasSent = ({ http: { method, path } }: Operation, notes: string): boolean =>
  new RegExp(`^${method} ${path.replaceAll(/:\w+/g, "[^/? ]+")}(?:\\?\\S*)? {2}\\d`, "m").test(notes);

const EFFECTS = ["read", "write", "destroy"];
const effectOf = ([, operations]: CommandCase): number =>
  Math.max(0, ...needsOf(operations).map(({ effect }) => EFFECTS.indexOf(effect)));

test("a command of the own workspace does what its caller's role permits, and nothing else", async () => {
  const before = await world.lists();
  const wrong: string[] = [];
  const verdict = async (command: string, role: string, accepts: (code: number) => boolean) => {
    const { code, stderr } = await run(command, keys.red[role]);
    if (code === null || !accepts(code)) wrong.push(`${command} as ${role}: ${code} ${stderr.slice(0, 300)}`);
    if (role !== "admin" || code === DENIED || code === INTERRUPTED) return;
    const missing = needsOf(COMMAND_CASES[command]?.[1] ?? "").filter((operation) => !wasSent(operation, stderr));
    for (const { name } of missing) wrong.push(`${command} does not call ${name}: ${stderr.slice(0, 300)}`);
  };
  for (const [command, entry] of CASES)
    for (const role of NAMES)
      if (ownExit(role, entry) === DENIED) await verdict(command, role, (code) => code === DENIED);
  expect(await world.lists()).toEqual(before);
  for (const [command, entry] of CASES.toSorted(([, one], [, other]) => effectOf(one) - effectOf(other))) {
    const allowed = NAMES.filter((role) => ownExit(role, entry) !== DENIED);
    for (const [index, role] of allowed.entries())
      // What the first one changed, the others may find changed.
      await verdict(command, role, (code) => (index === 0 ? code === ownExit(role, entry) : code !== DENIED));
  }
  expect(wrong).toEqual([]);
});
