import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { EndpointEmbedder, type EndpointOptions } from "../../../src/memory/embeddings/endpoint.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import { refusing, vendor } from "../../models/vendors/endpoint.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("memory.embedder-endpoint");

const DIMS = 4;

/** Vectors whose first number is the order, returned in the wrong order. */
const vectors =
  (count: number, dims = DIMS) =>
  (response: ServerResponse): void => {
    const data = Array.from({ length: count }, (_, index) => ({
      object: "embedding",
      index,
      embedding: Array.from({ length: dims }, (__, at) => (at === 0 ? index + 1 : at === 1 ? 1 : 0)),
    }));
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ object: "list", data: data.toReversed(), model: "m", usage: {} }));
  };

const embedder = (baseUrl: string, more: Partial<EndpointOptions> = {}) =>
  new EndpointEmbedder(
    { name: "openai/small", model: "small", baseUrl, key: () => Promise.resolve("sk-secret"), dims: DIMS, ...more },
    systemClock,
  );

test("texts go in batches, with the key, and come back as unit vectors in their order", async () => {
  await using server = await vendor(vectors(32), vectors(8));
  const made = await embedder(`${server.url}/v1/`).embed(Array.from({ length: 40 }, (_, index) => `text ${index}`));
  expect(made).toHaveLength(40);
  for (const [index, vector] of made.entries()) {
    expect(Math.hypot(...vector)).toBeCloseTo(1, 6);
    expect((vector[0] ?? 0) / (vector[1] ?? 0)).toBeCloseTo((index % 32) + 1, 3);
  }
  const [first, second] = server.seen;
  expect(first?.url).toBe("/v1/embeddings");
  expect(first?.headers.authorization).toBe("Bearer sk-secret");
  expect(first?.body).toMatchObject({ model: "small", encoding_format: "float" });
  expect(first?.body).not.toHaveProperty("dimensions");
  expect(second?.body).toMatchObject({ input: Array.from({ length: 8 }, (_, index) => `text ${index + 32}`) });
});

test("models that can make shorter vectors are asked for the length; an empty text is accepted", async () => {
  await using server = await vendor(vectors(2));
  await embedder(server.url, { isDimsSent: true }).embed(["", "  "]);
  expect(server.seen[0]?.body).toMatchObject({ dimensions: DIMS, input: [".", "."] });
});

test("a refusal that passes is tried again when the endpoint says so", async () => {
  const busy = refusing(429, { error: { message: "slow down" } }, { "retry-after-ms": "20" });
  await using server = await vendor(busy, busy, vectors(1));
  expect(await embedder(server.url).embed(["a"])).toHaveLength(1);
  expect(server.seen).toHaveLength(3);
});

test("a wait that is too long is not waited for", async () => {
  await using server = await vendor(refusing(503, {}, { "retry-after": "3600" }), vectors(1));
  await expect(embedder(server.url).embed(["a"])).rejects.toMatchObject({ code: "EMBEDDER_UNAVAILABLE" });
  expect(server.seen).toHaveLength(1);
});

test("a refused key is reported once, without the key", async () => {
  await using server = await vendor(refusing(401, { error: { message: "Incorrect API key provided: sk-secret" } }));
  const failing = embedder(server.url).embed(["a"]);
  await expect(failing).rejects.toMatchObject({
    message: "openai/small makes no vectors: it answered 401: Incorrect API key provided: [key]",
    hint: expect.stringContaining("caxton model providers"),
  });
  expect(server.seen).toHaveLength(1);
});

test("vectors of numbers that no float holds come to length 1 all the same, and have no part that is no number", async () => {
  const data = [3e200, 4e200, 0, 0].map((first, index) => ({
    index,
    embedding: [first, index === 0 ? 4e200 : 0, 0, 0],
  }));
  await using server = await vendor((response) => response.end(JSON.stringify({ data })));
  const made = await embedder(server.url).embed(["a", "b", "c", "d"]);
  expect(made.map((vector) => [...vector].map((value) => Number(value.toFixed(3))))).toEqual([
    [0.6, 0.8, 0, 0],
    [1, 0, 0, 0],
    [1, 0, 0, 0],
    [1, 0, 0, 0],
  ]);
});

test("vectors of another length are refused with what to configure", async () => {
  await using server = await vendor(vectors(1, 6));
  await expect(embedder(server.url).embed(["a"])).rejects.toMatchObject({
    code: "EMBEDDING_DIMENSIONS",
    details: { expected: 4, got: 6 },
    hint: expect.stringContaining("embedding_dims"),
  });
});

test.each([
  ["fewer vectors", vectors(1)],
  ["no JSON", (response: ServerResponse) => void response.writeHead(200).end("<html>")],
  ["another protocol", refusing(200, { embeddings: [[1, 2, 3, 4]] })],
])("an answer with %s is reported", async (_, answer) => {
  await using server = await vendor(answer);
  await expect(embedder(server.url).embed(["a", "b"])).rejects.toThrow("did not answer with 2 vectors");
});

test("an endpoint that does not answer in time, or is not there, is unavailable", async () => {
  await using silent = await vendor(() => undefined);
  const impatient = { timeoutMs: 30, attemptsMax: 1 };
  await expect(embedder(silent.url, impatient).embed(["a"])).rejects.toThrow("did not answer within 30 ms");
  await expect(embedder("http://127.0.0.1:9/v1", impatient).embed(["a"])).rejects.toThrow("cannot be reached");
});

test("a caller who cancels, and closing, end the request", async () => {
  await using silent = await vendor(() => undefined);
  const stop = new AbortController();
  const cancelled = embedder(silent.url).embed(["a"], stop.signal);
  stop.abort();
  await expect(cancelled).rejects.toMatchObject({ code: "CANCELLED" });
  const closing = embedder(silent.url);
  const closed = closing.embed(["a"]);
  await closing.close();
  await expect(closed).rejects.toMatchObject({ code: "CANCELLED" });
});
