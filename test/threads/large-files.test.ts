import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { CaxtonProcess } from "../helpers/process.ts";
import { repository } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";

const MIB = 2 ** 20;
const LINE = "Adelie,Torgersen,39.1,18.7,181,3750\n";

/** A text of 100 MiB, in pieces. */
async function* lines(): AsyncGenerator<Uint8Array> {
  const piece = Buffer.from(LINE.repeat(Math.ceil(MIB / LINE.length)).slice(0, MIB));
  for (let at = 0; at < 100; at += 1) yield piece;
}

/** The most memory that a process has had, in bytes. */
const peakOf = (pid: number): number =>
  Number(/VmHWM:\s+(?<kib>\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.groups?.["kib"]) * 1024;

test("a file of 100 MiB in a thread takes no memory of its size, and the dialogue continues after it", async () => {
  using place = tempDirectory();
  cpSync(join(repository, "examples/agents/data-analyzer.toml"), join(place.path, "agents/data-analyzer.toml"));
  await using server = new CaxtonProcess(["serve", "-o", "json", "--port", "0"], { cwd: place.path });
  const [, url = ""] = await server.printed(/"url":"(http:[^"]+)"/);
  const post = async (path: string, body: object) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    expect([path, response.status]).toEqual([path, expect.toSatisfy((status: number) => status < 300)]);
    return response.json();
  };
  const { id } = contract.threads.Thread.parse(await post("/threads", { agent: "data-analyzer" }));
  const say = async (input: string, uploads: readonly string[] = []) =>
    contract.threads.Sent.parse(await post(`/threads/${id}/messages`, { input, uploads, wait: true })).run;
  await say("hello");
  const pid = server.child.pid ?? 0;
  const before = peakOf(pid);
  const uploaded = await fetch(`${url}/api/v1/uploads?name=large.txt`, {
    method: "POST",
    headers: { "content-type": "text/plain" },
    body: ReadableStream.from(lines()),
    duplex: "half",
  });
  const upload = contract.runs.Upload.parse(await uploaded.json());
  expect(upload.bytes).toBe(100 * MIB);
  const read = await say("Read it", [upload.id]);
  expect(read).toMatchObject({ state: "completed", files: [{ name: "large.txt", bytes: 100 * MIB }] });
  expect(read.tool_calls).toBeGreaterThan(0);
  expect(await say("hello again")).toMatchObject({ state: "completed" });
  expect(peakOf(pid) - before).toBeLessThan(100 * MIB);
});
