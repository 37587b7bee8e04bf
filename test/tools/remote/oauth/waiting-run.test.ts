import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { WaitingInputPage } from "../../../../src/api/contract/runs/inputs.ts";
import { RunDetail } from "../../../../src/api/contract/runs/runs.ts";
import { BegunSignIn } from "../../../../src/api/contract/tools/sign-in.ts";
import { systemClock } from "../../../../src/kernel/clock.ts";
import { Json } from "../../../../src/kernel/json.ts";
import { CaxtonProcess } from "../../../helpers/process.ts";
import { startServer } from "../../../helpers/server.ts";
import { tempDirectory } from "../../../helpers/temp.ts";
import { Office, REDIRECT } from "./office.ts";

// verifies("run.sign-ins")

const AGENT = `name = "clerk"
version = "1.0.0"
capabilities = ["adding"]
tools = ["office"]
system_prompt = "Add."
`;
const SCRIPT = [
  {
    toolCalls: [
      { name: "office__add", arguments: { a: 1, b: 2 } },
      { name: "office__add", arguments: { a: 3, b: 4 } },
    ],
  },
  { text: "finished" },
];
const configFor = (office: Office) => `[mcp_servers.office]
url = "${office.endpoint.url}"
auth.type = "oauth"
`;
const WITHIN = { timeout: 30_000 };

type Ask = (method: string, path: string, body?: object) => Promise<unknown>;

/** Signs in as a user does, by the address that the server gives. */
async function signIn(office: Office, ask: Ask): Promise<void> {
  const { url } = BegunSignIn.parse(await ask("POST", "/tool-servers/office/login", { redirect_uri: REDIRECT }));
  const back = await office.signIn(url);
  await ask("POST", "/tool-servers/office/login/response", Object.fromEntries(back.searchParams));
}

const results = ({ step_list: steps }: RunDetail) =>
  steps.flatMap((step) => (step.kind === "tool" ? [`${step.outcome}: ${step.text}`] : []));

async function ended(ask: Ask, id: string): Promise<RunDetail> {
  return vi.waitFor(async () => {
    const run = RunDetail.parse(await ask("GET", `/runs/${id}`));
    expect(run.ended_at).not.toBeNull();
    return run;
  }, WITHIN);
}

/** A server whose agent knows the tools of the office, and which is signed out again. */
async function signedOut(office: Office, more: Parameters<typeof startServer>[0] = {}) {
  const server = await startServer({
    script: SCRIPT.map((turn) => ({
      ...turn,
      toolCalls: turn.toolCalls?.map(({ name, arguments: given }) => ({ name, arguments: JSON.stringify(given) })),
    })),
    files: { "caxton.toml": configFor(office) },
    ...more,
  });
  const ask: Ask = async (method, path, body) => (await server.ask(method, `/api/v1${path}`, body)).body;
  await signIn(office, ask);
  await vi.waitFor(
    async () => expect(JSON.stringify(await ask("GET", "/tool-servers/office"))).toContain('"add"'),
    WITHIN,
  );
  await ask("POST", "/agents", { source: AGENT });
  await ask("POST", "/tool-servers/office/logout");
  return { server, ask };
}

const start = async (ask: Ask) =>
  RunDetail.parse(await ask("POST", "/runs", { agent: "clerk", input: "go", wait: true }));

test("a run whose calls need a sign-in waits for it, and makes them when a user has signed in", async () => {
  await using office = await Office.open();
  const { server, ask } = await signedOut(office);
  await using open = server;
  void open;
  const run = await start(ask);
  expect(run).toMatchObject({ state: "awaiting-input", resting: true });
  const asked = { kind: "sign-in", server: "office", state: "open", schema: null };
  expect(run.questions).toMatchObject([asked, asked]);
  expect(run.questions[0]?.message).toContain("Sign in with: caxton tool login office");
  expect(WaitingInputPage.parse(await ask("GET", "/inputs")).items).toMatchObject([
    { question: asked },
    { question: asked },
  ]);
  expect(office.state.calls).toEqual([]);
  await signIn(office, ask);
  const over = await ended(ask, run.id);
  expect(over).toMatchObject({ state: "completed", questions: [{ state: "accepted" }, { state: "accepted" }] });
  expect(results(over)).toEqual(["done: 3", "done: 7"]);
  expect(office.state.calls).toEqual(["add", "add"]);
});

test("a user declines the sign-in, or tries again too early", async () => {
  await using office = await Office.open();
  const { server, ask } = await signedOut(office);
  await using open = server;
  void open;
  const run = await start(ask);
  const [one, two] = run.questions;
  const give = (id: string | undefined, body: object) => ask("POST", `/runs/${run.id}/inputs/${id}`, body);
  await give(one?.id, { action: "decline" });
  await give(two?.id, { action: "accept" });
  const again = await vi.waitFor(async () => {
    const found = RunDetail.parse(await ask("GET", `/runs/${run.id}`));
    expect(found.questions).toHaveLength(3);
    expect(found.state).toBe("awaiting-input");
    return found;
  }, WITHIN);
  await give(again.questions[2]?.id, { action: "decline", reason: "no account" });
  expect(results(await ended(ask, run.id))).toEqual([
    expect.stringContaining("tool-error: the user declined to sign in to the tool server office"),
    expect.stringContaining('They said: "no account"'),
  ]);
  expect(office.state.calls).toEqual([]);
});

test("a wait for a sign-in expires with an error that says so", async () => {
  await using office = await Office.open();
  let lateMs = 0;
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + lateMs };
  using home = tempDirectory();
  const first = await signedOut(office, { directory: home.path, overrides: { clock } });
  const run = await start(first.ask);
  expect(run.state).toBe("awaiting-input");
  await first.server[Symbol.asyncDispose]();
  lateMs = 25 * 3_600_000;
  await using server = await startServer({
    script: [{ text: "finished" }],
    directory: home.path,
    files: { "caxton.toml": configFor(office) },
    overrides: { clock },
  });
  const over = await ended(async (method, path) => (await server.ask(method, `/api/v1${path}`)).body, run.id);
  const expired = expect.stringMatching(
    /^deadline: no user signed in to the tool server office.*INPUT_EXPIRED.*not made/,
  );
  expect(results(over)).toEqual([expired, expired]);
});

async function serve(cwd: string) {
  const child = new CaxtonProcess(["serve"], { cwd });
  const [, url = ""] = await child.printed(/API\s+(http:\/\/[^/]+)/);
  await vi.waitFor(async () => expect((await fetch(`${url}/ready`)).status).toBe(200), { timeout: 60_000 });
  const ask: Ask = async (method, path, body) => {
    const init = {
      method,
      ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    };
    return Json.parse(await (await fetch(`${url}/api/v1${path}`, init)).json());
  };
  return { child, ask };
}

/** A process whose agent knows the tools of the office, signed out again, with a run that waits. */
async function waiting(office: Office, home: string) {
  mkdirSync(join(home, "agents"));
  const config = `[server]\nport = 0\n[models]\ndefault = "scripted/script.json"\nscripted_directory = "."\n${configFor(office)}`;
  for (const [name, text] of Object.entries({ "script.json": JSON.stringify(SCRIPT), "caxton.toml": config }))
    writeFileSync(join(home, name), text);
  const { child, ask } = await serve(home);
  await signIn(office, ask);
  await vi.waitFor(
    async () => expect(JSON.stringify(await ask("GET", "/tool-servers/office"))).toContain('"add"'),
    WITHIN,
  );
  await ask("POST", "/agents", { source: AGENT });
  await ask("POST", "/tool-servers/office/logout");
  return { child, ask, run: await start(ask) };
}

test("a run that waits for a sign-in survives being killed, and continues when a user signs in", async () => {
  await using office = await Office.open();
  using home = tempDirectory();
  const { child: killed, run } = await waiting(office, home.path);
  await using disposed = killed;
  void disposed;
  expect(run.state).toBe("awaiting-input");
  killed.kill("SIGKILL");
  await killed.ended();
  const second = await serve(home.path);
  await using restarted = second.child;
  void restarted;
  expect(await second.ask("GET", `/runs/${run.id}`)).toMatchObject({ state: "awaiting-input" });
  // The server has not listed its tools since: they are there all the same, and a new run waits like the old one.
  const other = await start(second.ask);
  expect(other).toMatchObject({ state: "awaiting-input", questions: run.questions.map(() => ({ kind: "sign-in" })) });
  await signIn(office, second.ask);
  const over = await ended(second.ask, run.id);
  expect(over.state).toBe("completed");
  expect(results(over)).toEqual(["done: 3", "done: 7"]);
  expect(results(await ended(second.ask, other.id))).toEqual(["done: 3", "done: 7"]);
  expect(office.state.calls).toHaveLength(4);
});

test("a run continues after a restart if the server was killed when the sign-in had just been made", async () => {
  await using office = await Office.open();
  using home = tempDirectory();
  const first = await waiting(office, home.path);
  await using killed = first.child;
  office.isSilent = true;
  const lost = signIn(office, first.ask).then(
    () => "answered",
    () => "lost",
  );
  // The tokens are there, and the server waits for its connection before it resumes the run.
  await vi.waitFor(async () => {
    const server = JSON.stringify(await first.ask("GET", "/tool-servers/office"));
    expect(server).toContain('"state":"signed-in"');
  }, WITHIN);
  killed.kill("SIGKILL");
  expect(await lost).toBe("lost");
  await killed.ended();
  office.isSilent = false;
  const second = await serve(home.path);
  await using restarted = second.child;
  void restarted;
  const over = await ended(second.ask, first.run.id);
  expect(results(over)).toEqual(["done: 3", "done: 7"]);
});
