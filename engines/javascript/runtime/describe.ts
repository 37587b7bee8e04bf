/** Where lines of the bundle come from: `runs` of lines that follow each other, ordered by their first. */
type Places = {
  readonly sources: readonly string[];
  readonly runs: readonly (readonly [line: number, source: number, sourceLine: number])[];
};

let places: Places = { sources: [], runs: [] };

/** Takes the table that the builder made of the source map. */
export function setPlaces(text: string): void {
  places = JSON.parse(text);
}

const FRAMES_MAX = 8;
const FRAME = /^\s*at (?:(.*) \()?tool\.js:(\d+)(?::(\d+))?\)?$/;

function placeOf(line: number): string {
  let low = 0;
  let high = places.runs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places.runs[middle]?.[0] ?? 0) <= line) low = middle + 1;
    else high = middle;
  }
  const run = places.runs[low - 1];
  if (run === undefined) return `tool.js:${line}`;
  const [first, source, sourceLine] = run;
  return `${places.sources[source] ?? "tool.js"}:${sourceLine + line - first}`;
}

/** The author's own lines of a stack, in terms of the author's files. */
function framesOf(error: Error): string[] {
  const frames: string[] = [];
  for (const line of (error.stack ?? "").split("\n")) {
    const found = FRAME.exec(line);
    if (!found || frames.length === FRAMES_MAX) continue;
    const [, name = "", at] = found;
    const isNamed = name !== "" && name !== "<anonymous>" && name !== "<eval>";
    frames.push(`    at ${isNamed ? `${name} (${placeOf(Number(at))})` : placeOf(Number(at))}`);
  }
  return frames;
}

/** What a thrown value says and where it was thrown, as the author's files have it. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return `it threw ${typeof error === "string" ? error : inspect(error)}`;
  const lines = [error.message === "" ? error.name : `${error.name}: ${error.message}`, ...framesOf(error)];
  if (error.cause !== undefined && error.cause !== error) lines.push(`  caused by ${describeCause(error.cause)}`);
  return lines.join("\n");
}

const describeCause = (cause: unknown): string =>
  cause instanceof Error ? `${cause.name}: ${cause.message}` : inspect(cause);

const DEPTH_MAX = 4;
const ITEMS_MAX = 100;

/** A value as it is shown in the log; never throws. */
export function inspect(value: unknown, depth = 0, above: readonly unknown[] = []): string {
  try {
    return shown(value, depth, above);
  } catch {
    return "[a value that cannot be shown]";
  }
}

function shown(value: unknown, depth: number, above: readonly unknown[]): string {
  if (typeof value === "string") return depth === 0 ? value : JSON.stringify(value);
  if (typeof value === "function") return `[function ${value.name || "without a name"}]`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Error) return depth === 0 ? describe(value) : `${value.name}: ${value.message}`;
  if (above.includes(value)) return "[circular]";
  const more = (inner: unknown): string => inspect(inner, depth + 1, [...above, value]);
  const list = (items: readonly string[], open: string, close: string): string => {
    const kept = items.slice(0, ITEMS_MAX);
    if (items.length > ITEMS_MAX) kept.push(`… ${items.length - ITEMS_MAX} more`);
    return `${open}${kept.join(", ")}${close}`;
  };
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "[invalid date]" : value.toISOString();
  if (value instanceof RegExp) return String(value);
  if (depth >= DEPTH_MAX) return Array.isArray(value) ? "[…]" : "{…}";
  if (Array.isArray(value)) return list(value.slice(0, ITEMS_MAX + 1).map(more), "[", "]");
  if (value instanceof Map) {
    return list(
      [...value].map(([key, inner]) => `${more(key)} => ${more(inner)}`),
      "Map {",
      "}",
    );
  }
  if (value instanceof Set) return list([...value].map(more), "Set {", "}");
  if (ArrayBuffer.isView(value)) return `[${value.constructor.name} of ${value.byteLength} bytes]`;
  const fields = Object.entries(value).map(([key, inner]) => `${key}: ${more(inner)}`);
  return fields.length === 0 ? "{}" : list(fields, "{ ", " }");
}
