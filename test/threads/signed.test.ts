import { expect, test } from "vitest";
import { mint, RunId } from "../../src/kernel/ids.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import type { LanguageModel, ModelPart, ModelRequest } from "../../src/models/port/language-model.ts";
import { scripted } from "../../src/models/vendors/index.ts";
import { Threads } from "../../src/runs/threads/threads.ts";
import { Contents, SqliteRunArchive, SqliteThreadStore } from "../../src/storage/index.ts";
import { done, freshEngine } from "../helpers/engine.ts";

/** A model that signs its answers with a key, and refuses what another key signed, as providers do. */
function signing() {
  const inner = scripted([{ toolCalls: [{ name: "fake__look", arguments: { text: "x" } }] }, { text: "seen" }]);
  const requests: ModelRequest[] = [];
  const model = {
    id: inner.id,
    limits: undefined,
    key: "first",
    requests,
    async *stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelPart> {
      requests.push(request);
      const signed = request.messages.flatMap((message) =>
        message.role === "assistant" && message.providerMetadata ? [message.providerMetadata["key"]] : [],
      );
      if (signed.some((key) => key !== model.key)) {
        const failure = { class: "invalid_request", message: "Invalid signature in thinking block" } as const;
        yield { type: "error", failure: { ...failure, status: 400, retryAfterMs: undefined } };
        return;
      }
      for await (const part of inner.stream(request, signal))
        yield part.type === "finish" ? { ...part, providerMetadata: { key: model.key } } : part;
    },
  } satisfies LanguageModel & { key: string; requests: ModelRequest[] };
  return model;
}

test("a thread whose earlier turns another key signed continues without their signatures", async () => {
  const model = signing();
  await using made = freshEngine({ model, tools: [{ name: "look", run: () => done("42") }] });
  const { database, runs, replies, journal } = made;
  const archive = new SqliteRunArchive(database, new Contents(database));
  const threads = new Threads({
    redact: (message) => message,
    store: new SqliteThreadStore(database),
    runs,
    replies,
    journal,
    archive,
    clock: systemClock,
  });
  const given = { workspace: "default", agent: "tester", revision: 1, owner: "ann", title: "", tags: [] };
  const { id } = await threads.create({ ...given, expiresAfterMs: null });
  const ask = async (input: string) => {
    const message = {
      input,
      author: "ann",
      whenBusy: "queue",
      isRepeated: false,
      model: undefined,
      files: [],
    } as const;
    const sent = await threads.send(id, { id: mint(RunId), ...message });
    await sent.ended;
    return made.runs.view(sent.run);
  };
  expect((await ask("one")).state).toBe("completed");
  expect((await ask("two")).state).toBe("completed");
  expect(model.requests).toHaveLength(4);
  model.key = "second";
  const third = await ask("three");
  expect(third).toMatchObject({ state: "completed" });
  // One refused request, and none in the later steps of the run.
  expect(model.requests).toHaveLength(7);
  const steps = third.steps.flatMap((step) => (step.kind === "model" ? [step.attempts] : []));
  expect(steps).toMatchObject([[{ class: "invalid_request", retryInMs: 0 }], []]);
});
