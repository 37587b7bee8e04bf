import type { runs as contract } from "../../src/api/contract/index.ts";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { caxton, commandLine, start } from "./caxton.ts";
import {
  answer,
  fakeServer,
  frame,
  type Handler,
  problem,
  RUN_ID,
  runDetail,
  runSummary,
  toolStep,
} from "./fake-server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("cli.formats", "cli.exit-codes");

const EVENTS = `GET /api/v1/runs/${RUN_ID}/events`;
const accept: Handler = (_request, response) => answer(response, runDetail({ state: "queued", output: "" }), 202);

const openStream = (response: ServerResponse): ServerResponse =>
  response.writeHead(200, { "content-type": "text/event-stream" });
const stream =
  (...frames: readonly string[]): Handler =>
  (_request, response) =>
    void openStream(response).end(frames.join(""));

const running = frame({ type: "run", run: runSummary() }, 1);
const delta = (text: string, offset = 0) => frame({ type: "text-delta", turn: 1, offset, text });
const end = (more: object = {}) => frame({ type: "end", run: runDetail(more) }, 9);
const tool = frame({ type: "step", step: toolStep() }, 2);

test("the answer alone goes to standard output, how it came about to standard error", async () => {
  await using server = await fakeServer({
    "POST /api/v1/runs": accept,
    [EVENTS]: stream(running, tool, delta("Good day"), delta(" to you.", 8), end({ tool_calls: 1 })),
  });
  const { code, stdout, stderr } = await caxton(["run", "greeter", "say", "hello"], { server: server.url });
  expect(code).toBe(0);
  expect(stdout).toBe("Good day to you.\n");
  expect(stderr).toBe(`─ done in 42 ms · 1 tool call · 20 tokens · mock/basic · run ${RUN_ID}\n`);
  expect(JSON.parse(server.received[0]?.body ?? "")).toEqual({ agent: "greeter", input: "say hello", uploads: [] });
});

test("--verbose prints tool calls with their arguments, --quiet only the answer", async () => {
  await using server = await fakeServer({ "POST /api/v1/runs": accept, [EVENTS]: stream(running, tool, end()) });
  const verbose = await commandLine(["run", "greeter", "hello", "-v"], { server: server.url });
  expect(verbose.stderr).toContain('● csv_parser.group {"by":"region"}  12 ms\n');
  const quiet = await commandLine(["run", "greeter", "hello", "-q"], { server: server.url });
  expect(quiet).toMatchObject({ stdout: "Good day to you.\n", stderr: "" });
});

test("a failed call is printed with its reason", async () => {
  const step = toolStep({ state: "failed", outcome: "tool-error", text: "no such column" });
  const events = stream(running, frame({ type: "step", step }, 2), end());
  await using server = await fakeServer({ "POST /api/v1/runs": accept, [EVENTS]: events });
  const { stderr } = await commandLine(["run", "greeter", "hello", "-v"], { server: server.url });
  expect(stderr).toContain("✗ csv_parser.group");
  expect(stderr).toContain("tool-error: no such column");
});

test("-o json is the run, -o jsonl each event on a line", async () => {
  await using server = await fakeServer({
    "POST /api/v1/runs": accept,
    [EVENTS]: stream(running, delta("Good"), end()),
  });
  const json = await commandLine(["run", "greeter", "hello", "-o", "json"], { server: server.url });
  expect(JSON.parse(json.stdout)).toEqual(runDetail());
  const jsonl = await commandLine(["run", "greeter", "hello", "-o", "jsonl"], { server: server.url });
  const types = jsonl.stdout
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
  expect(types).toEqual([
    { type: "run", run: runSummary() },
    { type: "text-delta", turn: 1, offset: 0, text: "Good" },
    { type: "end", run: runDetail() },
  ]);
  expect([json.stderr, jsonl.stderr]).toEqual(["", ""]);
});

test("an event of a kind that this version does not know is passed over", async () => {
  const events = stream(running, frame({ type: "thought", text: "?" }, 3), end());
  await using server = await fakeServer({ "POST /api/v1/runs": accept, [EVENTS]: events });
  expect(await commandLine(["run", "greeter", "hello"], { server: server.url })).toMatchObject({
    code: 0,
    stdout: "Good day to you.\n",
  });
});

test("a broken stream resumes where it was, and nothing is printed twice", async () => {
  let connections = 0;
  await using server = await fakeServer({
    "POST /api/v1/runs": accept,
    [EVENTS]: (_request, response) => {
      connections += 1;
      if (connections === 1) {
        openStream(response).write(running + tool + delta("Good"));
        setImmediate(() => response.destroy());
      } else if (connections === 2) {
        answer(response, problem({ status: 503, code: "STARTING", detail: "the server starts" }));
      } else {
        openStream(response).end(tool.replace("id: 2", "id: 3") + end());
      }
    },
  });
  const { code, stdout, stderr } = await commandLine(["run", "greeter", "hello", "-v"], { server: server.url });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "Good day to you.\n" });
  expect(stderr.match(/csv_parser\.group/g)).toHaveLength(1);
  expect(stderr).toContain("the connection is lost; trying again");
  expect(stderr).toContain("connected again");
  const resumed = server.received.filter(({ path }) => path.endsWith("/events"));
  expect(resumed.map(({ headers }) => headers["last-event-id"])).toEqual([undefined, "2", "2"]);
});

test("a run that fails exits with 9 and says why and what to do", async () => {
  const failed = end({
    state: "failed",
    output: "",
    failure: { code: "MODEL_AUTH", message: "the key was refused" },
    hint: "set OPENAI_API_KEY",
  });
  await using server = await fakeServer({ "POST /api/v1/runs": accept, [EVENTS]: stream(running, failed) });
  const { code, stdout, stderr } = await commandLine(["run", "greeter", "hello"], { server: server.url });
  expect({ code, stdout }).toEqual({ code: 9, stdout: "" });
  expect(stderr).toContain("error: the key was refused\n  set OPENAI_API_KEY  [MODEL_AUTH]\n");
});

test("a run that waits for a person says how to decide, and exits with 9", async () => {
  const call = toolStep({ state: "waiting", outcome: null, tool: "mailer.send" });
  const waiting = {
    state: "needs-decision",
    waiting_for: call.call_id,
    waiting_calls: [call.call_id],
    step_list: [call],
  };
  await using server = await fakeServer({
    "POST /api/v1/runs": accept,
    [EVENTS]: stream(running, end(waiting)),
    [`GET /api/v1/runs/${RUN_ID}`]: (_request, response) => answer(response, runDetail(waiting)),
    [`POST /api/v1/runs/${RUN_ID}/decide`]: (_request, response) => answer(response, runDetail({ state: "running" })),
  });
  const { code, stderr } = await commandLine(["run", "greeter", "hello"], { server: server.url });
  expect(code).toBe(9);
  expect(stderr).toContain("during mailer.send");
  expect(stderr).toContain(`caxton run decide ${RUN_ID} retry`);
  const decided = await commandLine(["run", "decide", RUN_ID, "skip"], { server: server.url });
  expect(decided).toMatchObject({ code: 0, stdout: `${RUN_ID}  running\n` });
  expect(JSON.parse(server.received.at(-1)?.body ?? "")).toEqual({ decision: "skip" });
  await commandLine(["run", "decide", RUN_ID, "retry", "--call", call.call_id], { server: server.url });
  expect(JSON.parse(server.received.at(-1)?.body ?? "")).toEqual({ call_id: call.call_id, decision: "retry" });
});

test("Ctrl-C cancels the run on the server and exits with 130", async () => {
  let events: ServerResponse | undefined;
  await using server = await fakeServer({
    "POST /api/v1/runs": accept,
    [EVENTS]: (_request, response) => void openStream((events = response)).write(running + tool),
    [`POST /api/v1/runs/${RUN_ID}/cancel`]: (_request, response) => {
      answer(response, runDetail({ state: "cancelled" }));
      events?.end(end({ state: "cancelled", output: "" }));
    },
  });
  const { child, ended } = start(["run", "greeter", "hello", "-v"], { server: server.url });
  await once(child.stderr, "data");
  child.kill("SIGINT");
  const { code, stderr } = await ended;
  expect(code).toBe(130);
  expect(stderr).toContain("─ cancelled");
  expect(server.received.at(-1)?.path).toBe(`/api/v1/runs/${RUN_ID}/cancel`);
});

test("a second Ctrl-C leaves at once, whatever the server does", async () => {
  const asked = Promise.withResolvers<void>();
  await using server = await fakeServer({
    "POST /api/v1/runs": accept,
    [EVENTS]: (_request, response) => void openStream(response).write(running + tool),
    [`POST /api/v1/runs/${RUN_ID}/cancel`]: () => asked.resolve(),
  });
  const { child, ended } = start(["run", "greeter", "hello", "-v"], { server: server.url });
  await once(child.stderr, "data");
  child.kill("SIGINT");
  await asked.promise;
  // Two signals close together are one press; this one comes when that time is over.
  const again = setInterval(() => child.kill("SIGINT"), 100);
  const { signal } = await ended;
  clearInterval(again);
  expect(signal).toBe("SIGINT");
});

test("Ctrl-C while watching leaves the run alone", async () => {
  await using server = await fakeServer({
    [EVENTS]: (_request, response) => void openStream(response).write(running + tool),
  });
  const { child, ended } = start(["run", "watch", RUN_ID, "-v"], { server: server.url });
  await once(child.stderr, "data");
  child.kill("SIGINT");
  const { code, stderr } = await ended;
  expect(code).toBe(130);
  expect(stderr).toContain("the run continues");
  expect(server.received.map(({ method }) => method)).toEqual(["GET"]);
});

test("--timeout ends the waiting, not the run, with exit 8", async () => {
  await using server = await fakeServer({
    "POST /api/v1/runs": accept,
    [EVENTS]: (_request, response) => void openStream(response).write(running),
  });
  const { code, stderr } = await commandLine(["run", "greeter", "hello", "--timeout", "1s"], { server: server.url });
  expect(code).toBe(8);
  expect(stderr).toContain(`caxton run watch ${RUN_ID}`);
  expect(server.received.some(({ path }) => path.endsWith("/cancel"))).toBe(false);
});

test("--detach prints the id and does not wait", async () => {
  await using server = await fakeServer({ "POST /api/v1/runs": accept });
  const { code, stdout, stderr } = await commandLine(["run", "greeter", "hello", "--detach"], { server: server.url });
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${RUN_ID}\n` });
  expect(stderr).toBe(`follow it with: caxton run watch ${RUN_ID}\n`);
});

test("- takes the request from standard input, between the words around it", async () => {
  await using server = await fakeServer({ "POST /api/v1/runs": accept, [EVENTS]: stream(end()) });
  await caxton(["run", "greeter", "Translate", "this:", "-"], { server: server.url, input: "bonjour\n" });
  expect(JSON.parse(server.received[0]?.body ?? "").input).toBe("Translate this:\n\nbonjour");
  const empty = await commandLine(["run", "greeter", "-"], { server: server.url });
  expect(empty.code).toBe(2);
});

test("files are sent with their name, type and bytes before the run", async () => {
  const directory = await mkdtemp(join(tmpdir(), "caxton-cli-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = join(directory, "sales data.csv");
  await writeFile(path, "a,b\n1,2\n");
  await using server = await fakeServer({
    "POST /api/v1/uploads": (_request, response) =>
      answer(
        response,
        { id: "u-1", name: "sales data.csv", media_type: "text/csv", bytes: 8, expires_at: "2026-11-22T10:00:00Z" },
        201,
      ),
    "POST /api/v1/runs": accept,
    [EVENTS]: stream(end()),
  });
  await commandLine(["run", "greeter", "hello", "--file", path, "-f", path], { server: server.url });
  const [first, second, third] = server.received;
  expect(first).toMatchObject({ path: "/api/v1/uploads?name=sales+data.csv", body: "a,b\n1,2\n" });
  expect(first?.headers).toMatchObject({ "content-type": "text/csv", "content-length": "8" });
  expect(second?.path).toBe(first?.path);
  expect(JSON.parse(third?.body ?? "").uploads).toEqual(["u-1", "u-1"]);
});

test("a server that has not deployed its agents yet is waited for", async () => {
  let asked = 0;
  await using server = await fakeServer({
    "POST /api/v1/runs": (request, response) => {
      if (asked > 2) return accept(request, response);
      answer(response, problem({ status: 404, code: "AGENT_NOT_FOUND", detail: "agent greeter is not deployed" }));
    },
    "GET /ready": (_request, response) => {
      asked += 1;
      answer(response, { status: asked > 2 ? "ready" : "starting", checks: {} }, asked > 2 ? 200 : 503);
    },
    [EVENTS]: stream(end()),
  });
  expect(await commandLine(["run", "greeter", "hello"], { server: server.url })).toMatchObject({ code: 0 });
  expect(asked).toBe(3);
});

test("a file that is not there is named before anything is sent", async () => {
  await using server = await fakeServer({});
  const { code, stderr } = await commandLine(["run", "greeter", "hello", "-f", "missing.csv"], { server: server.url });
  expect(code).toBe(2);
  expect(stderr).toContain("cannot read missing.csv: there is no such file");
  expect(server.received).toEqual([]);
});

test("run is a noun before list and a verb before an agent, also one that is called list", async () => {
  await using server = await fakeServer({
    "GET /api/v1/runs": (_request, response) => answer(response, { items: [], next: null }),
    "POST /api/v1/runs": accept,
    [EVENTS]: stream(end()),
  });
  const asked = async (args: readonly string[]) => {
    const before = server.received.length;
    await commandLine(args, { server: server.url });
    const request = server.received[before];
    return `${request?.method} ${request?.body === "" ? "" : JSON.parse(request?.body ?? "{}").agent}`;
  };
  expect(await asked(["run", "list"])).toBe("GET ");
  expect(await asked(["runs", "list"])).toBe("GET ");
  expect(await asked(["--json", "run", "list"])).toBe("GET ");
  expect(await asked(["run", "greeter", "list"])).toBe("POST greeter");
  expect(await asked(["run", "--file", "get", "greeter", "list"])).toBe("undefined undefined");
  expect(await asked(["run", "--", "list", "hello"])).toBe("POST list");
  expect(await asked(["run", "--detach", "--", "get", "hello"])).toBe("POST get");
  const meant = 'to ask an agent named list: caxton run -- list "..."';
  for (const line of [
    ["run", "list", "say hello"],
    ["run", "list", "--detach"],
  ])
    expect(await commandLine(line, { server: server.url })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(meant),
    });
  // Options that the verb has too are the noun's.
  const fork = ["run", "fork", runSummary().id, "--at", "1", "--model", "mock/mock"];
  await commandLine(fork, { server: server.url });
  expect(JSON.parse(server.received.at(-1)?.body ?? "")).toEqual({ at: 1, model: "mock/mock" });
  const { stderr } = await commandLine(["run", "replay", "--file", "missing.json"], { server: server.url });
  expect(stderr).toContain("cannot read missing.json: there is no such file");
  const noun = await commandLine(["runs", "greeter", "hello"], { server: server.url });
  expect(noun.code).toBe(2);
});

test("a run is named by last, by its id or by a part of it that fits one only", async () => {
  const other = "0199c3a4-7c1e-7abc-8def-ffffffffffab";
  await using server = await fakeServer({
    "GET /api/v1/runs": (_request, response) =>
      answer(response, { items: [runSummary(), runSummary({ id: other })], next: null }),
    [`GET /api/v1/runs/${RUN_ID}`]: (_request, response) => answer(response, runDetail()),
    [`GET /api/v1/runs/${other}`]: (_request, response) => answer(response, runDetail({ id: other })),
  });
  const named = async (reference: string) =>
    (await commandLine(["run", "get", reference, "-o", "name"], { server: server.url })).stdout.trim();
  expect(await named("last")).toBe(RUN_ID);
  expect(await named("456789ab")).toBe(RUN_ID);
  expect(await named("FFFFFFAB")).toBe(other);
  expect(await named(RUN_ID)).toBe(RUN_ID);
  const several = await commandLine(["run", "get", "0199c3a4"], { server: server.url });
  expect(several).toMatchObject({ code: 3, stdout: "" });
  expect(several.stderr).toContain('"0199c3a4" fits 2 runs');
  const none = await commandLine(["run", "get", "zzzz"], { server: server.url });
  expect(none.stderr).toContain("caxton run list");
});

test("run get shows each step, what failed and the answer", async () => {
  const model: Extract<contract.Step, { kind: "model" }> = {
    kind: "model",
    index: 1,
    turn: 1,
    state: "done",
    started_at: "2026-11-21T10:00:00.000Z",
    resumed_at: "2026-11-21T10:00:00.000Z",
    duration_ms: 7,
    model: "mock/basic",
    text: "",
    reasoning: "",
    tool_calls: [{ id: "1", name: "csv_parser__group", arguments: "{}" }],
    finish: "tool-calls",
    first_part_ms: 1,
    input_tokens: 10,
    output_tokens: 4,
    offered_tools: 3,
    offered_tools_tokens: 410,
    attempts: [],
    queued_ms: 0,
    waits_for: null,
    output_problems: [],
    context: null,
    cost: null,
    limited: null,
  };
  const detail = runDetail({
    step_list: [model, toolStep(), toolStep({ index: 3, state: "failed", outcome: "fuel", text: "out of fuel" })],
  });
  await using server = await fakeServer({
    [`GET /api/v1/runs/${RUN_ID}`]: (_request, response) => answer(response, detail),
  });
  const { stdout } = await commandLine(["run", "get", RUN_ID], { server: server.url });
  expect(stdout).toContain("Agent    greeter, revision 1\n");
  expect(stdout).toContain("●  1  model  mock/basic  7 ms  10 → 4 tokens (3 tools ≈ 410)  calls csv_parser.group\n");
  expect(stdout).toContain("●  2  tool   csv_parser.group  12 ms  1,200 fuel\n");
  expect(stdout).toContain("✗  3  tool   csv_parser.group  12 ms  fuel  1,200 fuel\n          result out of fuel\n");
  expect(stdout).toContain("Answer\nGood day to you.\n");
});
