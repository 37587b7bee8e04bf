/** Words of arithmetic and the signs they stand for, longest first. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/\b(-?\d[\d.]*)\s*(?:%|percent)\s+of\s+/gi, "$1/100*"],
  [/\bsquare root of\s+(-?\d[\d.]*)/gi, "sqrt($1)"],
  [/\s+(?:to the power of|raised to)\s+/gi, "^"],
  [/\s+(?:divided by|over)\s+(?=-?\d)/gi, "/"],
  [/\s+(?:multiplied by|times)\s+(?=-?\d|\()/gi, "*"],
  [/(?<=\d)\s+x\s+(?=\d)/gi, "*"],
  [/\s+plus\s+/gi, "+"],
  [/\s+minus\s+/gi, "-"],
  [/\s+squared\b/gi, "^2"],
  [/\s+cubed\b/gi, "^3"],
  [/(?<=\d),(?=\d{3}\b)/g, ""],
  [/[×·]/g, "*"],
  [/÷/g, "/"],
];

const FORMULA =
  /(?:sqrt|abs|sin|cos|tan|log|ln|exp|min|max|round)?\s*[(\d.+-](?:[\d\s.+*/^%(),-]|sqrt|abs|sin|cos|tan|log|ln|exp|min|max|round|pi)*[\d)]/gi;

/** The arithmetic in a text, "12 % of 80" and "3 times 4" spelt with signs; undefined when there is none. */
export function expressionIn(text: string): string | undefined {
  const signs = WORDS.reduce((all, [words, sign]) => all.replaceAll(words, sign), text);
  const found = Array.from(signs.matchAll(FORMULA), ([formula]) => formula.trim());
  const sums = found.filter(
    (formula) => /\d\s*[-+*/^%]\s*[-(]?[\d(s]|^[a-z]+\(/i.test(formula) && !/^\d{4}-\d\d(?:-\d\d)?$/.test(formula),
  );
  return sums.toSorted((a, b) => b.length - a.length)[0];
}
