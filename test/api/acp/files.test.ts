import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runs } from "../../../src/api/contract/index.ts";
import type { LanguageModel, ModelRequest } from "../../../src/models/port/language-model.ts";
import { scripted, type ScriptedTurnInput } from "../../../src/models/vendors/index.ts";
import { models } from "../../helpers/engine.ts";
import { startServer, type TestServer } from "../../helpers/server.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { verifies } from "../../helpers/verifies.ts";
import { callsOf, type EditorOptions, startEditor } from "./editor.ts";

verifies("api.acp");

let server: TestServer;
let turns: readonly ScriptedTurnInput[] = [];
let requests: ModelRequest[] = [];
const model: LanguageModel = {
  id: "scripted/inline",
  limits: undefined,
  stream: (request, signal) => (requests.push(request), scripted(turns).stream(request, signal)),
};
beforeEach(async () => {
  requests = [];
  server = await startServer({ overrides: { models: models(model) } });
});
afterEach(() => server?.[Symbol.asyncDispose]());

const read = (path: string) => ({ name: "editor_read_file", arguments: { path } });
const write = (path: string, content: string) => ({ name: "editor_write_file", arguments: { path, content } });
const editing = (more: Partial<EditorOptions> = {}) =>
  startEditor({ server: server.url, directory: server.directory, args: ["--agent", "greeter", "--files"], ...more });
/** What the calls of the only run gave to its model. */
async function results(): Promise<readonly string[]> {
  const [run] = runs.RunPage.parse((await server.ask("GET", "/api/v1/runs")).body).items;
  const detail = runs.RunDetail.parse((await server.ask("GET", `/api/v1/runs/${run?.id}`)).body);
  return detail.step_list.flatMap((step) => (step.kind === "tool" ? [step.text] : []));
}

test("an agent reads a file of the editor, and changes it when the user allows it, who sees the difference", async () => {
  turns = [
    { toolCalls: [read("src/main.rs")] },
    { toolCalls: [write("src/main.rs", "fn main() { run(); }")] },
    { text: "Changed." },
  ];
  const path = join(server.directory, "src/main.rs");
  const files = new Map([[path, "fn main() {}"]]);
  await using editor = await editing({ files, permit: async () => "allow" });
  const session = await editor.open();
  expect(await editor.prompt(session, "Call run.")).toEqual({ stopReason: "end_turn" });
  expect(files.get(path)).toBe("fn main() { run(); }");
  const diff = { type: "diff", path, oldText: "fn main() {}", newText: "fn main() { run(); }" };
  expect(editor.asked).toMatchObject([{ toolCall: { title: "Write src/main.rs", kind: "edit", content: [diff] } }]);
  const { toolCallId } = editor.asked[0]?.toolCall ?? {};
  expect(callsOf(editor.updates).filter((call) => call.toolCallId === toolCallId)).toContainEqual(
    expect.objectContaining({ content: [expect.objectContaining(diff)] }),
  );
  expect(callsOf(editor.updates).at(-1)).toMatchObject({ toolCallId, status: "completed" });
  expect(await results()).toEqual([expect.stringContaining("fn main() {}"), expect.stringContaining("is written")]);
});

test("a change that the user rejects is not made, and the agent continues", async () => {
  turns = [{ toolCalls: [write("new.txt", "text")] }, { text: "As you like." }];
  const files = new Map<string, string>();
  await using editor = await editing({ files, permit: async () => "reject" });
  const session = await editor.open();
  expect(await editor.prompt(session, "Write.")).toEqual({ stopReason: "end_turn" });
  expect(editor.asked).toMatchObject([{ toolCall: { content: [{ oldText: null, newText: "text" }] } }]);
  expect(files.size).toBe(0);
  expect(await results()).toEqual([expect.stringContaining("rejected")]);
});

test("a file that changed while the user decided is not overwritten", async () => {
  turns = [{ toolCalls: [write("a.txt", "agent")] }, { text: "Sorry." }];
  const path = join(server.directory, "a.txt");
  const files = new Map([[path, "old"]]);
  await using editor = await editing({ files, permit: async () => (files.set(path, "user"), "allow") });
  const session = await editor.open();
  await editor.prompt(session, "Write.");
  expect(files.get(path)).toBe("user");
  expect(await results()).toEqual([expect.stringContaining("changed meanwhile")]);
});

test("nothing outside of the project is read or written, also through links", async () => {
  using other = tempDirectory();
  symlinkSync(other.path, join(server.directory, "link"));
  turns = [
    { toolCalls: [read("../secret"), read(join(other.path, "secret")), read("link/secret"), write("link/new", "x")] },
    { text: "Done." },
  ];
  const files = new Map(
    [join(server.directory, "../secret"), join(other.path, "secret"), join(server.directory, "link/secret")].map(
      (path) => [path, "secret"],
    ),
  );
  await using editor = await editing({ files, permit: async () => "allow" });
  const session = await editor.open();
  expect(await editor.prompt(session, "Read.")).toEqual({ stopReason: "end_turn" });
  const found = await results();
  expect(found).toHaveLength(4);
  for (const text of found) expect(text).toContain("outside of the project");
  expect(editor.asked).toEqual([]);
  expect(files.size).toBe(3);
});

test("a file that the editor does not have is a failed call; without --files there are no such tools", async () => {
  turns = [
    { when: { userIncludes: "Read" }, toolCalls: [read("missing.txt")] },
    { when: { userIncludes: "Read" }, text: "Done." },
    { when: { userIncludes: "Hello" }, text: "Hello." },
  ];
  await using editor = await editing({ files: new Map() });
  const session = await editor.open();
  expect(await editor.prompt(session, "Read.")).toEqual({ stopReason: "end_turn" });
  expect(await results()).toEqual([expect.stringContaining("It failed")]);
  expect(JSON.stringify(requests[0]?.tools)).toContain("editor_read_file");
  requests = [];
  await using without = await editing({ files: new Map(), args: ["--agent", "greeter"] });
  await without.prompt(await without.open(), "Hello.");
  expect(JSON.stringify(requests)).not.toContain("editor_read_file");
});
