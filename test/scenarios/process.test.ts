import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { CaxtonProcess } from "../helpers/process.ts";
import { repository } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("server.kill-safe", "run.resume", "cluster.second-server");

const SCRIPT = [
  { toolCalls: [{ name: "csv_parser__describe", arguments: { path: "examples/data/penguins.csv" } }] },
  { text: "The file has 344 rows.", delayMs: 2_500 },
];
const AGENT = `name = "steady"
version = "1.0.0"
capabilities = ["data-analysis"]
tools = ["csv_parser"]
system_prompt = "Answer from the file."
`;
const CONFIG = `[server]
port = 0
shutdown_timeout = "200ms"
[models]
default = "scripted/script.json"
scripted_directory = "."
`;

/** A directory with an agent, a script for its model, and a configuration; the server of it starts on a free port. */
function workplace(): Disposable & { readonly path: string } {
  const directory = tempDirectory();
  cpSync(join(repository, "examples/data"), join(directory.path, "examples/data"), { recursive: true });
  mkdirSync(join(directory.path, "agents"));
  writeFileSync(join(directory.path, "agents/steady.toml"), AGENT);
  writeFileSync(join(directory.path, "script.json"), JSON.stringify(SCRIPT));
  writeFileSync(join(directory.path, "caxton.toml"), CONFIG);
  return directory;
}

type Serving = AsyncDisposable & { readonly server: CaxtonProcess; readonly url: string };

async function serve(cwd: string): Promise<Serving> {
  const server = new CaxtonProcess(["serve", "-o", "json"], { cwd });
  const [, url = ""] = await server.printed(/"url":"(http:[^"]+)"/);
  return { server, url, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const get = async (url: string): Promise<contract.RunDetail> =>
  contract.runs.RunDetail.parse(await (await fetch(url)).json());

async function begin(url: string): Promise<string> {
  const response = await fetch(`${url}/api/v1/runs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ agent: "steady", input: "How many rows?" }),
  });
  expect(response.status).toBe(202);
  return contract.runs.RunDetail.parse(await response.json()).id;
}

async function until(url: string, condition: (run: contract.RunDetail) => boolean): Promise<contract.RunDetail> {
  for (;;) {
    const run = await get(url);
    if (condition(run)) return run;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const toolDone = (run: contract.RunDetail) =>
  run.step_list.some((step) => step.kind === "tool" && step.state === "done");

test("killed with kill -9 in the middle of a run, the server continues it at the next start, and no finished step runs twice", async () => {
  using place = workplace();
  let id = "";
  {
    await using running = await serve(place.path);
    const { server, url } = running;
    id = await begin(url);
    await until(`${url}/api/v1/runs/${id}`, toolDone);
    server.kill("SIGKILL");
    expect((await server.ended()).signal).toBe("SIGKILL");
  }
  await using running = await serve(place.path);
  const { url } = running;
  const run = await until(`${url}/api/v1/runs/${id}`, ({ state }) => state !== "running" && state !== "queued");
  expect(run).toMatchObject({
    state: "completed",
    output: "The file has 344 rows.",
    attempt: 2,
    tool_calls: 1,
    steps: 2,
  });
  using database = new DatabaseSync(join(place.path, ".caxton/caxton.db"), { readOnly: true });
  const starts = database
    .prepare('SELECT body FROM journal WHERE run_id = ? AND body LIKE \'%"type":"tool-start"%\'')
    .all(id);
  expect(starts).toHaveLength(1);
});

test("Ctrl-C drains the server, leaves what is unfinished for the next start, and exits with 130", async () => {
  using place = workplace();
  await using running = await serve(place.path);
  const { server, url } = running;
  const id = await begin(url);
  await until(`${url}/api/v1/runs/${id}`, toolDone);
  server.kill("SIGINT");
  const ended = await server.ended();
  expect(ended.code).toBe(130);
  using database = new DatabaseSync(join(place.path, ".caxton/caxton.db"), { readOnly: true });
  expect(database.prepare("SELECT state FROM runs WHERE id = ?").get(id)).toEqual({ state: "running" });
});

test("SIGTERM ends an idle server at once with 0, and its children with it", async () => {
  using place = workplace();
  await using running = await serve(place.path);
  const { server } = running;
  const children = readFileSync(`/proc/${server.child.pid}/task/${server.child.pid}/children`, "utf8")
    .trim()
    .split(" ");
  expect(children.filter(Boolean).length).toBeGreaterThan(0);
  server.kill("SIGTERM");
  expect((await server.ended()).code).toBe(0);
  const alive = children.filter((pid) => {
    try {
      return pid !== "" && !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
    } catch {
      return false;
    }
  });
  expect(alive).toEqual([]);
});

test("a second server on the same data directory and one on a port in use say what is wrong and exit", async () => {
  using place = workplace();
  await using running = await serve(place.path);
  const { url } = running;
  const same = await new CaxtonProcess(["serve"], { cwd: place.path }).ended();
  expect(same).toMatchObject({ code: 5, stderr: expect.stringContaining("DATA_DIRECTORY_IN_USE") });
  expect(same.stderr).toMatch(
    new RegExp(`server at ${url} \\(process \\d+\\)[^]*--server ${url}[^]*kill \\d+[^]*--data-dir`),
  );
  const args = ["serve", "--port", new URL(url).port, "--data-dir", join(place.path, "other")];
  const port = await new CaxtonProcess(args, { cwd: place.path }).ended();
  expect(port).toMatchObject({ code: 5, stderr: expect.stringContaining("PORT_IN_USE") });
});

test("a data directory that cannot be written is said to be so, with how to choose another", async () => {
  using place = workplace();
  const ended = await new CaxtonProcess(["serve", "--data-dir", "/sys/caxton"], { cwd: place.path }).ended();
  expect(ended.stderr).toContain("STORAGE_READ_ONLY");
  expect(ended.stderr).toContain("--data-dir");
  expect(ended.code).toBe(7);
});
