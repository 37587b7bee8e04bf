import { nearest } from "../../../text/documents/index.ts";

const RELATED_MAX = 5;

const wordsOf = (capability: string): readonly string[] =>
  capability.split(/[-._:]/u).filter((word) => word.length > 2);

/** Provided capabilities that the sender of a request for `capability` may have meant: similar spelling or common words; best first. */
export function relatedCapabilities(capability: string, known: Iterable<string>): readonly string[] {
  const all = [...known];
  const near = nearest(capability, all);
  const words = new Set(wordsOf(capability));
  const shared = all
    .map((name) => ({ name, count: wordsOf(name).filter((word) => words.has(word)).length }))
    .filter(({ name, count }) => count > 0 && !near.includes(name))
    .toSorted((one, other) => other.count - one.count || (one.name < other.name ? -1 : 1));
  return [...near, ...shared.map(({ name }) => name)].slice(0, RELATED_MAX);
}
