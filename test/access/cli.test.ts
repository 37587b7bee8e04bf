import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commandLine } from "../cli/caxton.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";

const home = tempDirectory();
const file = join(home.path, "caxton", "contexts.json");
let server: TestServer;

beforeAll(async () => {
  server = await startServer({ settings: { "access.mode": "required" } });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

/** A command of a user whose stored contexts are in `home`. An empty CAXTON_SERVER is one that is not set. */
const user = (args: readonly string[], more: { readonly input?: string; readonly token?: string } = {}) =>
  commandLine(args, {
    ...(more.input !== undefined && { input: more.input }),
    environment: { XDG_CONFIG_HOME: home.path, CAXTON_SERVER: "", CAXTON_TOKEN: more.token ?? "" },
  });

test("from the setup token to a colleague's key, with contexts in a private file", async () => {
  const refused = await user(["agent", "list", "--server", server.url]);
  expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining("caxton login") });
  const setup = server.started.setupToken ?? "";
  const login = await user(["login", server.url, "--name", "office", "--key-stdin"], { input: `${setup}\n` });
  expect(login).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/first administrator .*role admin\nstored as context office/),
  });
  expect(login.stdout).toMatch(/shown once: cax_[0-9A-Za-z]{12}_/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(home.path, "caxton")).mode & 0o777).toBe(0o700);
  expect((await user(["whoami"])).stdout).toContain("role admin");
  const created = await user(["key", "create", "colleague", "--role", "readonly", "--expires", "90d", "-o", "name"]);
  const key = created.stdout.trim();
  expect(key).toMatch(/^cax_/);
  const listed = await user(["key", "list"]);
  expect(listed.stdout).toContain("colleague");
  expect(listed.stdout).not.toContain(key.split("_")[2]);
  expect(await user(["auth", "can-i", "runs:execute"])).toMatchObject({ code: 0, stdout: "yes (workspace default)\n" });
  const colleague = (...args: readonly string[]) => user(["--server", server.url, ...args], { token: key });
  expect(await colleague("auth", "can-i", "runs:execute")).toMatchObject({
    code: 4,
    stdout: expect.stringMatching(/^no/),
  });
  expect((await colleague("agent", "list")).code).toBe(0);
  const denied = await colleague("key", "list");
  expect(denied).toMatchObject({ code: 4, stderr: expect.stringContaining("access:read") });
  const [, id = ""] = key.split("_");
  const rotated = await user(["key", "rotate", id, "--grace", "1h", "-o", "name"]);
  expect(rotated.stdout.trim()).not.toBe(key);
  expect((await colleague("agent", "list")).code).toBe(0);
  expect((await user(["key", "revoke", id, "--yes"])).stdout).toContain("is revoked");
  expect((await colleague("agent", "list")).code).toBe(4);
  expect((await user(["auth", "roles", "-o", "name"])).stdout).toBe("admin\noperator\nuser\nreadonly\n");
});

test("a stored key is sent to its own server alone, and a logout deletes it", async () => {
  expect((await user(["context", "list", "-o", "json"])).stdout).not.toContain("cax_");
  await using other = await startServer({ settings: { "access.mode": "required" } });
  expect((await user(["agent", "list", "--server", other.url])).code).toBe(4);
  expect((await user(["context", "use", "--none"])).code).toBe(0);
  expect((await user(["--context", "office", "whoami"])).stdout).toContain("role admin");
  expect(await user(["--context", "home", "whoami"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("office"),
  });
  expect((await user(["context", "use", "office"])).code).toBe(0);
  expect((await user(["logout"])).stdout).toBe("logged out of office\n");
  expect(readFileSync(file, "utf8")).not.toContain("cax_");
  expect((await user(["logout"])).code).toBe(2);
});

test("a login with a wrong key stores nothing", async () => {
  const before = readFileSync(file, "utf8");
  expect(await user(["login", server.url, "--token", "cax_wrong"])).toMatchObject({ code: 4 });
  expect(readFileSync(file, "utf8")).toBe(before);
});

test("a key that is sent over plain HTTP beyond loopback is warned of first", async () => {
  const refused = await user(["login", "http://192.0.2.1:9", "--token", "cax_wrong", "--timeout", "200ms"]);
  expect(refused.stderr).toMatch(/warning: http:\/\/192\.0\.2\.1:9 is not encrypted/);
  const local = await user(["login", server.url, "--token", "cax_wrong"]);
  expect(local.stderr).not.toContain("warning");
});
