/** A text to compare with, in which `*` stands for any characters, none included, and `?` for one; `\` takes that from them. */
export type Glob = { readonly parts: readonly Part[] };
type Part = string | { readonly any: "one" | "many" };

const ONE = { any: "one" } as const;
const MANY = { any: "many" } as const;

/** Every text is a glob: a `\` that stands before nothing special is a `\`. */
export function parseGlob(text: string): Glob {
  const parts: Part[] = [];
  const letters = Array.from(text);
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters[at] ?? "";
    const next = letters[at + 1];
    if (letter === "\\" && next !== undefined && ["*", "?", "\\"].includes(next)) {
      parts.push(next);
      at += 1;
    } else if (letter === "?") parts.push(ONE);
    else if (letter !== "*") parts.push(letter);
    else if (parts.at(-1) !== MANY) parts.push(MANY);
  }
  return { parts };
}

/** Whether the whole text fits. Takes time in proportion to text times glob at most. */
export function fitsGlob({ parts }: Glob, text: string): boolean {
  const letters = Array.from(text);
  let part = 0;
  let at = 0;
  // Where the last `*` was, and how far it has been stretched: only the last one ever has to give way.
  let star = -1;
  let stretched = 0;
  while (at < letters.length) {
    const wanted = parts[part];
    if (wanted === MANY) {
      star = part;
      stretched = at;
      part += 1;
    } else if (wanted !== undefined && (wanted === ONE || wanted === letters[at])) {
      part += 1;
      at += 1;
    } else if (star >= 0) {
      stretched += 1;
      at = stretched;
      part = star + 1;
    } else return false;
  }
  return parts.slice(part).every((rest) => rest === MANY);
}
