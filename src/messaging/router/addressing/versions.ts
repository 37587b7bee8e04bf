const numbersOf = (version: string): readonly number[] => (version.split(/[-+]/u, 1)[0] ?? "").split(".").map(Number);

/** Below 0 when `one` is older. What comes after `-` or `+` does not count. */
export function compareVersions(one: string, other: string): number {
  const [left, right] = [numbersOf(one), numbersOf(other)];
  for (let index = 0; index < 3; index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Whether a version is what was asked for: `1.2.0` is that one, `1` and `1.2` any that begin so, `^1.2.0` the same first
 * number and not older, `~1.2.0` the same first two and not older, `>=1.2.0` not older.
 */
export function fitsVersion(version: string, asked: string): boolean {
  const [, sign = "", bare = ""] = /^(\^|~|>=)?\s*v?(.+)$/u.exec(asked.trim()) ?? [];
  if (sign === "") return version === bare || beginsWith(version, bare);
  if (compareVersions(version, bare) < 0) return false;
  if (sign === ">=") return true;
  const same = sign === "^" ? 1 : 2;
  return numbersOf(bare)
    .slice(0, same)
    .every((number, index) => numbersOf(version)[index] === number);
}

const beginsWith = (version: string, bare: string): boolean => {
  const asked = numbersOf(bare);
  return asked.length < 3 && asked.every((number, index) => numbersOf(version)[index] === number);
};
