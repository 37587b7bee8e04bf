import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  acceptedContent,
  createRequestStateCodec,
  inputRequired,
  McpServer,
  type McpServerFactory,
} from "@modelcontextprotocol/server";
import { expect, test, vi } from "vitest";
import * as z from "zod";
import { WaitingInputPage } from "../../../src/api/contract/runs/inputs.ts";
import { RunDetail } from "../../../src/api/contract/runs/runs.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import { Json } from "../../../src/kernel/json.ts";
import { CaxtonProcess } from "../../helpers/process.ts";
import { startServer, type TestServer } from "../../helpers/server.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { verifies } from "../../helpers/verifies.ts";
import { callOf, Endpoint, httpAt, modernHandler, never, runnerTo, serverIn, textOf } from "./room.ts";

verifies("tool.mcp-lasting-questions");

const codec = createRequestStateCodec<{ step: number; colour?: string }>({ key: "k".repeat(32) });
const Colour = z.object({ colour: z.string() });
const Size = z.object({ size: z.int() });

const actionOf = (responses: Readonly<Record<string, unknown>> | undefined, key: string): string => {
  const response = responses?.[key];
  return z.object({ action: z.string() }).safeParse(response).data?.action ?? "none";
};

/** A shop whose order asks for two things at once, then for a page to visit; it remembers nothing itself. */
const shop =
  (calls: string[], bytes = 0): McpServerFactory =>
  () => {
    const server = new McpServer(
      { name: "shop", version: "1.0.0" },
      { requestState: { verify: (state, context) => codec.verify(state, context) } },
    );
    server.registerTool("order", { inputSchema: z.object({}) }, async (_args, { mcpReq }) => {
      const { inputResponses: given } = mcpReq;
      const state = mcpReq.requestState<{ step: number; colour?: string }>();
      calls.push(`${state?.step ?? 0}: ${["colour", "size", "page"].map((key) => actionOf(given, key)).join(" ")}`);
      if (state === undefined)
        return inputRequired({
          inputRequests: {
            colour: inputRequired.elicit({ message: `Which colour?${"x".repeat(bytes)}`, requestedSchema: Colour }),
            size: inputRequired.elicit({ message: "Which size?", requestedSchema: Size }),
          },
          requestState: await codec.mint({ step: 1 }),
        });
      const colour = acceptedContent(mcpReq.inputResponses, "colour", Colour)?.colour ?? state.colour ?? "no colour";
      const size = acceptedContent(mcpReq.inputResponses, "size", Size)?.size ?? 0;
      if (state.step === 1 && size > 3)
        return inputRequired({
          inputRequests: { page: inputRequired.elicitUrl({ message: "Pay", url: "https://pay.example/1" }) },
          requestState: await codec.mint({ step: 2, colour: `${colour} ${size}` }),
        });
      return { content: [{ type: "text", text: state.step === 2 ? `paid ${colour}` : `${colour} ${size}` }] };
    });
    return server;
  };

const AGENT = `name = "buyer"
version = "1.0.0"
capabilities = ["buying"]
tools = ["shop"]
system_prompt = "Order."
`;
const SCRIPT = [{ toolCalls: [{ name: "shop__order", arguments: {} }] }, { text: "ordered" }];
const WITHIN = { timeout: 30_000 };
const configFor = (endpoint: Endpoint) => `[mcp_servers.shop]\nurl = "${endpoint.url}"\n`;

type Ask = (method: string, path: string, body?: object) => Promise<{ status: number; body: unknown }>;

async function serve(cwd: string) {
  const child = new CaxtonProcess(["serve"], { cwd });
  const [, url = ""] = await child.printed(/API\s+(http:\/\/[^/]+)/);
  await vi.waitFor(async () => expect((await fetch(`${url}/ready`)).status).toBe(200), { timeout: 60_000 });
  const ask: Ask = async (method, path, body) => {
    const json = body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const response = await fetch(`${url}/api/v1${path}`, { method, ...json });
    return { status: response.status, body: Json.parse(await response.json()) };
  };
  return { child, ask };
}

const serverFor = (endpoint: Endpoint, more: Parameters<typeof startServer>[0] = {}): Promise<TestServer> =>
  startServer({
    script: SCRIPT.map((turn) => ({
      ...turn,
      toolCalls: turn.toolCalls?.map(({ name }) => ({ name, arguments: "{}" })),
    })),
    files: { "examples/agents/buyer.toml": AGENT, "caxton.toml": configFor(endpoint) },
    ...more,
    overrides: { toolServers: "/nonexistent", ...more.overrides },
  });

const asked =
  ({ ask }: TestServer): Ask =>
  (method, path, body) =>
    ask(method, `/api/v1${path}`, body);

const runOf = async (ask: Ask, id: string) => RunDetail.parse((await ask("GET", `/runs/${id}`)).body);
const started = async (ask: Ask) =>
  RunDetail.parse((await ask("POST", "/runs", { agent: "buyer", input: "go", wait: true })).body);

/** The run with the open question that has this text. */
const waiting = (ask: Ask, id: string, message: string) =>
  vi.waitFor(async () => {
    const run = await runOf(ask, id);
    const question = run.questions.find((each) => each.state === "open" && each.message === message);
    expect(run).toMatchObject({ state: "awaiting-input", resting: true });
    expect(question).toBeDefined();
    return { run, question: question ?? run.questions[0] };
  }, WITHIN);

const ended = (ask: Ask, id: string) =>
  vi.waitFor(async () => {
    const run = await runOf(ask, id);
    expect(run.ended_at).not.toBeNull();
    return run;
  }, WITHIN);

const accept = (ask: Ask, run: string, question: { id: string } | undefined, content: object) =>
  ask("POST", `/runs/${run}/inputs/${question?.id}`, { action: "accept", content });

const resultOf = ({ step_list: steps }: RunDetail) =>
  steps.flatMap((step) => (step.kind === "tool" ? [`${step.outcome}: ${step.text}`] : []));

// remote.rounds.R1
test("questions of a tool survive that Caxton and the tool server are killed, one after the other", async () => {
  const calls: string[] = [];
  const listener = modernHandler(shop(calls)).listener;
  await using endpoint = await Endpoint.start(listener);
  using home = tempDirectory();
  mkdirSync(join(home.path, "agents"));
  const models = `[server]\nport = 0\n[models]\ndefault = "scripted/script.json"\nscripted_directory = "."\n`;
  for (const [name, text] of Object.entries({
    "script.json": JSON.stringify(SCRIPT),
    "agents/buyer.toml": AGENT,
    "caxton.toml": `${models}${configFor(endpoint)}`,
  }))
    writeFileSync(join(home.path, name), text);
  const first = await serve(home.path);
  await using killed = first.child;
  const run = await started(first.ask);
  expect(run).toMatchObject({ state: "awaiting-input", resting: true });
  killed.kill("SIGKILL");
  await killed.ended();
  await endpoint.stop();
  await endpoint.start(modernHandler(shop(calls)).listener);
  const second = await serve(home.path);
  await using again = second.child;
  const { question } = await waiting(second.ask, run.id, "Which colour?");
  expect(question).toEqual(run.questions[0]);
  const listed = WaitingInputPage.parse((await second.ask("GET", "/inputs")).body);
  expect(listed.items).toEqual([{ run: run.id, agent: "buyer", question, client_call: null }]);
  expect(await accept(second.ask, run.id, question, { colour: 5 })).toMatchObject({ status: 422 });
  expect(await accept(second.ask, run.id, question, { colour: "blue" })).toMatchObject({ status: 200 });
  expect(await accept(second.ask, run.id, question, { colour: "red" })).toMatchObject({
    status: 409,
    body: { code: "INPUT_CLOSED" },
  });
  const { question: size } = await waiting(second.ask, run.id, "Which size?");
  expect(calls).toEqual(["0: none none none"]);
  expect(await accept(second.ask, run.id, size, { size: 4 })).toMatchObject({ status: 200 });
  const { question: page } = await waiting(second.ask, run.id, "Pay");
  expect(page).toMatchObject({ url: "https://pay.example/1", schema: null });
  again.kill("SIGKILL");
  await again.ended();
  const third = await serve(home.path);
  await using last = third.child;
  void last;
  expect(await accept(third.ask, run.id, page, {})).toMatchObject({ status: 200 });
  const done = await ended(third.ask, run.id);
  expect(resultOf(done)).toEqual(["done: paid blue 4"]);
  expect(done.questions.map(({ state }) => state)).toEqual(["accepted", "accepted", "accepted"]);
  expect(calls).toEqual(["0: none none none", "1: accept accept none", "2: none none accept"]);
});

test("a declined question and one without an answer reach the tool server as what they are", async () => {
  const calls: string[] = [];
  await using endpoint = await Endpoint.start(modernHandler(shop(calls)).listener);
  let lateMs = 0;
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + lateMs };
  using home = tempDirectory();
  let id = "";
  {
    await using server = await serverFor(endpoint, { directory: home.path, overrides: { clock } });
    const ask = asked(server);
    const run = await started(ask);
    ({ id } = run);
    await ask("POST", `/runs/${id}/inputs/${run.questions[0]?.id}`, { action: "decline", reason: "no" });
    await waiting(ask, id, "Which size?");
  }
  lateMs = 25 * 3_600_000;
  await using server = await serverFor(endpoint, { directory: home.path, overrides: { clock } });
  const done = await ended(asked(server), id);
  expect(done.questions.map(({ state }) => state)).toEqual(["declined", "expired"]);
  expect(resultOf(done)).toEqual(["done: no colour 0"]);
  expect(calls).toEqual(["0: none none none", "1: decline cancel none"]);
});

test("waiting runs hold no slot, in workers too, and a thread's message joins them", async () => {
  const calls: string[] = [];
  await using endpoint = await Endpoint.start(modernHandler(shop(calls)).listener);
  await using server = await serverFor(endpoint, {
    settings: { "runs.concurrent_max": 1 },
    files: {
      "examples/agents/buyer.toml": `${AGENT}[execution]\nisolation = "worker"\n`,
      "caxton.toml": configFor(endpoint),
    },
  });
  const ask = asked(server);
  const runs = [await started(ask), await started(ask), await started(ask)];
  for (const run of runs) {
    expect(run).toMatchObject({ state: "awaiting-input", isolation: "worker" });
    await accept(ask, run.id, run.questions[0], { colour: "red" });
    const { question } = await waiting(ask, run.id, "Which size?");
    await accept(ask, run.id, question, { size: 2 });
    expect(resultOf(await ended(ask, run.id))).toEqual(["done: red 2"]);
  }
  const thread = z.object({ id: z.string() }).parse((await ask("POST", "/threads", { agent: "buyer" })).body);
  const sent = await ask("POST", `/threads/${thread.id}/messages`, { input: "go" });
  const { run } = z.object({ run: z.object({ id: z.string() }) }).parse(sent.body);
  const { question } = await waiting(ask, run.id, "Which colour?");
  await ask("POST", `/threads/${thread.id}/messages`, { input: "hurry", when_busy: "steer" });
  await waiting(ask, run.id, "Which colour?");
  await accept(ask, run.id, question, { colour: "red" });
  const { question: size } = await waiting(ask, run.id, "Which size?");
  await accept(ask, run.id, size, { size: 1 });
  expect(await ended(ask, run.id)).toMatchObject({ state: "completed", inputs: [{ text: "hurry" }] });
});

test("what a server asks for is limited", async () => {
  await using endpoint = await Endpoint.start(modernHandler(shop([], 300_000)).listener);
  await using server = await serverFor(endpoint);
  expect(resultOf(await started(asked(server)))).toEqual([
    expect.stringMatching(/^bad-output: what the server asks.* has more than 262144 characters/),
  ]);
});

test("a state with a secret of the configuration is not stored: the question lasts as long as its call", async () => {
  const secret = "hunter2hunter2hunter2";
  const form = { who: inputRequired.elicit({ message: "Who?", requestedSchema: Colour }) };
  const factory: McpServerFactory = () => {
    const server = new McpServer({ name: "echo", version: "1.0.0" });
    server.registerTool("ask", { inputSchema: z.object({}) }, async (_args, { mcpReq }) =>
      mcpReq.inputResponses === undefined
        ? inputRequired({ inputRequests: form, requestState: `for ${secret}` })
        : { content: [{ type: "text", text: actionOf(mcpReq.inputResponses, "who") }] },
    );
    return server;
  };
  await using endpoint = await Endpoint.start(modernHandler(factory).listener);
  await using runner = runnerTo(
    httpAt(endpoint.url, { headers: { "x-key": secret } }),
    {},
    {
      resolve: async (text) => ({ text, values: text === secret ? [{ name: "key", value: secret }] : [] }),
    },
  );
  await runner.open(5_000);
  await serverIn(runner, "loaded");
  const result = await runner.call(
    callOf(
      "ask",
      {},
      {
        ask: async () => ({ type: "accepted", content: { colour: "blue" } }),
        awaitReply: () => Promise.reject(new Error("it is stored")),
      },
    ),
    never,
  );
  expect(textOf(result)).toBe("accept");
});
