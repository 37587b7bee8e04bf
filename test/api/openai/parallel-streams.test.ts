import OpenAI from "openai";
import { expect, test } from "vitest";
import type { LanguageModel } from "../../../src/models/port/language-model.ts";
import { scripted } from "../../../src/models/vendors/index.ts";
import { models } from "../../helpers/engine.ts";
import { startServer } from "../../helpers/server.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("api.openai");

const COUNT = 1_000;
/** The client shares its core with the server, and gives a connection ten seconds. */
const STARTED_AT_ONCE = 50;

test.each(["chat completions", "responses"])(
  "a thousand streams of %s are open at once, each with its answer",
  async (kind) => {
    let calls = 0;
    const allOpen = Promise.withResolvers<void>();
    // Nothing is answered before every request has its stream and its run.
    const model: LanguageModel = {
      id: "scripted/inline",
      limits: undefined,
      async *stream(request, signal) {
        calls += 1;
        await allOpen.promise;
        const asked = JSON.stringify(request.messages.at(-1)).match(/question \d+/)?.[0] ?? "";
        yield* scripted([{ text: `The answer to ${asked}.`, chunkChars: 8 }]).stream(request, signal);
      },
    };
    const settings = {
      "server.limits.streams": { server: COUNT, address: COUNT },
      "runs.concurrent_max": COUNT,
    };
    await using server = await startServer({ overrides: { models: models(model) }, settings });
    const client = new OpenAI({ apiKey: "any", baseURL: `${server.url}/v1`, maxRetries: 0 });
    const ask = async (content: string): Promise<string> => {
      if (kind === "responses") {
        const stream = client.responses.stream({ model: "greeter", input: content });
        return (await stream.finalResponse()).output_text;
      }
      const messages = [{ role: "user" as const, content }];
      return (await client.chat.completions.stream({ model: "greeter", messages }).finalContent()) ?? "";
    };
    const questions = Array.from({ length: COUNT }, (_, index) => `question ${index}`);
    const used = () =>
      server.started.services.access.limits.usage().find(({ resource }) => resource === "streams")?.used;
    const answers: Promise<string>[] = [];
    while (answers.length < COUNT) {
      const started = answers.length + STARTED_AT_ONCE;
      answers.push(...questions.slice(answers.length, started).map(ask));
      await expect.poll(() => [used(), calls], { timeout: 60_000 }).toEqual([started, started]);
    }
    allOpen.resolve();
    expect(await Promise.all(answers)).toEqual(questions.map((question) => `The answer to ${question}.`));
    await expect.poll(used, { timeout: 30_000 }).toBe(0);
  },
  300_000,
);
