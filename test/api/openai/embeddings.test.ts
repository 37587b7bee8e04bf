import { OpenAIEmbeddings } from "@langchain/openai";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifies } from "../../helpers/verifies.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";

verifies("api.openai");

const TEXTS = ["A cat sleeps on the sofa.", "A kitten is napping on the couch.", "Interest rates rose again."];
const DIMENSIONS = 192;

let server: WorkspaceServer;
let key: string;
beforeAll(async () => {
  server = await WorkspaceServer.start();
  key = await server.createKey("user");
});
afterAll(() => server?.[Symbol.asyncDispose]());

const client = (apiKey = key) => new OpenAI({ apiKey, baseURL: `${server.url}/v1`, maxRetries: 0 });
const cosine = (one: readonly number[], other: readonly number[]) =>
  one.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);

test("texts get the same vectors as numbers and as base64, the nearer the more alike they are", async () => {
  const floats = await client().embeddings.create({ model: "static", input: TEXTS, encoding_format: "float" });
  expect(floats).toMatchObject({ object: "list", model: "static", usage: { prompt_tokens: expect.any(Number) } });
  const [cat = [], kitten = [], rates = []] = floats.data.map(({ embedding }) => embedding);
  expect(cat).toHaveLength(DIMENSIONS);
  expect(cosine(cat, kitten)).toBeGreaterThan(cosine(cat, rates));
  // The package requests base64 by default, and decodes it.
  const decoded = await client().embeddings.create({ model: "static", input: TEXTS });
  expect(decoded.data.map(({ embedding }) => embedding)).toEqual(floats.data.map(({ embedding }) => embedding));
  const raw = await client().embeddings.create({ model: "static", input: TEXTS, encoding_format: "base64" });
  expect(raw.data[0]?.embedding).toEqual(expect.any(String));
});

test("LangChain gets vectors of documents and questions", async () => {
  const embeddings = new OpenAIEmbeddings({
    model: "static",
    apiKey: key,
    configuration: { baseURL: `${server.url}/v1` },
  });
  const documents = await embeddings.embedDocuments(TEXTS);
  const question = await embeddings.embedQuery("cat sofa");
  const nearest = documents.map((vector) => cosine(vector, question));
  expect(nearest.indexOf(Math.max(...nearest))).toBe(0);
});

test("what no embedder does is refused in the form of the API", async () => {
  const create = (more: object) => client().embeddings.create({ model: "static", input: "x", ...more });
  await expect(create({ model: "text-embedding-3-small" })).rejects.toMatchObject({
    status: 400,
    code: "UNKNOWN_EMBEDDER",
    message: expect.stringContaining("static"),
  });
  await expect(create({ dimensions: 256 })).rejects.toMatchObject({ status: 400, code: "EMBEDDING_LENGTH_FIXED" });
  await expect(create({ dimensions: DIMENSIONS })).resolves.toMatchObject({ model: "static" });
  for (const input of [[1, 2, 3], "", [], [""]])
    await expect(create({ input })).rejects.toMatchObject({ status: 400, type: "invalid_request_error" });
  await expect(create({ model: "all-minilm-l6-v2" })).rejects.toMatchObject({ code: "MODEL_NOT_INSTALLED" });
  const reader = client(await server.createKey("readonly"));
  await expect(reader.embeddings.create({ model: "static", input: "x" })).rejects.toMatchObject({ status: 403 });
});
