import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempDirectory } from "../helpers/temp.ts";
import { caxton, commandLine, start, UNPRIVILEGED } from "./caxton.ts";
import { serving } from "./serving.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("deployment.watch", "api.health");

const greeter = (more = "") => `name = "greeter"
version = "1.0.0"
description = "Says hello"
capabilities = ["greeting"]
tools = []
system_prompt = "You greet."
${more}`;

/** A working directory with one agent, whose model plays the turns given. */
function workplace(turns: readonly object[] = [{ text: "Good day to you." }]) {
  const directory = tempDirectory();
  const { path } = directory;
  mkdirSync(join(path, "agents"));
  writeFileSync(join(path, "agents", "greeter.toml"), greeter());
  writeFileSync(join(path, "script.json"), JSON.stringify(turns));
  const environment = {
    CAXTON_MODELS__DEFAULT: "scripted/script.json",
    CAXTON_MODELS__SCRIPTED_DIRECTORY: path,
    CAXTON_SERVER: "",
  };
  return { path, environment, [Symbol.dispose]: () => directory[Symbol.dispose]() };
}

test("serve says where it is and what it deployed, and ends with 0 on SIGTERM", async () => {
  using place = workplace();
  await using server = await serving({ cwd: place.path, environment: place.environment });
  expect(server.ready).toMatchObject({
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    dashboard_url: null,
    definitions: [{ type: "created", file: join(place.path, "agents", "greeter.toml") }],
    resumed_runs: 0,
  });
  server.child.kill("SIGTERM");
  const { code, stderr } = await server.ended;
  expect(code).toBe(0);
  expect(stderr).toContain("stopping");
});

test("serve ends with 130 on SIGINT", async () => {
  using place = workplace();
  await using server = await serving({ cwd: place.path, environment: place.environment });
  server.child.kill("SIGINT");
  expect((await server.ended).code).toBe(130);
});

test("commands in the directory of a running server find it automatically", async () => {
  using place = workplace();
  const environment = { CAXTON_SERVER: "", CAXTON_DATA_DIR: join(place.path, ".caxton") };
  const list = () => caxton(["agent", "list", "-o", "name"], { cwd: place.path, environment });
  await using server = await serving({ cwd: place.path, environment: place.environment });
  expect(await list()).toMatchObject({ code: 0, stdout: "greeter\n" });
  server.child.kill("SIGKILL");
  await server.ended;
  expect(existsSync(join(place.path, ".caxton", "server.json"))).toBe(true);
  expect((await list()).stderr).not.toContain(server.url);
});

test("a port that is taken is a conflict that names it", async () => {
  using place = workplace();
  await using server = await serving({ cwd: place.path, environment: place.environment });
  using other = workplace();
  const { port } = new URL(server.url);
  const { code, stderr } = await caxton(["serve", "--port", port, "--data-dir", join(other.path, "data")], {
    cwd: other.path,
  });
  expect(code).toBe(5);
  expect(stderr).toContain(`port ${port} on 127.0.0.1 is in use`);
  expect(stderr).toContain("[PORT_IN_USE]");
});

test("an invalid flag is reported before anything starts", async () => {
  using place = workplace();
  const { code, stderr } = await caxton(["serve", "--port", "99999"], { cwd: place.path });
  expect(code).toBe(2);
  expect(stderr).toContain("'99999' is invalid. Expected a whole number from 0 to 65535");
});

test("a run is watched across a restart of the server, to its answer", { timeout: 180_000 }, async () => {
  // The first server cannot answer before it is killed, however slow the machine is.
  using place = workplace([{ text: "Good day to you.", delayMs: 600_000 }]);
  const first = await serving({ cwd: place.path, environment: place.environment });
  const port = Number(new URL(first.url).port);
  const { stdout: id } = await commandLine(["run", "greeter", "hello", "--detach"], { server: first.url });
  const { child, ended } = start(["run", "watch", id.trim(), "-o", "jsonl"], { server: first.url });
  await once(child.stdout, "data");
  first.child.kill("SIGKILL");
  await first.ended;
  writeFileSync(join(place.path, "script.json"), JSON.stringify([{ text: "Good day to you." }]));
  await using second = await serving({ cwd: place.path, port, environment: place.environment });
  expect(second.ready.resumed_runs).toBe(1);
  const { code, stdout, stderr } = await ended;
  expect(code).toBe(0);
  const last: unknown = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  expect(last).toMatchObject({ type: "end", run: { state: "completed", output: "Good day to you.", attempt: 2 } });
  expect(stderr).toBe("the connection is lost; trying again\nconnected again\n");
});

test("dev deploys a file when it is saved and keeps the revision when it is broken", async () => {
  using place = workplace();
  const file = join(place.path, "agents", "greeter.toml");
  const { child, ended } = start(["dev", "--port", "0", "--no-ui"], {
    cwd: place.path,
    environment: { ...place.environment, CAXTON_DATA_DIR: join(place.path, ".caxton") },
  });
  let shown = "";
  child.stdout.on("data", (piece: Buffer) => (shown += piece.toString()));
  const until = async (pattern: RegExp) => {
    while (!pattern.test(shown)) await once(child.stdout, "data");
  };
  await until(/Model +scripted/);
  expect(shown).toContain("(watching agents)");
  writeFileSync(file, greeter('tags = ["polite"]\n'));
  await until(/↻ agents\/greeter\.toml changed → revision 2 of greeter deployed/);
  writeFileSync(file, greeter("temprature = 1\n"));
  await until(/✗ agents\/greeter\.toml:7:1 .*temprature[\s\S]*not deployed; the revision before stays/);
  writeFileSync(join(place.path, "agents", "second.toml"), greeter().replace("greeter", "second"));
  await until(/↻ agents\/second\.toml added → revision 1 of second deployed/);
  const { url } = JSON.parse(readFileSync(join(place.path, ".caxton", "server.json"), "utf8"));
  const revisions = await commandLine(["agent", "revisions", "greeter", "-o", "name"], { server: url });
  expect(revisions.stdout).toBe("2\n1\n");
  child.kill("SIGINT");
  expect((await ended).code).toBe(130);
  expect(existsSync(join(place.path, ".caxton", "server.json"))).toBe(false);
});

test("a server whose data directory became read-only is not ready, and stops without an error", async () => {
  using place = workplace();
  const data = join(place.path, ".caxton");
  await using server = await serving({ cwd: place.path, environment: place.environment, through: UNPRIVILEGED });
  chmodSync(data, 0o500);
  const ready = await fetch(`${server.url}/ready`);
  expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining("STORAGE_READ_ONLY")]);
  const status = await commandLine(["status"], { server: server.url });
  expect(status.stdout).toMatch(/^Not ready +✗ store .*\[STORAGE_READ_ONLY\]$/m);
  server.child.kill("SIGTERM");
  const { code, stderr } = await server.ended;
  chmodSync(data, 0o700);
  expect([code, stderr]).toEqual([0, expect.not.stringContaining("[BUG]")]);
});
