import type { Word } from "./words.ts";

const ASKS = /^(?:what|which|how|who|when|where|is|are|does|do|did)$/;

/** The questions of a request, each as its words: parted by question marks and full stops, and by "and" before a new one. */
export function questionsIn(text: string, words: readonly Word[]): readonly (readonly Word[])[] {
  const parts: Word[][] = [];
  let part: Word[] = [];
  let previous: Word | undefined;
  for (const [at, word] of words.entries()) {
    const gap = previous === undefined ? "" : text.slice(previous.end, word.start);
    const next = words[at + 1]?.lower ?? "";
    const startsNext =
      word.lower === "and" && ASKS.test(next) && part.some(({ lower }) => ASKS.test(lower) || lower === "by");
    if (isEnd(gap.replaceAll("\0", ""), word) || startsNext) {
      parts.push(part);
      part = [];
    }
    if (!startsNext) part.push(word);
    previous = word;
  }
  return [...parts, part].filter((one) => one.length > 0);
}

/** A full stop ends a question only before a capital: "Warner Bros. in 2005" is one question. */
const isEnd = (gap: string, { text }: Word) => /[?!;]|\n/.test(gap) || (/\.\s/.test(gap) && /^\p{Lu}/u.test(text));

/** Words that point to something that was said before. */
export const pointsBack = (words: readonly Word[]): boolean =>
  words.some(({ lower }) => /^(?:it|its|they|their|them|those|these|that|this|there|he|she|his|her)$/.test(lower));

/** Whether a question has no subject of its own: "and how many on Biscoe". */
export const isFragment = (words: readonly Word[]): boolean =>
  /^(?:and )?(?:how (?:many|much)|what about|how about) (?:on|in|at|for|of|with|from|by|are|were)\b/.test(
    words.map(({ lower }) => lower).join(" "),
  );
