import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import * as contract from "../../src/api/contract/index.ts";
import { codeOf, WorkspaceServer } from "../helpers/workspaces.ts";

let server: WorkspaceServer;
beforeAll(async () => {
  server = await WorkspaceServer.start({
    script: [
      {
        when: { userIncludes: "list" },
        toolCalls: [{ name: "file_system__list_directory", arguments: { path: "." } }],
      },
      { when: { userIncludes: "list" }, text: "Here it is." },
      { text: "An *answer*." },
    ],
  });
  const source = `name = "filer"\nversion = "1.0.0"\ncapabilities = ["filing"]\ntools = ["file_system"]\nsystem_prompt = "You file."\n`;
  contract.agents.DeployOutcome.parse((await ask("POST", "/api/v1/agents", { source })).body);
});
afterAll(() => server?.[Symbol.asyncDispose]());

const ask = (method: string, path: string, body?: object) => server.ask("default", method, path, body);
const create = async (more: object = {}) =>
  contract.threads.Thread.parse((await ask("POST", "/api/v1/threads", { agent: "filer", ...more })).body);
const say = async (id: string, input: string, more: object = {}) => {
  const { body } = await ask("POST", `/api/v1/threads/${id}/messages`, { input, wait: true, ...more });
  return contract.threads.Sent.parse(body).run.id;
};

const Line = z.discriminatedUnion("type", [
  z.object({ type: z.literal("thread"), thread: contract.threads.Thread }),
  z.object({ type: z.literal("turn"), turn: contract.threads.Turn }),
  z.object({ type: z.literal("end"), turns: z.int() }),
]);
const get = (id: string, query = "") =>
  fetch(`${server.url}/api/v1/threads/${id}/export${query}`, { headers: { "x-api-key": server.admin } });
const linesOf = async (id: string, query = "") =>
  (await (await get(id, query)).text())
    .trimEnd()
    .split("\n")
    .map((line) => Line.parse(JSON.parse(line)));
const turnsIn = (lines: readonly z.infer<typeof Line>[]) =>
  lines.flatMap((line) => (line.type === "turn" ? [line.turn] : []));

test("JSON lines have the turns of the branch as the list has them, oldest first, and an end", async () => {
  const { id } = await create({ title: "Files", tags: ["work"] });
  const runs = [await say(id, "list the files"), await say(id, "thanks")];
  const lines = await linesOf(id);
  expect(lines[0]).toMatchObject({ type: "thread", thread: { id, title: "Files", tags: ["work"] } });
  expect(lines.at(-1)).toEqual({ type: "end", turns: 2 });
  expect(turnsIn(lines).map(({ run }) => run)).toEqual(runs);
  const { items } = contract.threads.TurnPage.parse((await ask("GET", `/api/v1/threads/${id}/turns`)).body);
  expect(turnsIn(lines)).toEqual(items.toReversed());
});

test("another branch is exported by its last turn; an empty thread has no turns", async () => {
  const { id } = await create();
  expect(await linesOf(id)).toMatchObject([{ type: "thread" }, { type: "end", turns: 0 }]);
  const first = await say(id, "one");
  const second = await say(id, "two");
  const other = await say(id, "instead", { instead_of: second });
  expect(turnsIn(await linesOf(id)).map(({ run }) => run)).toEqual([first, other]);
  expect(turnsIn(await linesOf(id, `?head=${second}`)).map(({ run }) => run)).toEqual([first, second]);
});

test("a long thread is exported whole", async () => {
  const { id } = await create();
  for (let turn = 0; turn < 45; turn += 1) await say(id, `message ${turn}`);
  const turns = turnsIn(await linesOf(id));
  expect(turns.map(({ messages: [request] }) => request)).toMatchObject(
    Array.from({ length: 45 }, (_turn, index) => ({ role: "user", text: `message ${index}` })),
  );
});

test("Markdown is a dialogue to read", async () => {
  const { id } = await create({ title: "Files\n# of the week", tags: ["work"] });
  await say(id, "list the files");
  await say(id, "thanks");
  const response = await get(id, "?format=markdown");
  expect(response.headers.get("content-type")).toBe("text/markdown; charset=utf-8");
  expect(response.headers.get("content-disposition")).toBe(`attachment; filename="thread-${id}.md"`);
  const text = (await response.text()).replaceAll(/\d{4}-[\d-]+T[\d:.]+Z/g, "<time>");
  expect(text).toMatch(
    /^# Files # of the week\n\nAgent: filer {2}\nCreated: <time> {2}\nTags: work\n\n## .+, <time>\n\nlist the files\n/,
  );
  expect(text).toMatch(/- Tool `file_system__list_directory`: done, run \S+\n/);
  expect(text).toContain("## filer, <time>\n\nAn *answer*.\n");
});

test("a thread of another workspace is not found, nor is a turn that does not exist", async () => {
  const { id } = await create();
  await server.createWorkspace("other");
  expect(codeOf(await server.ask("other", "GET", `/api/v1/threads/${id}/export`))).toBe("THREAD_NOT_FOUND");
  expect(codeOf(await ask("GET", `/api/v1/threads/${id}/export?head=01a20000-0000-7000-8000-000000000000`))).toBe(
    "RUN_NOT_FOUND",
  );
});
