import { extname } from "node:path";

/** `name-2.csv` for `name.csv` and 2. */
export function numberedName(name: string, number: number): string {
  const extension = extname(name);
  return `${name.slice(0, name.length - extension.length)}-${number}${extension}`;
}

/**
 * The names in their order, without duplicates: the first of a name keeps it, later ones get the lowest unused number
 * from 2.
 */
export function distinctNames(names: readonly string[]): readonly string[] {
  const used = new Set(names);
  const seen = new Set<string>();
  const numbers = new Map<string, number>();
  return names.map((name) => {
    if (!seen.has(name)) {
      seen.add(name);
      return name;
    }
    let number = numbers.get(name) ?? 2;
    while (used.has(numberedName(name, number))) number += 1;
    numbers.set(name, number + 1);
    const distinct = numberedName(name, number);
    used.add(distinct);
    return distinct;
  });
}
