import { expect, test } from "vitest";
import type { ModelMessage, ModelPart, ModelRequest } from "../../port/index.ts";
import { systemClock } from "../../../kernel/clock.ts";
import { ScriptInvalidError } from "../errors.ts";
import { parseScript } from "./script.ts";
import { scripted } from "./scripted.ts";

// verifies("model.scripted")

const user = (text: string): ModelMessage => ({ role: "user", text });
const assistant = (text = "", toolCalls: readonly { id: string; name: string; arguments: string }[] = []) =>
  ({ role: "assistant", text, toolCalls }) as const;
const results: ModelMessage = { role: "tool", results: [] };

const request = (messages: readonly ModelMessage[], timeoutMs = 10_000): ModelRequest => ({
  system: "",
  messages,
  tools: [],
  settings: { temperature: undefined, outputTokensMax: undefined, headers: {}, timeoutMs },
});

async function collect(stream: AsyncIterable<ModelPart>): Promise<readonly ModelPart[]> {
  const parts: ModelPart[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

const play = (model: ReturnType<typeof scripted>, messages: readonly ModelMessage[], signal?: AbortSignal) =>
  collect(model.stream(request(messages), signal ?? new AbortController().signal));

const noUsage = {
  inputTokens: undefined,
  outputTokens: undefined,
  cachedInputTokens: undefined,
  reasoningTokens: undefined,
};

const textOf = (parts: readonly ModelPart[]) =>
  parts.map((part) => (part.type === "text-delta" ? part.text : "")).join("");

test("the assistant turns already in a request decide which turn is played", async () => {
  const model = scripted([{ toolCalls: [{ name: "look", arguments: { at: "it" } }] }, { text: "Done." }]);
  expect(await play(model, [user("go")])).toEqual([
    { type: "tool-call", call: { id: "call_1_1", name: "look", arguments: '{"at":"it"}' } },
    { type: "finish", reason: "tool-calls", usage: noUsage },
  ]);
  expect(await play(model, [user("go"), assistant(), results])).toEqual([
    { type: "text-delta", text: "Done." },
    { type: "finish", reason: "stop", usage: noUsage },
  ]);
});

test("a script that is over answers with bad_response", async () => {
  const parts = await play(scripted([{ text: "one" }]), [user("go"), assistant("one"), user("more")]);
  expect(parts).toMatchObject([
    { type: "error", failure: { class: "bad_response", message: expect.stringContaining("over before turn 2") } },
  ]);
});

test("turns with `when` answer only the user message that has their text, counted from it", async () => {
  const model = scripted([
    { text: "plain first" },
    { when: { userIncludes: "weather" }, text: "weather first" },
    { when: { userIncludes: "weather" }, text: "weather second" },
    { text: "plain second" },
  ]);
  expect(textOf(await play(model, [user("hello")]))).toBe("plain first");
  const chat = [user("hello"), assistant("plain first"), user("the weather?")];
  expect(textOf(await play(model, chat))).toBe("weather first");
  expect(textOf(await play(model, [...chat, assistant(), results]))).toBe("weather second");
  expect(textOf(await play(model, [user("hello"), assistant("plain first"), user("continue")]))).toBe("plain second");
});

test("argument text that is not JSON is played as it is", async () => {
  const [call] = await play(scripted([{ toolCalls: [{ name: "look", arguments: '{"at": "i' }] }]), [user("go")]);
  expect(call).toMatchObject({ call: { arguments: '{"at": "i' } });
});

test("text comes in pieces of chunkChars, never inside a character", async () => {
  const parts = await play(scripted([{ text: "a😀bcd", chunkChars: 2 }]), [user("go")]);
  expect(parts.flatMap((part) => (part.type === "text-delta" ? [part.text] : []))).toEqual(["a😀", "bc", "d"]);
});

test("an error with `times` fails that often and then answers", async () => {
  const error = { class: "rate_limited", message: "slow down", retryAfterMs: 5, times: 2 } as const;
  const model = scripted([{ text: "at last", error }]);
  const failed = [
    { type: "error", failure: { class: "rate_limited", message: "slow down", retryAfterMs: 5, status: undefined } },
  ];
  expect(await play(model, [user("go")])).toEqual(failed);
  expect(await play(model, [user("go")])).toEqual(failed);
  expect(textOf(await play(model, [user("go")]))).toBe("at last");
});

test("an error with `afterChars` cuts the answer there", async () => {
  const model = scripted([{ text: "half done", error: { class: "network", message: "cut", afterChars: 4 } }]);
  expect(await play(model, [user("go")])).toMatchObject([
    { type: "text-delta", text: "half" },
    { type: "error", failure: { class: "network" } },
  ]);
});

test("an abort during the delay ends the stream as cancelled", async () => {
  const cancel = new AbortController();
  const model = scripted([{ text: "late", delayMs: 600_000 }], {
    clock: {
      ...systemClock,
      sleep: async (ms, signal) => {
        cancel.abort();
        return systemClock.sleep(ms, signal);
      },
    },
  });
  expect(await play(model, [user("go")], cancel.signal)).toMatchObject([
    { type: "error", failure: { class: "cancelled" } },
  ]);
});

test("a delay beyond the attempt's time ends the stream as timeout", async () => {
  const model = scripted([{ text: "late", delayMs: 600_000 }]);
  const parts = await collect(model.stream(request([user("go")], 5), new AbortController().signal));
  expect(parts).toMatchObject([{ type: "error", failure: { class: "timeout" } }]);
});

test("a malformed script names every problem with its place", () => {
  const text = '[\n  {"text": "hi", "delay": 1},\n  {"error": {"class": "nope", "message": "x"}},\n  {}\n]';
  const parse = () => parseScript("answers.json", text);
  expect(parse).toThrow(ScriptInvalidError);
  expect(parse).toThrow(/answers\.json:2:3: .*delay.*answers\.json:3:23: \[1\]\.error\.class.*answers\.json:4:3/s);
  expect(() => parseScript("answers.json", "[{]")).toThrow(/line 1 column 3|position 2/);
});
