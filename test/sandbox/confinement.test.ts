import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { assemble, Room } from "./room.ts";

/** The arguments that a sandbox child is run with, up to its program. */
async function childArguments(): Promise<readonly string[]> {
  await using room = new Room();
  await room.deploy(await assemble("probe.wat"), "p");
  await room.call("p.answer");
  const [pid] = room.pids();
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(1, -2);
}

const ATTEMPTS = {
  "read a file": `await import("node:fs").then((fs) => fs.readFileSync("/etc/passwd"))`,
  "read the server's sources": `await import("node:fs").then((fs) => fs.readFileSync(${JSON.stringify(fileURLToPath(new URL("../../package.json", import.meta.url)))}))`,
  "write a file": `await import("node:fs").then((fs) => fs.writeFileSync("/tmp/caxton-escaped", "x"))`,
  "start a process": `await import("node:child_process").then((cp) => cp.execFileSync("id"))`,
  "start a thread": `await import("node:worker_threads").then(({ Worker }) => new Worker("1", { eval: true }))`,
  "open a socket": `await import("node:net").then((net) => new Promise((ok, bad) => net.connect(9, "127.0.0.1").once("connect", ok).once("error", (e) => e.code === "ECONNREFUSED" ? ok() : bad(e))))`,
  listen: `await import("node:net").then((net) => new Promise((ok, bad) => net.createServer().listen(0, ok).once("error", bad)))`,
  "make code of text": `new Function("return 1")()`,
  "load an addon": `process.dlopen({ exports: {} }, "/nowhere.node")`,
} as const;

test("a process that runs guests may do nothing that it does not need", async () => {
  const flags = await childArguments();
  expect(flags).toContain("--permission");
  for (const [what, code] of Object.entries(ATTEMPTS)) {
    const program = `try { ${code}; console.log("done"); } catch (error) { console.log(error.code ?? error.name); } process.exit(0);`;
    const run = spawnSync(process.execPath, [...flags, "--input-type=module", "--eval", program], {
      env: {},
      encoding: "utf8",
    });
    expect(run.stdout.trim(), `${what}: ${run.stderr}`).toMatch(/^(ERR_ACCESS_DENIED|EvalError|ERR_DLOPEN_DISABLED)$/);
  }
});

test("a process that runs guests has no environment and no descriptors but its pipe", async () => {
  await using room = new Room();
  await room.deploy(await assemble("probe.wat"), "p");
  await room.call("p.answer");
  const [pid] = room.pids();
  expect(readFileSync(`/proc/${pid}/environ`, "utf8")).toBe("");
  const open = readdirSync(`/proc/${pid}/fd`).map((number) => readlinkSync(`/proc/${pid}/fd/${number}`));
  expect(open.filter((name) => !/^(\/dev\/null|anon_inode:.*|(pipe|socket):\[\d+\])$/.test(name))).toEqual([]);
});
