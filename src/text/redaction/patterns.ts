import { compileRegex, type LinearRegex, type RegexProblem } from "../regex/index.ts";

/** Something that is hidden by what it looks like. */
export type Pattern = {
  readonly name: string;
  readonly regex: LinearRegex;
  /** Decides of what looks right whether it is. */
  readonly isReal?: ((text: string) => boolean) | undefined;
};

type BuiltIn = { readonly pattern: string; readonly isReal?: (text: string) => boolean };

const BUILT_IN = {
  email: { pattern: String.raw`[\w.%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}` },
  credit_card: { pattern: String.raw`\b(?:\d[ -]?){12,18}\d\b`, isReal: (text) => isLuhn(text.replaceAll(/\D/g, "")) },
  iban: { pattern: String.raw`\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b`, isReal: (text) => isIban(text) },
  us_ssn: { pattern: String.raw`\b\d{3}-\d{2}-\d{4}\b`, isReal: (text) => !/^(?:000|666|9)|-00-|-0000$/.test(text) },
  phone: {
    pattern: String.raw`\+\d(?:[ ().-]{0,2}\d){7,14}\b|\(\d{3}\) ?\d{3}[ .-]\d{4}\b|\b\d{3}[.-]\d{3}[.-]\d{4}\b`,
  },
  ipv4: {
    pattern: String.raw`\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b`,
    isReal: (text) => text.split(".").every((part) => Number(part) <= 255),
  },
  jwt: { pattern: String.raw`\beyJ[\w-]{5,}\.eyJ[\w-]{5,}\.[\w-]*` },
  aws_key: { pattern: String.raw`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b` },
  // A key without its end is hidden as far as it goes.
  private_key: {
    pattern: String.raw`-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[^-]|-[^-])*(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?`,
  },
} as const satisfies { readonly [name: string]: BuiltIn };

export type BuiltInName = keyof typeof BUILT_IN;
const isBuiltInName = (name: string): name is BuiltInName => Object.hasOwn(BUILT_IN, name);
/** Patterns that are known by name. */
export const BUILT_IN_PATTERNS: readonly BuiltInName[] = Object.keys(BUILT_IN).filter(isBuiltInName);

export type OwnPattern = { readonly name: string; readonly pattern: string };
export type ReadPattern =
  | { readonly type: "read"; readonly pattern: Pattern }
  | { readonly type: "malformed"; readonly problem: RegexProblem };

/** A pattern to look for: one that is known by its name, or one's own in the syntax of `compileRegex`. */
export function readPattern(given: BuiltInName | OwnPattern): ReadPattern {
  const known: BuiltIn | undefined = typeof given === "string" ? BUILT_IN[given] : undefined;
  const { name, pattern } = typeof given === "string" ? { name: given, pattern: known?.pattern ?? "" } : given;
  const compiled = compileRegex(pattern);
  if (compiled.type === "malformed") return compiled;
  return { type: "read", pattern: { name, regex: compiled.regex, isReal: known?.isReal } };
}

/** Whether the last of the digits is what the others say it must be. */
function isLuhn(digits: string): boolean {
  const sum = Array.from(digits)
    .toReversed()
    .reduce((total, digit, index) => {
      const value = Number(digit) * (index % 2 === 1 ? 2 : 1);
      return total + (value > 9 ? value - 9 : value);
    }, 0);
  return sum % 10 === 0 && !/^0+$/.test(digits);
}

function isIban(text: string): boolean {
  const packed = text.replaceAll(" ", "");
  const turned = `${packed.slice(4)}${packed.slice(0, 4)}`;
  let rest = 0;
  for (const letter of turned) rest = Number(`${rest}${Number.parseInt(letter, 36)}`) % 97;
  return rest === 1;
}
