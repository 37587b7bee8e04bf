import * as fc from "fast-check";
import { expect, test } from "vitest";
import { EntityId, mint, ObservationId } from "../../../kernel/ids.ts";
import { fitFacts, rankFacts } from "./fact-ranking.ts";
import type { StoreHit } from "../memory-store.ts";
import { scopeKey } from "../scope.ts";
import { ENTITY_MEASURE } from "./token-budget.ts";

// verifies("memory.facts")

const ALWAYS = { fromMs: undefined, toMs: undefined };
const hitOf = (name: string, ...texts: readonly string[]): StoreHit => ({
  entity: {
    id: mint(EntityId),
    scope: scopeKey({ type: "global" }),
    name,
    type: "person",
    confidence: 1,
    strength: 1,
    validity: ALWAYS,
    metadata: {},
    version: 1,
    createdAtMs: 0,
    updatedAtMs: 0,
    observations: texts.map((text, atMs) => ({
      id: mint(ObservationId),
      text,
      confidence: 1,
      validity: ALWAYS,
      provenance: { source: "user", sourceId: undefined, agent: undefined },
      atMs,
      since: 1,
      until: undefined,
    })),
  },
  score: { total: 0.9, similarity: 0.6, keyword: 0.3, recency: 1, graph: 0, matched: [] },
});
/** `cosines`: similarity of each fact to the query. The query is embedded before the facts. */
const ranked = async (hits: readonly StoreHit[], text: string, cosines?: readonly number[]) =>
  rankFacts(hits, {
    text,
    keywordWeight: 0.5,
    embed:
      cosines &&
      ((texts) => Promise.resolve(texts.map((_, at) => Float32Array.of(at === 0 ? 1 : (cosines[at - 1] ?? 0))))),
  });
const textsOf = (hits: Awaited<ReturnType<typeof ranked>>) =>
  hits.map((hit) => hit.ranked.map(({ fact }) => fact.text));

test("facts are ranked by words and meaning, equal ones newest first", async () => {
  const ada = hitOf("Ada", "likes tea", "drives an old car", "rows on Sundays");
  expect(textsOf(await ranked([ada], "which car?"))).toEqual([["drives an old car", "rows on Sundays", "likes tea"]]);
  expect(textsOf(await ranked([ada], "which car?", [0.9, 0.1, 0.2]))).toEqual([
    ["likes tea", "drives an old car", "rows on Sundays"],
  ]);
});

test("a rare word counts more than one that many facts of the hits have", async () => {
  const hits = [hitOf("Ada", "sells tea", "sells anvils"), hitOf("Bo", "sells soap", "sells ink", "rows")];
  const [ada, bo] = await ranked(hits, "who sells anvils?");
  expect(ada?.ranked[0]).toMatchObject({ fact: { text: "sells anvils" } });
  expect(ada?.ranked[0]?.score).toBeGreaterThan((bo?.ranked[0]?.score ?? 1) + 0.1);
});

test("the name of an entity says nothing of which fact is meant", async () => {
  const texts: string[] = [];
  const [ada] = await rankFacts([hitOf("Ada Lovelace", "Ada likes tea", "She works in the Oslo office", "Ada rows")], {
    text: "Which office is Ada's?",
    keywordWeight: 0.5,
    embed: (all) => (texts.push(...all.map((text) => text.trim())), Promise.resolve([])),
  });
  expect(ada?.ranked[0]).toMatchObject({ fact: { text: "She works in the Oslo office" } });
  expect(texts).toEqual(["Which office is  ?", "likes tea", "She works in the Oslo office", "rows"]);
});

test("of facts that match as well, those of the better hit come first", async () => {
  const [one, other] = await ranked(
    [hitOf("Ada", "rows", "sings"), { ...hitOf("Bo", "rows", "sings"), score: { ...hitOf("Bo").score, total: 0.1 } }],
    "who rows?",
  );
  expect(one?.ranked[0]?.score).toBeGreaterThan(other?.ranked[0]?.score ?? 1);
});

test("facts that stand alone in their hits have the scores of these, and none is embedded", async () => {
  const alone = await rankFacts([hitOf("Ada", "likes tea"), hitOf("Bo")], {
    text: "tea",
    keywordWeight: 0.5,
    embed: () => Promise.reject(new Error("embedded")),
  });
  expect(alone.map((hit) => hit.ranked.map(({ score }) => Math.round(score * 10)))).toEqual([[9], []]);
});

test("the tokens go to the best facts of all hits, and each keeps its best", async () => {
  const car = "drives an old car to the office";
  const hits = await ranked(
    [
      hitOf("Ada", car, ...Array.from({ length: 50 }, (_, at) => `remark number ${at} about nothing`)),
      hitOf("Bo", "has a car for sale", "sells the car in spring", "likes tea"),
    ],
    "car",
  );
  const { fitting, tokens } = fitFacts(hits, 45);
  expect(tokens).toBeLessThanOrEqual(45);
  const [ada, bo] = fitting.map(({ entity }) => entity);
  expect(ada).toMatchObject({ name: "Ada", isCut: true });
  expect(ada?.observations.map(({ text }) => text)).toContain(car);
  expect(bo?.observations.slice(0, 2).map(({ text }) => text)).toEqual([
    "has a car for sale",
    "sells the car in spring",
  ]);
  expect(fitting[0]?.ranked[0]?.fact.text).toBe(car);
});

test("a fact that alone exceeds the limit is left out, and its entity is marked as cut", async () => {
  const { fitting, tokens } = fitFacts(await ranked([hitOf("Ada", "tea ".repeat(500))], "tea"), 20);
  expect(fitting).toMatchObject([{ entity: { name: "Ada", isCut: true, observations: [] }, ranked: [] }]);
  expect(tokens).toBeLessThanOrEqual(20);
});

test("what fits is within the tokens, in the order of age, and ranked as the entity has it", async () => {
  const texts = fc.array(fc.lorem({ maxCount: 12 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.array(texts, { maxLength: 5 }), fc.integer({ min: 1, max: 150 }), async (all, tokensMax) => {
      const hits = await ranked(
        all.map((one, at) => hitOf(`entity ${at}`, ...one)),
        "lorem ipsum dolor",
      );
      const { fitting, tokens } = fitFacts(hits, tokensMax);
      expect(tokens).toBe(fitting.reduce((sum, { entity }) => sum + ENTITY_MEASURE.tokensOf(entity), 0));
      expect(fitting.length < 2 || tokens <= tokensMax).toBe(true);
      expect(fitting.length === 0).toBe(all.length === 0);
      for (const [at, { entity, ranked: facts }] of fitting.entries()) {
        const whole = hits[at]?.entity.observations ?? [];
        expect(whole.filter((fact) => entity.observations.includes(fact))).toEqual(entity.observations);
        expect(new Set(facts.map(({ fact }) => fact))).toEqual(new Set(entity.observations));
        expect(entity.isCut === true).toBe(entity.observations.length < whole.length);
      }
      expect(fitFacts(hits, undefined).fitting).toEqual(hits);
    }),
  );
});
