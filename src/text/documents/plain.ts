import type { Data } from "./document.ts";
import { DEPTH_MAX } from "./limits.ts";
import type { Path } from "./problem.ts";

export type Plain =
  | { readonly type: "plain"; readonly data: Data }
  | { readonly type: "refused"; readonly path: Path; readonly message: string; readonly fix: string };

class Refusal extends Error {
  readonly path: Path;
  readonly fix: string;
  constructor(path: Path, message: string, fix: string) {
    super(message);
    this.path = path;
    this.fix = fix;
  }
}

/**
 * What a parser gave, as ordinary objects. Refuses what later code could trip over: `__proto__`, cycles, depth over 64, and
 * more than `valuesMax` values, which aliases can make of a short text.
 */
export function plainData(value: unknown, valuesMax: number): Plain {
  let left = valuesMax;
  const copy = (item: unknown, path: Path): unknown => {
    left -= 1;
    if (path.length > DEPTH_MAX) throw new Refusal(path, `nested deeper than ${DEPTH_MAX} levels`, "Flatten it.");
    if (left < 0) throw new Refusal(path, `more than ${valuesMax} values`, "Split the file, or use fewer aliases.");
    if (item instanceof Date) return item.toISOString();
    if (Array.isArray(item)) return item.map((element, index) => copy(element, [...path, index]));
    if (typeof item === "object" && item !== null) return copyTable(item, path);
    if (typeof item === "number" && !Number.isFinite(item))
      throw new Refusal(path, "inf and nan are not supported", "Write a number.");
    return item;
  };
  const copyTable = (table: object, path: Path): Data =>
    Object.fromEntries(
      Object.entries(table).map(([key, element]) => {
        if (key === "__proto__")
          throw new Refusal([...path, key], "the key __proto__ is not allowed", "Rename the key.");
        return [key, copy(element, [...path, key])];
      }),
    );
  try {
    if (value === null || value === undefined) return { type: "plain", data: {} };
    if (typeof value === "object" && !Array.isArray(value)) return { type: "plain", data: copyTable(value, []) };
    return {
      type: "refused",
      path: [],
      message: `expected keys with values, got ${Array.isArray(value) ? "a list" : "a single value"}`,
      fix: "Start with a line such as: name: my-agent",
    };
  } catch (error) {
    if (error instanceof Refusal) return { type: "refused", path: error.path, message: error.message, fix: error.fix };
    throw error;
  }
}
