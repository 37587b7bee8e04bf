import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text as textIn } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { tempDirectory } from "../../helpers/temp.ts";
import { callOf, never, processOf, runnerTo, serverIn, textOf, until } from "./room.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.remote-mcp");

const SERVER = fileURLToPath(new URL("./stdio-server.ts", import.meta.url));

const ada = async () => ({ type: "accepted", content: { name: "Ada", loud: false } }) as const;
const withSecret = async (text: string) => ({
  text: text.replace("${env:SECRET}", "hunter2-hunter2"),
  values: text.includes("${env:SECRET}") ? [{ name: "SECRET", value: "hunter2-hunter2" }] : [],
});

for (const era of ["modern", "legacy"]) {
  test(`a local process that speaks the ${era} revision gives its tools, and they answer`, async () => {
    await using runner = runnerTo(processOf([SERVER, era]));
    await runner.open(20_000);
    const [server] = runner.servers();
    expect(server).toMatchObject({ state: "loaded", interface: "mcp-stdio", isSandboxed: false });
    expect(server?.grants).toEqual(["everything the server's user may: not sandboxed"]);
    expect(textOf(await runner.call(callOf("add", { a: 2, b: 3 }), never))).toBe("5");
    expect(textOf(await runner.call(callOf("ask", {}, { ask: ada }), never))).toBe("hello Ada");
  });
}

test("a program that ends at the first request it does not know is spoken to in its own revision", async () => {
  await using runner = runnerTo(processOf([SERVER, "legacy", "quits"]));
  await runner.open(20_000);
  expect(textOf(await runner.call(callOf("add", { a: 1, b: 1 }), never))).toBe("2");
});

test("a process gets the variables it is given and no others, and its log hides their values", async () => {
  const transport = processOf([SERVER, "modern", "loudly"], { environment: { TOKEN: "${env:SECRET}" } });
  await using runner = runnerTo(transport, {}, { resolve: withSecret });
  await runner.open(20_000);
  const lines = runner.logs("remote").map(({ text }) => text);
  expect(lines).toContain("started with loudly and secret [redacted:SECRET]");
  expect(JSON.stringify(runner.servers())).not.toContain("hunter2");
});

// remote.process-transport.P2
test("what is no message is noted and skipped", async () => {
  await using runner = runnerTo(processOf([SERVER, "modern", "garbage"]));
  await runner.open(20_000);
  expect(textOf(await runner.call(callOf("add", { a: 1, b: 1 }), never))).toBe("2");
  const log = runner
    .logs("remote")
    .map(({ text }) => text)
    .join("\n");
  expect(log).toContain("not a message on standard output");
  expect(log).toContain("not a JSON-RPC message on standard output");
});

test("a process that dies is started again, and the call finds the new one", async () => {
  using temp = tempDirectory();
  const file = join(temp.path, "pid");
  await using runner = runnerTo(processOf([SERVER, "modern"], { environment: { PID_FILE: file } }));
  await runner.open(20_000);
  const first = pidIn(file);
  process.kill(first, "SIGKILL");
  await serverIn(runner, "failed");
  expect(textOf(await runner.call(callOf("add", { a: 3, b: 3 }), never))).toBe("6");
  expect(pidIn(file)).not.toBe(first);
});

test("a missing program is a state with a reason, and nothing is left of it", async () => {
  await using runner = runnerTo(processOf([], { command: "no-such-program-anywhere" }), { timeoutMs: 100 });
  await runner.open(20_000);
  const server = await serverIn(runner, "failed");
  expect(server.reason).toContain("exit code 127");
  expect(server.reason).toContain("no-such-program-anywhere");
});

test("when no descriptor is left to start a process with, the server reports it, continues, and connects later", async () => {
  const script = fileURLToPath(new URL("./few-descriptors.ts", import.meta.url));
  const limited = spawn(
    "/bin/sh",
    ["-c", 'ulimit -n 128; exec "$@"', "sh", process.execPath, script, SERVER, "modern"],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const [first = "", second] = (await textIn(limited.stdout)).split("\n");
  expect(first).toContain("EMFILE");
  expect(second).toBe("connected");
});

// remote.mcp-connection.L2, remote.process-transport.P1
test("nothing is left of a process and what it started when the runner is closed", async () => {
  using temp = tempDirectory();
  const file = join(temp.path, "pid");
  const runner = runnerTo(processOf([SERVER, "modern", "stubborn"], { environment: { PID_FILE: file } }));
  await runner.open(20_000);
  const pids = [pidIn(file), grandchildIn(runner.logs("remote").map(({ text }) => text))];
  await runner[Symbol.asyncDispose]();
  expect(await until(() => (pids.some(isAlive) ? undefined : pids))).toHaveLength(2);
});

// remote.process-transport.P1
test("nothing is left of a process and what it started when the server is killed", async () => {
  using temp = tempDirectory();
  const file = join(temp.path, "pid");
  const script = fileURLToPath(new URL("./hold-process.ts", import.meta.url));
  const owner = spawn(process.execPath, [script, SERVER, "modern", "stubborn"], {
    env: { ...process.env, PID_FILE: file },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  for await (const piece of owner.stdout.setEncoding("utf8")) {
    printed += String(piece);
    if (printed.includes("ready")) break;
  }
  const pids = [pidIn(file), grandchildIn(printed.split("\n"))];
  expect(pids.map(isAlive)).toEqual([true, true]);
  owner.kill("SIGKILL");
  expect(await until(() => (pids.some(isAlive) ? undefined : pids))).toHaveLength(2);
});

const pidIn = (file: string): number => Number(readFileSync(file, "utf8"));

function grandchildIn(lines: readonly string[]): number | undefined {
  const [, pid] = lines.flatMap((line) => /grandchild (\d+)/.exec(line) ?? []);
  return pid === undefined ? undefined : Number(pid);
}

function isAlive(pid: number | undefined): boolean {
  if (pid === undefined) throw new Error("no process");
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}
