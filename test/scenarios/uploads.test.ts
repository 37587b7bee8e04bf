import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { Database, SqliteArtifactStore, SqliteUploadStore } from "../../src/storage/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { mint, RunId, UploadId } from "../../src/kernel/ids.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("api.uploads");

const data = tempDirectory();
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ directory: data.path });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  data[Symbol.dispose]();
});

async function upload(name: string, content: string): Promise<string> {
  const response = await fetch(`${server.url}/api/v1/uploads?name=${encodeURIComponent(name)}`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: content,
  });
  expect(response.status).toBe(201);
  return contract.runs.Upload.parse(await response.json()).id;
}

const start = (agent: string, uploads: readonly string[]) =>
  server.ask("POST", "/api/v1/runs", { agent, input: "Which shop has the highest mean price?", uploads, wait: true });

const describeCsv = async (path: string, uploads: readonly string[]) => {
  const call = { arguments: { path }, uploads };
  const { body } = await server.ask("POST", "/api/v1/tools/csv_parser/describe/call", call);
  return contract.tools.ToolCallOutcome.parse(body);
};

test("the files of a run that was refused are free for the next", async () => {
  const id = await upload("free.csv", "shop,price\nNorth,1\nSouth,2\n");
  expect(await start("no-such-agent", [id])).toMatchObject({ status: 404, body: { code: "AGENT_NOT_FOUND" } });
  const { status, body } = await start("data-analyzer", [id]);
  expect(status).toBeLessThan(300);
  expect(contract.runs.RunDetail.parse(body).output).toContain("South");
});

test("a file that was sent with a run is returned as it was, and never as a page", async () => {
  const page = "<script>alert(1)</script>";
  const names = ["page.html", "a b%2F#?é.svg", "dot.png", "empty.bin"];
  const types = ["text/html", "image/svg+xml", "image/png", "application/x-empty"];
  const ids: string[] = [];
  for (const [at, name] of names.entries()) {
    const response = await fetch(`${server.url}/api/v1/uploads?name=${encodeURIComponent(name)}`, {
      method: "POST",
      headers: { "content-type": types[at] ?? "" },
      body: name === "empty.bin" ? "" : page,
    });
    ids.push(contract.runs.Upload.parse(await response.json()).id);
  }
  const run = contract.runs.RunDetail.parse((await start("data-analyzer", ids)).body);
  const answers = await Promise.all(
    run.files.map(async ({ name }) => {
      const answer = await fetch(`${server.url}/api/v1/runs/${run.id}/files/${encodeURIComponent(name)}`);
      const { headers } = answer;
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("content-security-policy")).toContain("sandbox");
      return [headers.get("content-type"), headers.get("content-disposition")?.split(";")[0], await answer.text()];
    }),
  );
  expect(answers).toEqual([
    ["text/html", "attachment", page],
    ["image/svg+xml", "attachment", page],
    ["image/png", "inline", page],
    ["application/x-empty", "attachment", ""],
  ]);
  for (const name of ["missing.txt", encodeURIComponent("../../caxton.db")])
    expect(await server.ask("GET", `/api/v1/runs/${run.id}/files/${name}`)).toMatchObject({
      status: 404,
      body: { code: "UPLOAD_NOT_FOUND" },
    });
  rmSync(join(data.path, ".caxton/uploads", ids[0] ?? "", "page.html"));
  expect(await server.ask("GET", `/api/v1/runs/${run.id}/files/page.html`)).toMatchObject({
    status: 404,
    body: { code: "UPLOAD_NOT_FOUND", detail: expect.stringContaining("is gone") },
  });
});

test("a tool called by hand leaves its files free, also when it fails", async () => {
  const id = await upload("hand.csv", "shop,price\nNorth,1\n");
  expect(await describeCsv("uploads/other.csv", [id])).toMatchObject({ outcome: "tool-error" });
  expect(await describeCsv("uploads/hand.csv", [id])).toMatchObject({ outcome: "done" });
  expect((await start("data-analyzer", [id])).status).toBeLessThan(300);
});

test("of files with one name each is readable, the later ones under a number; a file given twice is there once", async () => {
  const ids = [
    await upload("same.csv", "first\n1\n"),
    await upload("same-2.csv", "own\n1\n"),
    await upload("same.csv", "second\n1\n"),
    await upload("same.csv", "third\n1\n"),
  ];
  for (const [name, column] of [
    ["same.csv", "first"],
    ["same-2.csv", "own"],
    ["same-3.csv", "second"],
    ["same-4.csv", "third"],
  ] as const) {
    const { outcome, text } = await describeCsv(`uploads/${name}`, [...ids, ...ids]);
    expect(outcome, text).toBe("done");
    expect(text).toContain(column);
  }
  const { body } = await start("data-analyzer", [...ids, ...ids]);
  expect(contract.runs.RunDetail.parse(body).files.map(({ name }) => name)).toEqual([
    "same.csv",
    "same-2.csv",
    "same-3.csv",
    "same-4.csv",
  ]);
});

test("an upload over the limit is refused as too large, whether its size was declared or not", async () => {
  await using small = await startServer({ settings: { "files.upload_bytes_max": 1_000 } });
  const send = async (body: string | ReadableStream) => {
    const init: RequestInit = { method: "POST", body, headers: { "content-type": "text/csv" }, duplex: "half" };
    const response = await fetch(`${small.url}/api/v1/uploads?name=big.csv`, init);
    return { status: response.status, body: await response.json() };
  };
  const refused = {
    status: 413,
    body: { code: "UPLOAD_TOO_LARGE", hint: expect.stringContaining("upload_bytes_max") },
  };
  expect(await send("x".repeat(5_000))).toMatchObject(refused);
  const chunks = ReadableStream.from([600, 600, 600].map((length) => Buffer.alloc(length, "x")));
  expect(await send(chunks)).toMatchObject(refused);
  expect((await send("x".repeat(1_000))).status).toBe(201);
});

const uploadsDirectory = () => join(server.directory, ".caxton/uploads");

test("an upload that its client aborts leaves nothing behind", async () => {
  const before = readdirSync(uploadsDirectory()).length;
  const arrived = Promise.withResolvers<void>();
  const sending = request(`${server.url}/api/v1/uploads?name=half.csv`, { method: "POST" });
  sending.on("error", () => arrived.resolve());
  sending.write("a,b\n");
  await expect.poll(() => readdirSync(uploadsDirectory()).length).toBe(before + 1);
  sending.destroy();
  await arrived.promise.catch(() => undefined);
  await expect.poll(() => readdirSync(uploadsDirectory()).length).toBe(before);
});

/** A store on a directory of its own, and its bytes' source. */
function store(directory: string) {
  const database = Database.open({ directory, synchronous: "normal" });
  return {
    database,
    uploads: new SqliteUploadStore(database, systemClock, { bytesMax: 1_000, waitingBytesMax: 100_000 }),
    artifacts: new SqliteArtifactStore(database, systemClock),
    [Symbol.dispose]: () => database[Symbol.dispose](),
  };
}
const csv = { name: "a.csv", mediaType: "text/csv" };

test.each(["ECONNRESET", "ABORT_ERR"])("a body that ends with %s is an upload that was cancelled", async (code) => {
  using directory = tempDirectory();
  using opened = store(directory.path);
  const stopping = new AbortController();
  async function* cut(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("a,b\n");
    if (code === "ABORT_ERR") stopping.abort();
    else throw Object.assign(new Error("aborted"), { code });
    yield Buffer.from("1,2\n");
  }
  await expect(opened.uploads.save({ workspace: "default", ...csv }, cut(), stopping.signal)).rejects.toMatchObject({
    code: "CANCELLED",
  });
  expect(readdirSync(join(directory.path, "uploads"))).toEqual([]);
});

test("a start sets free what no run has, and deletes directories of uploads that no row knows, and nothing else", async () => {
  const kept = await upload("kept.csv", "shop,price\nNorth,1\n");
  const taken = await upload("taken.csv", "shop,price\nNorth,1\n");
  expect((await start("data-analyzer", [taken])).status).toBeLessThan(300);
  const { directory } = server;
  await server[Symbol.asyncDispose]();
  const orphan = join(uploadsDirectory(), mint(UploadId));
  const foreign = join(uploadsDirectory(), "notes");
  for (const path of [orphan, foreign]) {
    mkdirSync(path);
    writeFileSync(join(path, "a.csv"), "x");
  }
  {
    using opened = store(join(directory, ".caxton"));
    // As a server leaves it that dies between taking the file and accepting the run.
    await opened.uploads.take([UploadId.parse(kept)], { workspace: "default", runId: mint(RunId) });
  }
  server = await startServer({ directory });
  expect(existsSync(orphan)).toBe(false);
  expect(existsSync(foreign)).toBe(true);
  expect((await start("data-analyzer", [kept])).status).toBeLessThan(300);
  expect(await start("data-analyzer", [taken])).toMatchObject({ status: 409, body: { code: "UPLOAD_TAKEN" } });
});

test("an artifact's file is said to be removed only when it is not there", async () => {
  using directory = tempDirectory();
  using opened = store(directory.path);
  const runId = mint(RunId);
  const artifact = await opened.artifacts.save(runId, { name: "a.svg", mediaType: "image/svg+xml", text: "<svg/>" });
  const path = join(directory.path, artifact.path);
  rmSync(path);
  await expect(opened.artifacts.read(artifact)).rejects.toMatchObject({ code: "ARTIFACT_NOT_FOUND" });
  mkdirSync(path);
  await expect(opened.artifacts.read(artifact)).rejects.toMatchObject({ code: "EISDIR" });
});
