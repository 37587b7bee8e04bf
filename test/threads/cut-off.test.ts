import { expect, test, vi } from "vitest";
import { RunDetail, type RunState } from "../../src/api/contract/runs/runs.ts";
import { Sent, Thread, TurnPage } from "../../src/api/contract/threads/threads.ts";
import type { LanguageModel, ModelMessage, ModelPart } from "../../src/models/port/index.ts";
import { scripted } from "../../src/models/vendors/index.ts";
import { commandLine } from "../cli/caxton.ts";
import { models } from "../helpers/engine.ts";
import { startServer } from "../helpers/server.ts";

const READ = "The first half of the answer";

/** Answers the first request up to the middle, and then waits; answers later ones. */
function halting(requests: (readonly ModelMessage[])[], begun: () => void): LanguageModel {
  const later = scripted([{ text: "later" }]);
  return {
    id: later.id,
    limits: undefined,
    async *stream(request, signal): AsyncGenerator<ModelPart> {
      requests.push(request.messages);
      if (requests.length > 1) return yield* later.stream(request, signal);
      yield { type: "text-delta", text: READ };
      begun();
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      const failure = { class: "cancelled", message: "stopped", status: undefined, retryAfterMs: undefined } as const;
      yield { type: "error", failure };
    },
  };
}

/** Its model breaks off in the middle of an answer to the first request. */
const failing = (requests: (readonly ModelMessage[])[]): LanguageModel => {
  const error = { class: "auth", message: "the key was revoked", afterChars: READ.length } as const;
  const turns = scripted([
    { when: { userIncludes: "first" }, text: `${READ}, and the second`, error },
    { when: { userIncludes: "second" }, text: "later" },
  ]);
  return {
    id: turns.id,
    limits: undefined,
    stream: (request, signal) => {
      requests.push(request.messages);
      return turns.stream(request, signal);
    },
  };
};

const CASES: readonly { readonly how: string; readonly state: RunState; readonly mark: string }[] = [
  { how: "is cancelled", state: "cancelled", mark: "[stopped: the user cancelled this answer]" },
  { how: "fails", state: "failed", mark: "[stopped: MODEL_AUTH: " },
];

test.each(CASES)("what was read of an answer that $how stays in the dialogue", async ({ state, mark }) => {
  const requests: (readonly ModelMessage[])[] = [];
  const begun = Promise.withResolvers<void>();
  const model = state === "cancelled" ? halting(requests, begun.resolve) : failing(requests);
  await using server = await startServer({ overrides: { models: models(model) } });
  const { id } = Thread.parse((await server.ask("POST", "/api/v1/threads", { agent: "greeter" })).body);
  const say = async (input: string, more: object = {}) =>
    Sent.parse((await server.ask("POST", `/api/v1/threads/${id}/messages`, { input, ...more })).body).run.id;
  const first = await say("first");
  if (state === "cancelled") {
    await begun.promise;
    await server.ask("POST", `/api/v1/runs/${first}/cancel`, {});
  }
  const detail = async () => RunDetail.parse((await server.ask("GET", `/api/v1/runs/${first}`)).body);
  await vi.waitFor(async () => expect((await detail()).state).toBe(state), { timeout: 20_000 });
  expect((await detail()).step_list).toMatchObject([{ kind: "model", state: "failed", text: READ }]);

  const { body } = await server.ask("GET", `/api/v1/threads/${id}/turns`);
  const [turn] = TurnPage.parse(body).items;
  expect(turn?.messages).toMatchObject([
    { role: "user", text: "first" },
    { role: "assistant", text: READ, is_cut_off: true },
    { role: "notice" },
  ]);
  expect((await commandLine(["thread", "get", id], { server: server.url })).stdout).toContain(`${READ} … (cut off)`);
  const file = await (await fetch(`${server.url}/api/v1/threads/${id}/export?format=markdown`)).text();
  expect(file).toContain(`${READ} … (cut off)`);

  await say("second", { wait: true });
  const history = requests.at(-1)?.flatMap((each) => (each.role === "assistant" ? [each.text] : []));
  expect(history).toEqual([expect.stringContaining(`${READ}\n\n${mark}`)]);
});

test("an attempt that broke off is replaced by the answer of the next one", async () => {
  const error = { class: "network", message: "cut", afterChars: READ.length, times: 1 } as const;
  await using server = await startServer({ script: [{ text: `${READ}, and the rest.`, error }] });
  const { id } = Thread.parse((await server.ask("POST", "/api/v1/threads", { agent: "greeter" })).body);
  await server.ask("POST", `/api/v1/threads/${id}/messages`, { input: "first", wait: true });
  const { body } = await server.ask("GET", `/api/v1/threads/${id}/turns`);
  expect(TurnPage.parse(body).items[0]?.messages.slice(1)).toMatchObject([
    { role: "assistant", text: `${READ}, and the rest.`, is_cut_off: false },
  ]);
});
