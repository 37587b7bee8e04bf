import { type Tool, toolId } from "../../tools/catalogue/index.ts";

/** Finds tools by words: a small BM25 over names, descriptions and the names of arguments. */
const NAME_WEIGHT = 3;
const SATURATION = 1.2;
const LENGTH_WEIGHT = 0.75;
/** Letters by which two words are taken for forms of one: `parsing` and `parse`, `weather` and `weathers`. */
const STEM_CHARS = 5;

type Entry = { readonly tool: Tool; readonly counts: ReadonlyMap<string, number>; readonly length: number };

const termsOf = (text: string): string[] =>
  (
    text
      .normalize("NFKC")
      .replaceAll(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  ).map((word) => word.slice(0, Math.max(STEM_CHARS, word.length - 3)));

function entryOf(tool: Tool): Entry {
  const { properties } = tool.inputSchema;
  const fields = typeof properties === "object" && properties !== null ? Object.keys(properties).join(" ") : "";
  const counts = new Map<string, number>();
  const add = (text: string, weight: number): void => {
    for (const word of termsOf(text)) counts.set(word, (counts.get(word) ?? 0) + weight);
  };
  add(`${toolId(tool)} ${tool.title}`, NAME_WEIGHT);
  add(`${tool.description} ${fields}`, 1);
  return { tool, counts, length: counts.values().reduce((sum, count) => sum + count, 0) };
}

/** The tools that fit a query best, the best first; a query that is the name of a tool or of its server finds that. */
export function searchTools(tools: readonly Tool[], query: string, limit: number): readonly Tool[] {
  const entries = tools.map(entryOf);
  const mean = entries.reduce((sum, { length }) => sum + length, 0) / Math.max(1, entries.length);
  const words = [...new Set(termsOf(query))];
  const rarity = new Map(
    words.map((word) => {
      const having = entries.filter(({ counts }) => counts.has(word)).length;
      return [word, Math.log(1 + (entries.length - having + 0.5) / (having + 0.5))];
    }),
  );
  const scored = entries.map(({ tool, counts, length }) => {
    const norm = SATURATION * (1 - LENGTH_WEIGHT + (LENGTH_WEIGHT * length) / Math.max(1, mean));
    const score = words.reduce((sum, word) => {
      const count = counts.get(word) ?? 0;
      return sum + ((rarity.get(word) ?? 0) * count * (SATURATION + 1)) / (count + norm);
    }, 0);
    const isNamed = query === toolId(tool) || query === tool.server || query === tool.name;
    return { tool, score: isNamed ? Infinity : score };
  });
  return scored
    .filter(({ score }) => score > 0)
    .toSorted((one, other) => other.score - one.score)
    .slice(0, limit)
    .map(({ tool }) => tool);
}
