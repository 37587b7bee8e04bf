import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { caxton, commandLine } from "../../cli/caxton.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { answering, CLOCK, manifest, renamed } from "./modules.ts";
import { World } from "./world.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.unsandboxed-marked", "tool.pins", "tool.signature", "deployment.dry-run");

/** A directory with a module and a manifest. */
function put(directory: string, name: string, module: Uint8Array, text: string): string {
  const path = join(directory, "work", name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "module.wasm"), module);
  writeFileSync(join(path, "tool.toml"), text);
  return path;
}

test("deploy, dry run, diff, accept, activate, versions, pause, resume, delete", { timeout: 60_000 }, async () => {
  await using world = await World.open();
  const { url: server, directory } = world.server;
  const run = (...words: string[]) => commandLine(["tool", ...words], { server });
  const path = put(directory, "probe", await answering("ok"), manifest("probe"));
  expect(await run("deploy", path)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^created {2}probe {2}revision 1/),
  });
  put(directory, "probe", await renamed(), manifest("probe", CLOCK, "2.0.0"));
  const dry = await run("deploy", path, "--dry-run");
  expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining("would be pending  probe") });
  expect(dry.stdout).toContain("! the tool more is gone");
  expect(dry.stdout).toContain("! wants to have: clock");
  expect(dry.stdout).toContain("+ new tool less");
  const waits = await run("deploy", path);
  expect(waits).toMatchObject({ code: 5, stderr: expect.stringContaining("caxton tool accept probe") });
  expect((await run("diff", "probe")).stdout).toContain("revision 1 → 2");
  expect((await run("get", "probe")).stdout).toMatch(/Waits +revision 2/);
  expect(await run("accept", "probe")).toMatchObject({ code: 2, stderr: expect.stringContaining("--yes") });
  expect(await run("accept", "probe", "--yes")).toMatchObject({ code: 0, stdout: "accepted  probe  revision 2\n" });
  expect(await run("accept", "probe", "--yes")).toMatchObject({ code: 5 });
  expect(await run("activate", "probe", "--revision", "1")).toMatchObject({ code: 0 });
  const versions = await run("versions", "probe");
  expect(versions.stdout).toMatch(/2 +2\.0\.0 +past/);
  expect(versions.stdout).toMatch(/1 +1\.0\.0 +serving/);
  expect(await run("pause", "probe", "--reason", "tea")).toMatchObject({ stdout: "paused  probe\n" });
  const paused = await run("call", "probe.answer");
  expect(paused.stderr).toContain("an operator paused it: tea");
  expect(paused.stderr).not.toContain("fuel");
  expect(await run("resume", "probe", "-o", "json")).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('"state"'),
  });
  expect((await run("list", "--servers")).stdout).toMatch(/probe +1\.0\.0 +loaded/);
  expect(await run("health", "probe")).toMatchObject({ code: 0, stdout: expect.stringMatching(/Health +healthy/) });
  expect(await run("delete", "probe", "--yes")).toMatchObject({ code: 0, stdout: "deleted  probe\n" });
  expect(await run("get", "probe")).toMatchObject({ code: 3 });
});

test("a tool is called with key=value or --args, and a server that is not sandboxed says so instead of limits it has not", async () => {
  const program = join(import.meta.dirname, "../../dashboard/form-server.ts");
  const config = `[mcp_servers.forms]\ncommand = ${JSON.stringify(process.execPath)}\nargs = [${JSON.stringify(program)}]\n`;
  await using world = await World.open({ files: { "caxton.toml": config } });
  const { url: server } = world.server;
  const run = (...words: string[]) => commandLine(["tool", ...words], { server });
  await expect.poll(async () => (await run("get", "forms")).stdout).toMatch(/State +loaded/);
  const call = (...words: string[]) => run("call", "forms.note", ...words);
  expect((await call("title=Tea and milk", "-a", '{"title": "x", "priority": 2}')).stdout).toContain("Tea and milk");
  // A text is wanted, and is one although it looks like JSON; a number is a number.
  expect((await call("title=7", "priority=2")).stdout).toMatch(/"title":"7".*"priority":2|"priority":2.*"title":"7"/);
  const wrong = await run("observe", "forms.note", "title=x", "priority=much");
  expect(wrong).toMatchObject({ stdout: "", stderr: expect.stringContaining("priority: expected") });
  expect(wrong.stderr).not.toContain("grants");
  expect(await call("tea")).toMatchObject({ code: 2, stderr: expect.stringContaining("write it as key=value") });
  const forms = (await run("get", "forms")).stdout;
  expect(forms).toMatch(/Sandboxed +no: /);
  expect(forms).not.toMatch(/sha256|fuel|Publisher|denied/);
});

test("keys, signatures and the refusal of a module that was changed after signing", { timeout: 60_000 }, async () => {
  using temp = tempDirectory();
  const path = put(temp.path, "signed", await answering("ok"), manifest("signed"));
  const run = (...words: string[]) => commandLine(["tool", ...words], { cwd: temp.path });
  expect(await caxton(["tool", "keygen", "acme"], { cwd: temp.path })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("[tools.trusted_keys]"),
  });
  expect(statSync(join(temp.path, "acme.key")).mode & 0o777).toBe(0o600);
  expect(await run("keygen", "acme")).toMatchObject({ code: 5 });
  expect(await run("verify", path, "--trust", "acme.pub")).toMatchObject({ code: 6 });
  expect(await run("sign", path, "--key", "acme.key")).toMatchObject({ code: 0 });
  expect(await run("verify", path, "--trust", "acme.pub")).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("signed by acme.pub"),
  });
  expect(await run("verify", path)).toMatchObject({
    code: 6,
    stdout: expect.stringContaining("a key you do not trust"),
  });
  expect(await run("sign", path, "--key", "acme.pub")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("TOOL_KEY_INVALID"),
  });
  const key = readFileSync(join(temp.path, "acme.pub"), "utf8").trim();
  const settings = { "tools.trusted_keys": { acme: key }, "tools.require_signature": "uploaded" };
  await using world = await World.open({ settings });
  const { url: server } = world.server;
  const deploy = () => caxton(["tool", "deploy", path], { server });
  expect(await deploy()).toMatchObject({ code: 0 });
  expect(await world.get("signed")).toMatchObject({ publisher: { state: "signed", name: "acme" } });
  writeFileSync(join(path, "module.wasm"), await answering("no"));
  expect(await deploy()).toMatchObject({ code: 6, stderr: expect.stringContaining("it signs another module") });
  expect(await world.send(await answering("ok"), { manifest: manifest("unsigned") })).toMatchObject({
    status: 403,
    body: { code: "TOOL_SIGNATURE_REQUIRED" },
  });
});

test("what cannot be found or read is said so", async () => {
  using temp = tempDirectory();
  expect(await commandLine(["tool", "deploy", join(temp.path, "nothing")])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("UNREADABLE_FILE"),
  });
  expect(await commandLine(["tool", "activate", "x"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--revision"),
  });
});
