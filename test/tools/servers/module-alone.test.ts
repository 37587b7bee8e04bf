import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadConfig, serve } from "../../../src/server/index.ts";
import { small } from "../abi/guests.ts";
import { commandLine } from "../../cli/caxton.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { CLOCK, manifest, probe } from "./modules.ts";
import { Problem, World } from "./world.ts";

test("a module without a manifest is deployed under the name of its file, by command and by request", async () => {
  await using world = await World.open();
  const { url: server, directory } = world.server;
  const place = join(directory, "work", "adder");
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, "module.wasm"), small("core"));
  writeFileSync(join(place, "my adder.wasm"), small("core"));
  const run = (...words: string[]) => commandLine(["tool", ...words], { server });

  const deployed = await run("deploy", place);
  expect(deployed).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^created {2}adder {2}revision 1 {2}version 0\.1\.0 .*\n {2}grants: none/),
    stderr: expect.stringContaining(
      "adder.wasm has no tool.toml, so it has default limits and no grants; deploy it with --write-manifest",
    ),
  });
  expect((await run("call", "adder.add", "a=1", "b=2")).stdout).toBe('{"sum":3}\n');
  expect((await run("deploy", join(place, "my adder.wasm"), "--dry-run", "--write-manifest")).stdout).toContain(
    "would be created  my_adder",
  );

  const written = await run("deploy", place, "--write-manifest");
  expect(written.stdout).toContain("unchanged  adder");
  expect(readFileSync(join(place, "tool.toml"), "utf8")).toContain('name = "adder"\nversion = "0.1.0"\n');
  expect((await run("deploy", place)).stdout).toContain("unchanged  adder");

  const module = small("core").toString("base64");
  expect(await world.ask("POST", "", { module, file: "by-request.wasm" })).toMatchObject({
    status: 201,
    body: { name: "by-request", version: "0.1.0", grants: [] },
  });
  const form = new FormData();
  form.set("module", new Blob([new Uint8Array(small("core"))]), "2 in a form.wasm");
  const response = await fetch(`${server}/api/v1/tool-servers`, { method: "POST", body: form });
  expect(await response.json()).toMatchObject({ name: "tool_2_in_a_form" });
  const nameless = await world.ask("POST", "", { module });
  expect(nameless).toMatchObject({ status: 400, body: { detail: expect.stringContaining("give manifest, or file") } });
});

test("a deployment says what the module imports and is not granted", async () => {
  await using world = await World.open();
  const random = "random numbers (always the same; to allow them: grants.random = true)";
  const built = readFileSync(join(import.meta.dirname, "../../../tools/built/date_time/module.wasm"));
  expect((await world.deploy(built, manifest("timed"))).notes).toEqual([
    expect.stringContaining("the clock (it is always the year 2000; to allow it: grants.clock = true)"),
  ]);
  expect((await world.deploy(built, manifest("timed", CLOCK), { accept: true })).notes).toEqual([]);
  expect((await world.deploy(await probe(), manifest("probe"))).notes).toEqual([expect.stringContaining(random)]);
  const granted = await world.deploy(await probe(), manifest("free", "[grants]\nrandom = true\n"));
  expect(granted.notes).toEqual([]);
});

test("a description loses what would turn text around or move a cursor, in the tool, its schema and the manifest", async () => {
  await using world = await World.open();
  const hidden = "\u202e\u001b[31m\u0007";
  const tools = `[[tools]]\nname = "add"\ndescription = ${JSON.stringify(`adds${hidden} numbers`)}\ninput_schema = { type = "object", title = ${JSON.stringify(`x${hidden}`)} }\n`;
  const text = `name = "shown"\nversion = "1.0.0"\ndescription = ${JSON.stringify(`a${hidden}b`)}\n${tools}`;
  await world.deploy(small("core-plain"), text);
  const answer = JSON.stringify((await world.ask("GET", "/shown")).body);
  expect(answer).toContain("adds[31m numbers");
  expect(answer).toContain('"a[31mb"');
  expect(answer).not.toMatch(/\\u001b|\\u0007|\u202e/);
});

test("what is not there is answered with the nearest names, and never with more than twenty", async () => {
  await using world = await World.open();
  const module = small("core");
  for (let number = 10; number < 32; number += 1) await world.deploy(module, manifest(`server${number}`));
  const near = Problem.parse((await world.ask("GET", "/serverx10")).body);
  expect(near.hint).toMatch(/^Did you mean server10/);
  const far = Problem.parse((await world.ask("GET", "/zzz")).body);
  expect(far.hint).toMatch(/server29 and 2 more; `caxton tool list` lists them\.$/);
  expect(far.details["known"]).toHaveLength(20);
  expect(Problem.parse((await world.ask("GET", "/memory")).body).hint).toContain("part of the server itself");
});

test("while the server starts, a tool server that is not there yet is answered with 503 and Retry-After", async () => {
  using temp = tempDirectory();
  const place = join(temp.path, "tools", "late");
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, "module.wasm"), await probe());
  writeFileSync(join(place, "tool.toml"), manifest("late"));
  const settings = {
    "server.port": 0,
    "log.level": "silent",
    "sandbox.cache_directory": join(temp.path, "cache"),
    "sandbox.standby": false,
  };
  const loaded = loadConfig({ settings }, {}, temp.path);
  await using started = await serve(loaded, { overrides: { toolServers: join(temp.path, "none-built-in") } });
  const ask = (path: string) => fetch(`${started.url}/api/v1/${path}`);
  const early = await Promise.all([ask("tool-servers/late"), ask("tools/late")]);
  expect(early.map(({ status, headers }) => [status, headers.get("retry-after")])).toEqual([
    [503, "1"],
    [503, "1"],
  ]);
  expect(Problem.parse(await early[0].json())).toMatchObject({ code: "SERVER_STARTING" });
  await started.ready;
  expect((await ask("tool-servers/late")).status).toBe(200);
  expect((await ask("tool-servers/other")).status).toBe(404);
});

const MIB = 1024 * 1024;

/** A custom section with a name of one letter. */
const filled = (bytes: number): Buffer => {
  const size = bytes - 6;
  const length = [0, 7, 14, 21].map((shift) => ((size >> shift) & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([0, ...length, size >> 28, 1, 0x78]), Buffer.alloc(size - 2)]);
};

test("a large module is taken as a form, and not as JSON, which would hold the server up", async () => {
  await using world = await World.open();
  const module = Buffer.concat([small("core"), filled(20 * MIB)]);
  const refused = await world.ask("POST", "", { module: module.toString("base64"), file: "large.wasm" });
  expect(refused).toMatchObject({
    status: 413,
    body: { code: "BODY_TOO_LARGE", hint: expect.stringContaining("multipart/form-data") },
  });
  const send = async (bytes: Buffer): Promise<unknown> => {
    const form = new FormData();
    form.set("module", new Blob([new Uint8Array(bytes)]), "large.wasm");
    return (await fetch(`${world.server.url}/api/v1/tool-servers`, { method: "POST", body: form })).json();
  };
  expect(await send(module)).toMatchObject({ name: "large", outcome: "created" });
  expect(await send(Buffer.concat([module, filled(13 * MIB)]))).toMatchObject({ code: "TOOL_MODULE_TOO_LARGE" });
});
