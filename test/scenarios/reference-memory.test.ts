import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";
import { repository, startServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("memory.reference-tools");

/** What the reference memory server of the Model Context Protocol answered to the same calls, one after another. */
const Recorded = z.object({
  server: z.string(),
  inputs: z.record(z.string(), z.array(z.string())),
  calls: z.array(
    z.object({
      tool: z.string(),
      given: z.record(z.string(), z.json()),
      refused: z.boolean().default(false),
      structured: z.record(z.string(), z.json()).default({}),
      text: z.string().default(""),
    }),
  ),
});
const { calls, inputs } = Recorded.parse(
  JSON.parse(readFileSync(join(repository, "test", "fixtures", "reference-memory.json"), "utf8")),
);

const Answer = z.object({
  outcome: z.string(),
  text: z.string(),
  structured: z.record(z.string(), z.json()).nullable(),
});
const Tools = z.object({
  tools: z.array(
    z.object({ name: z.string(), input_schema: z.object({ properties: z.record(z.string(), z.json()) }) }),
  ),
});

/** Lists of entities and relations have no order of their own. */
const unordered = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(unordered).toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
    : typeof value === "object" && value !== null
      ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unordered(inner)]))
      : value;

/** What a text says: most are JSON. */
const said = (text: string): unknown => (/^[[{]/.test(text) ? unordered(JSON.parse(text)) : text);

test("calls are answered as the reference memory server answered them", async () => {
  await using server = await startServer({});
  for (const { tool, given, refused, structured, text } of calls) {
    const { body } = await server.ask("POST", `/api/v1/tools/memory/${tool}/call`, { arguments: given });
    const answer = Answer.parse(body);
    const asked = `${tool} ${JSON.stringify(given)}`;
    expect(answer.outcome === "done", `${asked}: ${answer.text}`).toBe(!refused);
    expect(unordered(answer.structured ?? {}), asked).toMatchObject(Object(unordered(structured)));
    expect(refused ? undefined : said(answer.text), asked).toEqual(refused ? undefined : said(text));
  }
  const { body } = await server.ask("GET", "/api/v1/tools/memory");
  const tools = Tools.parse(body).tools;
  for (const [tool, names] of Object.entries(inputs)) {
    const properties = tools.find(({ name }) => name === tool)?.input_schema.properties;
    expect(Object.keys(properties ?? {}), tool).toEqual(expect.arrayContaining(names));
  }
});
