import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as z from "zod";
import { scripted, type ScriptedTurnInput } from "../../src/models/vendors/index.ts";
import type { LanguageModel, ModelRequest } from "../../src/models/port/language-model.ts";
import { models } from "../helpers/engine.ts";
import { Pty } from "../helpers/pty.ts";
import { startServer, type TestServerOptions } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";
import { caxton } from "./caxton.ts";
import { freePort } from "../helpers/free-port.ts";

verifies("chat.terminal", "chat.order", "chat.restart");

const LONG = { timeout: 120_000 };
const SCRIBE = `name = "scribe"
version = "1.0.0"
capabilities = ["notes"]
tools = ["file_system", "user"]
system_prompt = "Write."
[permissions]
ask = ["file_system.write_file"]
`;

const CHIEF = `name = "chief"
version = "1.0.0"
capabilities = ["notes"]
agents = ["scribe"]
system_prompt = "Delegate."
`;

/** A server whose model answers by a script; each piece of text for which `waits` returns a promise waits for it. */
async function room(
  script: readonly ScriptedTurnInput[],
  options: TestServerOptions & { readonly waits?: (text: string) => Promise<unknown> | undefined } = {},
) {
  const { waits, ...rest } = options;
  const requests: ModelRequest[] = [];
  const base = scripted(script);
  const model: LanguageModel = {
    ...base,
    id: base.id,
    async *stream(request, signal) {
      requests.push(request);
      const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      for await (const part of base.stream(request, signal)) {
        const gate = part.type === "text-delta" ? waits?.(part.text) : undefined;
        if (gate) await Promise.race([gate, aborted]);
        if (signal.aborted) return yield* base.stream(request, signal);
        yield part;
      }
    },
  };
  const server = await startServer({
    ...rest,
    files: { "examples/agents/scribe.toml": SCRIBE, ...rest.files },
    overrides: { models: models(model) },
  });
  const open = (...args: string[]) => new Pty(["chat", ...args], { server: server.url, cwd: server.directory });
  return { server, requests, open, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const when = (text: string) => ({ when: { userIncludes: text } });
const RESUME = /continue with: .*caxton chat --thread (\S+)/;

test("a chat streams answers, keeps its thread, and is continued with its latest turns", LONG, async () => {
  await using place = await room([
    { ...when("first"), text: "One \u001B[31mred\u001B[2J answer." },
    { ...when("again"), text: "Second answer." },
  ]);
  let thread = "";
  {
    await using chat = place.open("scribe");
    await chat.say("first");
    await chat.shows(/One red answer\./);
    expect(chat.raw).not.toContain("\u001B[31mred");
    expect(chat.raw).not.toContain("\u001B[2J");
    await chat.say("/title Old notes");
    await chat.shows(/renamed to Old notes/);
    await chat.shows(/> $/);
    chat.type("\u0004");
    [, thread = ""] = RESUME.exec(await chat.shows(RESUME)) ?? [];
    expect(await chat.ended()).toBe(0);
  }
  await using again = place.open("--thread", thread);
  await again.shows(/Old notes[\s\S]*first[\s\S]*One red answer\./);
  await again.say("and again");
  await again.shows(/Second answer\./);
  expect(place.requests.at(-1)?.messages.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
  await again.shows(/> $/);
  again.type("/thr");
  await again.shows(/> \/thr$/);
  again.type("\t");
  await again.shows(/> \/threads$/);
  again.type("\r");
  await again.shows(/\* 1 {2}Old notes/);
  await again.say("/quit");
  await again.shows(RESUME);
  await using last = place.open("scribe", "--continue");
  await last.shows(/Second answer\./);
});

// chat.editor.E1
test("Ctrl-C cancels the turn in progress, and the second one leaves", LONG, async () => {
  const { promise: never } = Promise.withResolvers();
  await using place = await room([{ text: "Begun. and not ended", chunkChars: 7 }], {
    waits: (text) => (text.startsWith("and") ? never : undefined),
  });
  await using chat = place.open("scribe");
  await chat.say("go");
  await chat.shows(/Begun\./);
  chat.type("\u0003");
  await chat.shows(/cancelled/);
  await chat.say("go again");
  await chat.shows(/Begun\./);
  chat.type("half a line");
  await chat.shows(/> half a line/);
  chat.type("\u0003\u0003");
  await chat.shows(/cancelled/);
  await chat.shows(/> $/);
  chat.type("\u0003");
  await chat.shows(/press Ctrl-C again/);
  await chat.shows(/> $/);
  chat.type("\u0003");
  await chat.shows(RESUME);
  expect(await chat.ended()).toBe(0);
});

test("a paste is one message, and so are lines that end with a backslash", LONG, async () => {
  await using place = await room([{ text: "Read." }]);
  await using chat = place.open("scribe");
  await chat.say("\u001B[200~one\rtwo\r\u001B[201~three");
  await chat.shows(/Read\./);
  await chat.say("four\\\rfive");
  await chat.shows(/Read\./);
  const asked = place.requests.map(({ messages }) => messages.at(-1)).map((last) => last?.role === "user" && last.text);
  expect(asked).toEqual(["one\ntwo\nthree", "four\nfive"]);
});

test("files are attached with a message, and limits are reported", LONG, async () => {
  await using place = await room([{ text: "Seen." }], {
    files: { "small.csv": "a,b\n1,2\n", "big.bin": "x".repeat(3_000), "page.pdf": "%PDF-1.4\n", "dot.png": "png" },
    settings: { "files.upload_bytes_max": "2KiB" },
  });
  await using chat = place.open("scribe");
  await chat.say("/attach nothing.csv");
  await chat.shows(/nothing\.csv/);
  await chat.say("/attach big.bin");
  await chat.shows(/UPLOAD_TOO_LARGE/);
  await chat.say("/attach small.csv");
  await chat.shows(/attached small\.csv/);
  await chat.say("/attach page.pdf");
  await chat.shows(/attached page\.pdf/);
  await chat.say("/attach dot.png");
  await chat.shows(/attached dot\.png/);
  await chat.say("look");
  await chat.shows(/Seen\./);
  const last = place.requests[0]?.messages.at(-1);
  expect(last?.role === "user" && last.text).toMatch(/small\.csv[\s\S]*page\.pdf/);
  expect(last?.role === "user" && last.images?.map(({ mediaType }) => mediaType)).toEqual(["image/png"]);
  await chat.say("/files");
  await chat.shows(/small\.csv {2}8 B/);
});

test("a message can be edited, answered again and undone; other branches stay", LONG, async () => {
  await using place = await room([
    { ...when("tea"), text: "Tea it is." },
    { ...when("coffee"), text: "Coffee it is." },
  ]);
  await using chat = place.open("scribe");
  await chat.say("tea");
  await chat.shows(/Tea it is\./);
  await chat.say("/edit");
  await chat.shows(/edit your message/);
  chat.type("\u0015coffee\r");
  await chat.shows(/Coffee it is\./);
  using saved = tempDirectory();
  await chat.say(`/export ${saved.path}/coffee.md`);
  await chat.shows(/saved to .*coffee\.md/);
  expect(readFileSync(`${saved.path}/coffee.md`, "utf8")).toMatch(/local[^]*coffee\n\n## scribe[^]*Coffee it is\.\n$/);
  await chat.say("/branches");
  await chat.shows(/1 {2}local: tea/);
  await chat.say("/branch 1");
  await chat.shows(/local: tea[\s\S]*Tea it is\./);
  await chat.say("/undo");
  await chat.shows(/undone: local: tea/);
  await chat.say("/retry");
  await chat.shows(/no message yet/);
  await chat.say("/nonsense");
  await chat.shows(/there is no command \/nonsense/);
  expect(place.requests).toHaveLength(2);
});

test(
  "an approval is asked in the chat, again if it was left open, and no more once another client has answered",
  LONG,
  async () => {
    const call = { name: "file_system__write_file", arguments: { path: "out.txt", content: "kumquat" } };
    await using place = await room([{ toolCalls: [call] }, { text: "Written." }]);
    const thread = await created(place.server.ask("POST", "/api/v1/threads", { agent: "scribe" }));
    await using ann = place.open("--thread", thread);
    await using bob = place.open("--thread", thread);
    await bob.shows(/> $/);
    await ann.say("write");
    await ann.shows(/kumquat[\s\S]*Yes, make this call/);
    await bob.shows(/kumquat[\s\S]*Yes, make this call/);
    ann.type("\u0003");
    await ann.shows(/\/answer asks again/);
    await ann.say("/answer");
    await ann.shows(/Yes, make this call/);
    ann.type("\r");
    await ann.shows(/Written\./);
    await bob.shows(/another client has answered/);
    await bob.shows(/Written\./);
    expect(place.requests).toHaveLength(2);
    await ann.say("/answer");
    await ann.shows(/nothing waits for an answer/);
  },
);

test("a delegate's approval and question are asked in the chat of the one that delegates", LONG, async () => {
  const write = { name: "file_system__write_file", arguments: { path: "out.txt", content: "kumquat" } };
  const ask = { name: "user__ask_user", arguments: { question: "Which color?" } };
  const delegate = { name: "agent_scribe", arguments: { request: "write it down" } };
  await using place = await room(
    [
      { ...when("write it down"), toolCalls: [write] },
      { ...when("write it down"), toolCalls: [ask] },
      { ...when("write it down"), text: "Noted." },
      { ...when("remember"), toolCalls: [delegate] },
      { ...when("remember"), text: "Remembered." },
    ],
    { files: { "examples/agents/chief.toml": CHIEF } },
  );
  const context = { server: place.server.url, cwd: place.server.directory };
  const script = await caxton(["run", "chief", "remember"], context);
  expect(script).toMatchObject({ code: 9 });
  expect(script.stderr).toContain("[AWAITING_APPROVAL]");
  await using chat = place.open("chief");
  await chat.say("remember");
  await chat.shows(/scribe works for this run[\s\S]*kumquat[\s\S]*Yes, make this call/);
  chat.type("\u0003");
  await chat.shows(/\[AWAITING_APPROVAL\]/);
  chat.type("/answer\r");
  await chat.shows(/Yes, make this call/);
  chat.type("\r");
  await chat.shows(/◆ {2}Which color\?/);
  chat.type("blue\r");
  await chat.shows(/Remembered\./);
  expect(place.requests.map(({ messages }) => JSON.stringify(messages.at(-1))).join("\n")).toContain("blue");
});

test("a question of the model is asked in the chat", LONG, async () => {
  const call = { name: "user__ask_user", arguments: { question: "Which color?", options: ["red", "blue"] } };
  await using place = await room([{ toolCalls: [call] }, { text: "Painted." }]);
  await using chat = place.open("scribe");
  await chat.say("paint");
  await chat.shows(/Which color\?[\s\S]*blue/);
  chat.type("\u001B[B");
  chat.type("\r");
  await chat.shows(/Painted\./);
  expect(JSON.stringify(place.requests[1]?.messages.at(-1))).toContain("blue");
  expect(chat.screen).not.toContain("another terminal");
});

test("a plain message answers a question that was left open, and the rest of the turn is printed", LONG, async () => {
  const call = { name: "user__ask_user", arguments: { question: "Which color?" } };
  await using place = await room([{ toolCalls: [call] }, { text: "Painted." }]);
  await using chat = place.open("scribe");
  await chat.say("paint");
  await chat.shows(/◆ {2}Which color\?/);
  chat.type("\u0003");
  await chat.shows(/\/answer asks again/);
  await chat.say("blue");
  await chat.shows(/Painted\./);
  expect(JSON.stringify(place.requests[1]?.messages.at(-1))).toContain("blue");
  expect(chat.screen.match(/Painted\./g)).toHaveLength(1);
});

// chat.session.C1, chat.session.C2
test("messages during a turn wait, join or interrupt, and two chats show one order", LONG, async () => {
  const gate = Promise.withResolvers<void>();
  await using place = await room(
    [
      { ...when("alpha"), text: "Answer alpha." },
      { ...when("beta"), text: "Answer beta." },
      { ...when("gamma"), text: "Answer gamma." },
    ],
    { waits: (text) => (text.includes("alpha") ? gate.promise : undefined) },
  );
  const thread = await created(place.server.ask("POST", "/api/v1/threads", { agent: "scribe" }));
  await using ann = place.open("--thread", thread);
  await using bob = place.open("--thread", thread);
  await bob.shows(/> $/);
  await ann.say("say alpha");
  await bob.shows(/local: say alpha/);
  bob.type("say beta\r");
  await expect.poll(() => count(place.server.url, thread)).toBe(2);
  ann.type("/queue say gamma\r");
  await expect.poll(() => count(place.server.url, thread)).toBe(3);
  gate.resolve();
  for (const chat of [ann, bob]) {
    await chat.shows(/Answer gamma\./);
    const answers = [...chat.screen.matchAll(/Answer (\w+)\./g)].map(([, name]) => name);
    expect(answers).toEqual(["alpha", "beta", "gamma"]);
  }
  expect(ann.screen).toContain("local: say beta");
  expect(bob.screen).toContain("local: say gamma");
});

test(
  "a restart of the server in the middle of an answer: the chat prints the rest, and nothing twice",
  LONG,
  async () => {
    using directory = tempDirectory();
    const { promise: never } = Promise.withResolvers();
    const script = [{ text: "The first half, and then the second half.", chunkChars: 16 }];
    const port = await freePort();
    const settings = { "server.port": port, "server.shutdown_timeout": "100ms" };
    const where = { directory: directory.path, settings };
    const first = await room(script, { ...where, waits: (text) => (text.startsWith("and") ? never : undefined) });
    await using chat = first.open("scribe");
    await chat.say("go");
    await chat.shows(/The first half/);
    await first[Symbol.asyncDispose]();
    await chat.shows(/connection is lost/);
    await using second = await room(script, where);
    await chat.shows(/second half\./);
    await chat.shows(/─ done/);
    expect(chat.screen.match(/first half/g)).toHaveLength(1);
    expect(chat.screen.match(/second half/g)).toHaveLength(1);
    await chat.say("and now");
    await chat.shows(/second half\./);
    expect(second.requests).toHaveLength(2);
  },
);

test("scripts send one message or one a line, and read only the answers", LONG, async () => {
  await using place = await room([
    { ...when("one"), text: "First." },
    { ...when("two"), text: "Second." },
    { ...when("three"), text: "Third." },
  ]);
  const context = { server: place.server.url, cwd: place.server.directory };
  const single = await caxton(["chat", "scribe", "--message", "one"], context);
  expect(single).toMatchObject({ code: 0, stdout: "First.\n" });
  const [, thread = ""] = RESUME.exec(single.stderr) ?? [];
  const lines = await caxton(["chat", "scribe", "--thread", thread], { ...context, input: "two\n\nthree\n" });
  expect(lines).toMatchObject({ code: 0, stdout: "Second.\nThird.\n" });
  expect(place.requests.at(-1)?.messages).toHaveLength(5);
  const json = await caxton(["chat", "--continue", "--message", "one", "--json"], context);
  expect(JSON.parse(json.stdout)).toMatchObject({ state: "completed", output: "First.", thread: { id: thread } });
  const unknown = await caxton(["chat", "unknown-one", "--message", "x"], context);
  expect(unknown.code).not.toBe(0);
  expect(unknown.stderr).toContain("AGENT_NOT_FOUND");
  const other = await caxton(["chat", "greeter", "--thread", thread, "--message", "x"], context);
  expect(other.stderr).toContain("the agent of this thread is scribe");
});

async function created(asked: Promise<{ readonly body: unknown }>): Promise<string> {
  return z.object({ id: z.string() }).parse((await asked).body).id;
}

async function count(url: string, thread: string): Promise<number> {
  const response = await fetch(`${url}/api/v1/threads/${thread}/turns`);
  return z.object({ items: z.array(z.unknown()) }).parse(await response.json()).items.length;
}
