/** Word of a topic pattern that matches any number of words. */
export const MANY_WORDS = "#";

/** Returns why a text is no pattern of topics; undefined if it is one. */
export function topicProblem(pattern: string): string | undefined {
  if (pattern.length === 0 || pattern.length > 256) return "it has 1 to 256 characters";
  const words = pattern.split(".");
  if (words.length > 16) return "it has at most 16 words";
  if (words.some((word) => word === "")) return "a word is missing between dots";
  if (words.some((word) => word.length > 1 && /[*#]/u.test(word))) return "* and # stand for whole words";
  return words.filter((word) => word === MANY_WORDS).length > 2 ? "# stands in it at most twice" : undefined;
}
