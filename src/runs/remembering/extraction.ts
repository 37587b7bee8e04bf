import * as z from "zod";
import type { JsonObject } from "../../kernel/json.ts";
import { parseJson } from "../../kernel/json.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import type { Memory, Provenance, ScopeKey } from "../../memory/knowledge/index.ts";

const ENTITIES_MAX = 50;
const FACTS_MAX = 50;
/** Confidence of facts that a model extracted; a little less than that of stated facts. */
const CONFIDENCE = 0.8;

const Extracted = z.object({
  entities: z
    .array(
      z.object({ name: z.string().min(1), type: z.string().min(1), facts: z.array(z.string().min(1)).max(FACTS_MAX) }),
    )
    .max(ENTITIES_MAX),
  relations: z
    .array(z.object({ from: z.string().min(1), type: z.string().min(1), to: z.string().min(1) }))
    .max(ENTITIES_MAX)
    .default([]),
});

/** Output schema of the extracting agent; overrides its definition. */
export const EXTRACTION_SCHEMA: JsonObject = {
  type: "object",
  properties: {
    entities: {
      type: "array",
      maxItems: ENTITIES_MAX,
      items: {
        type: "object",
        properties: {
          name: {
            type: "string",
            minLength: 1,
            description: "A person, thing, place or topic, by the name it goes by",
          },
          type: { type: "string", minLength: 1, description: "What it is, as in person, project, place" },
          facts: {
            type: "array",
            maxItems: FACTS_MAX,
            items: { type: "string", minLength: 1 },
            description: "What is now known of it that will still matter later, one fact a string",
          },
        },
        required: ["name", "type", "facts"],
      },
    },
    relations: {
      type: "array",
      maxItems: ENTITIES_MAX,
      items: {
        type: "object",
        properties: {
          from: { type: "string", minLength: 1 },
          type: { type: "string", minLength: 1, description: "In active voice, as works_at" },
          to: { type: "string", minLength: 1 },
        },
        required: ["from", "type", "to"],
      },
    },
  },
  required: ["entities"],
};

/**
 * Remembers what an extracting run answered. Entities that are known under another type get the facts all the same; what memory
 * does not take of it is left. Returns why nothing could be taken, or undefined.
 */
export async function rememberExtracted(
  memory: Pick<Memory, "changes" | "store">,
  { scope, output, provenance }: { readonly scope: ScopeKey; readonly output: string; readonly provenance: Provenance },
): Promise<string | undefined> {
  const parsed = parseJson(output);
  const read = Extracted.safeParse(parsed.type === "malformed" ? undefined : parsed.value);
  if (!read.success) return "the extracting agent did not answer with entities and their facts";
  const { entities, relations } = read.data;
  const known = await memory.store.find(entities.map(({ name }) => ({ scope, name: name.normalize("NFC").trim() })));
  const problems: string[] = [];
  for (const [index, { name, type, facts }] of entities.entries()) {
    const observations = facts.map((text) => ({ text, confidence: CONFIDENCE }));
    const input = { name, type: known[index]?.type ?? type, observations };
    await leaving(problems, () => memory.changes.remember(scope, [input], provenance));
  }
  for (const relation of relations) {
    await leaving(problems, () => memory.changes.relate(scope, [{ ...relation, confidence: CONFIDENCE }], provenance));
  }
  return problems[0];
}

/** Rejections by memory are collected as problems; unavailability is thrown, so that the work is retried. */
async function leaving(problems: string[], work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof CaxtonError) || error.kind === "unavailable") throw error;
    problems.push(error.message);
  }
}
