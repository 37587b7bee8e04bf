import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { type Answer, codeOf, WorkspaceServer } from "../helpers/workspaces.ts";
import { answering, manifest } from "../tools/servers/modules.ts";

let server: WorkspaceServer;

beforeAll(async () => {
  server = await WorkspaceServer.start({ script: [{ text: "done", delayMs: 1_000 }] });
});
afterAll(() => server?.[Symbol.asyncDispose]());

const agent = (name: string, prompt = "Answer.") => ({
  source: `name = "${name}"\nversion = "1.0.0"\ncapabilities = ["answer"]\nsystem_prompt = "${prompt}"\n`,
});
/** The answers of `count` requests, one after the other. */
async function repeat(count: number, ask: (turn: number) => Promise<Answer>): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (let turn = 0; turn < count; turn += 1) answers.push(await ask(turn));
  return answers;
}
function last(answers: readonly Answer[]): Answer {
  const found = answers.at(-1);
  if (found === undefined) throw new Error("there is no answer");
  return found;
}
const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status);

test("runs and messages past the rate of the workspace are refused, and those of others are not", async () => {
  await server.createWorkspace("slow", { runs_per_minute: 2, messages_per_minute: 1 });
  await server.createWorkspace("fast");
  for (const name of ["slow", "fast"]) await server.ask(name, "POST", "/api/v1/agents", agent("speaker"));
  const run = (name: string) => server.ask(name, "POST", "/api/v1/runs", { agent: "speaker", input: "x" });
  const refused = await repeat(3, () => run("slow"));
  expect(refused.map(({ status }) => status < 300)).toEqual([true, true, false]);
  expect(codeOf(last(refused))).toBe("QUOTA_EXCEEDED");
  expect(last(refused).headers.get("retry-after")).toBe("30");
  expect((await repeat(3, () => run("fast"))).every(({ status }) => status < 300)).toBe(true);
  await server.ask("slow", "POST", "/api/v1/participants", { name: "paula", description: "" });
  const registered = await server.ask("slow", "POST", "/api/v1/participants", { name: "walter", description: "" });
  const { token } = contract.participants.RegisteredParticipant.parse(registered.body);
  const body = { performative: "inform", sender: "walter", receiver: ["paula"], content: "x" };
  const sent = { key: server.admin, workspace: "slow", token: token ?? "", body };
  const messages = await repeat(2, () => server.request("POST", "/api/v1/messages", sent));
  expect(messages.map(({ status }) => status)).toEqual([202, 429]);
  expect(codeOf(last(messages))).toBe("QUOTA_EXCEEDED");
});

test("runs past the number that may execute at once wait, and runs of others pass them", async () => {
  await server.createWorkspace("narrow", { concurrent_runs: 1 });
  await server.createWorkspace("wide");
  for (const name of ["narrow", "wide"]) await server.ask(name, "POST", "/api/v1/agents", agent("speaker"));
  const run = (name: string) => server.ask(name, "POST", "/api/v1/runs", { agent: "speaker", input: "x", wait: true });
  const { runs } = server.server.started.caxton.runs;
  const all = [run("narrow"), run("narrow"), run("narrow")];
  await expect.poll(() => runs.load(), { timeout: 10_000, interval: 10 }).toMatchObject({ executing: 1, waiting: 2 });
  const startedAtMs = performance.now();
  await run("wide");
  const tookMs = performance.now() - startedAtMs;
  const answers = await Promise.all(all);
  expect(answers.every(({ body }) => contract.runs.RunDetail.parse(body).state === "completed")).toBe(true);
  expect(performance.now() - startedAtMs).toBeGreaterThan(tookMs);
});

test("files and entities past the quota are refused", async () => {
  await server.createWorkspace("small", { file_bytes: 10, memory_entities: 2 });
  const upload = (text: string) =>
    fetch(`${server.server.url}/api/v1/uploads?name=a.txt`, {
      method: "POST",
      headers: { "x-api-key": server.admin, "x-caxton-workspace": "small", "content-type": "text/plain" },
      body: text,
    });
  const uploads = [await upload("123456"), await upload("123456"), await upload("1234"), await upload("1")];
  expect(uploads.map(({ status }) => status < 300)).toEqual([true, false, true, false]);
  expect(await uploads[1]?.json()).toMatchObject({ code: "QUOTA_EXCEEDED" });
  await server.ask("small", "POST", "/api/v1/agents", agent("speaker"));
  const run = await server.ask("small", "POST", "/api/v1/runs", { agent: "speaker", input: "x" });
  expect(codeOf(run)).toBe("QUOTA_EXCEEDED");
  const remember = (scope: string, name: string) =>
    server.ask("small", "POST", "/api/v1/memory/entities", { scope, entities: [{ name, type: "thing" }] });
  const answers = [
    await remember("workspace", "a"),
    await remember("agent-only:ann", "b"),
    await remember("workspace", "c"),
  ];
  expect(statuses(answers)).toEqual([200, 200, 429]);
  expect((await remember("workspace", "a")).status).toBe(200);
});

test("tool servers past the quota are refused, and new versions of a deployed one are not", async () => {
  await server.createWorkspace("tools", { tool_servers: 1 });
  const deploy = async (name: string, answer: string) =>
    server.ask("tools", "POST", "/api/v1/tool-servers", {
      module: Buffer.from(await answering(answer)).toString("base64"),
      manifest: manifest(name),
    });
  expect((await deploy("first", "no")).status).toBeLessThan(300);
  expect(codeOf(await deploy("second", "no"))).toBe("QUOTA_EXCEEDED");
  expect((await deploy("first", "hi")).status).toBeLessThan(300);
  expect((await server.ask("tools", "GET", "/api/v1/tool-servers/second")).status).toBe(404);
});

/** The outcomes of six requests that come together. */
async function rush(ask: (turn: number) => Promise<{ readonly status: number }>): Promise<readonly string[]> {
  const answers = await Promise.all(Array.from({ length: 6 }, (_, turn) => ask(turn)));
  return answers.map(({ status }) => (status < 300 ? "done" : String(status))).toSorted();
}

test("requests that come together do not exceed a quota", async () => {
  await server.createWorkspace("rush", {
    agents: 2,
    tool_servers: 2,
    memory_entities: 2,
    secrets: 2,
    file_bytes: 500_000,
  });
  const post = (path: string, body: object) => server.ask("rush", "POST", `/api/v1/${path}`, body);
  const two = ["429", "429", "429", "429", "done", "done"];
  expect(await rush((turn) => post("agents", agent(`speaker-${turn}`)))).toEqual(two);
  const module = Buffer.from(await answering("hi")).toString("base64");
  expect(await rush((turn) => post("tool-servers", { module, manifest: manifest(`server-${turn}`) }))).toEqual(two);
  const remember = (name: string) =>
    post("memory/entities", { scope: "workspace", entities: [{ name, type: "thing" }] });
  expect(await rush((turn) => remember(`entity ${turn}`))).toEqual(two);
  const put = (name: string) => server.ask("rush", "PUT", `/api/v1/secrets/${name}`, { value: `value of ${name}` });
  expect(await rush((turn) => put(`KEY_${turn}`))).toEqual(two);
  const stored = await server.ask("rush", "GET", "/api/v1/secrets");
  const [kept] = contract.secrets.SecretPage.parse(stored.body).items;
  expect((await put(kept?.name ?? "")).status).toBe(200);
  const upload = (body: RequestInit["body"]) =>
    fetch(`${server.server.url}/api/v1/uploads?name=a.txt`, {
      method: "POST",
      headers: { "x-api-key": server.admin, "x-caxton-workspace": "rush", "content-type": "text/plain" },
      body: body ?? null,
      duplex: "half",
    });
  const bytes = () => server.server.started.caxton.runs.stores.uploads.bytesOf("rush");
  // A body without a length takes room as it arrives.
  const withoutLength = await rush(() => upload(new Blob(["0123456789".repeat(20_000)]).stream()));
  expect(withoutLength.length - withoutLength.filter((status) => status === "done").length).toBeGreaterThanOrEqual(4);
  const left = Math.floor((500_000 - bytes()) / 10);
  expect(left).toBeGreaterThan(10_000);
  const bodies = await Promise.all(Array.from({ length: 12 }, () => upload("x".repeat(left))));
  expect(bodies.filter(({ status }) => status < 300)).toHaveLength(10);
  expect(bytes()).toBeLessThanOrEqual(500_000);
  expect(bytes()).toBeGreaterThan(499_990);
});
