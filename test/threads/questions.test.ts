import { expect, test, vi } from "vitest";
import { RunDetail } from "../../src/api/contract/runs/runs.ts";
import { Sent, Thread, ThreadPage } from "../../src/api/contract/threads/threads.ts";
import { startServer } from "../helpers/server.ts";
import { commandLine } from "../cli/caxton.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("run.questions");

const AGENT = `name = "receptionist"
version = "1.0.0"
capabilities = ["greeting"]
tools = ["user"]
system_prompt = "Ask."
`;
const QUESTIONS = [
  { question: "What is your surname?" },
  { question: "Which floor?", options: ["ground", "mezzanine"] },
  { question: "Anything else?" },
];

test("questions, their answers and why they have none are shown in the dialogue, exported and found", async () => {
  const toolCalls = QUESTIONS.map((given) => ({ name: "user__ask_user", arguments: { ...given } }));
  await using server = await startServer({ script: [{ toolCalls }, { text: "Welcome." }] });
  await server.ask("POST", "/api/v1/agents", { source: AGENT });
  const { id } = Thread.parse((await server.ask("POST", "/api/v1/threads", { agent: "receptionist" })).body);
  const say = async (input: string, more: object = {}) =>
    Sent.parse((await server.ask("POST", `/api/v1/threads/${id}/messages`, { input, ...more })).body);
  const { run } = await say("hello", { wait: true });
  const shown = async () => (await commandLine(["thread", "get", id], { server: server.url })).stdout;
  expect(await shown()).toContain("  ? What is your surname?\n  question open\n  ? Which floor? (ground, mezzanine)");

  expect(await say("Lovelace")).toMatchObject({ joined: true });
  expect(await say("mezzanine")).toMatchObject({ joined: true });
  const { questions } = RunDetail.parse((await server.ask("GET", `/api/v1/runs/${run.id}`)).body);
  const last = questions.find(({ message }) => message === "Anything else?");
  await server.ask("POST", `/api/v1/runs/${run.id}/inputs/${last?.id}`, { action: "decline" });
  await vi.waitFor(async () => expect(await shown()).toContain("Welcome."), { timeout: 20_000 });
  expect(await shown()).toContain(
    [
      "  ? What is your surname?",
      "local: Lovelace",
      "  ? Which floor? (ground, mezzanine)",
      "local: mezzanine",
      "  ? Anything else?",
      "  question declined",
      "Welcome.",
    ].join("\n"),
  );

  const file = await (await fetch(`${server.url}/api/v1/threads/${id}/export?format=markdown`)).text();
  expect(file).toMatch(/## receptionist, \S+\n\nWhat is your surname\?\n\n## local\n\nLovelace\n/);
  expect(file).toMatch(/Which floor\?\n\n- ground\n- mezzanine\n\n## local\n\nmezzanine\n/);
  expect(file).toMatch(/Anything else\?\n\n- Question: declined\n/);

  const found = async (search: string) =>
    ThreadPage.parse((await server.ask("GET", `/api/v1/threads?search=${search}`)).body).items.map((each) => each.id);
  await vi.waitFor(async () => expect(await found("Lovelace")).toEqual([id]), { timeout: 10_000 });
  expect([await found("surname"), await found("mezzanine"), await found("declined")]).toEqual([[id], [id], []]);
});
