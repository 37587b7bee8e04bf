/** Line and column, both from 1. */
export type Position = { readonly line: number; readonly column: number };

/** Returns the position of the value at `path` in well-formed JSON, or of its nearest parent if there is none. */
export function locate(text: string, path: readonly (string | number)[]): Position {
  const before = text.slice(0, offsetOf(text, path));
  const lines = before.split("\n");
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

const TOKEN = /\s*("(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s[\]{}:,"]+)/y;

type Token = { readonly text: string; readonly start: number; readonly end: number };

const tokenAt = (text: string, offset: number): Token | undefined => {
  TOKEN.lastIndex = offset;
  const found = TOKEN.exec(text);
  const token = found?.[1];
  if (token === undefined) return undefined;
  return { text: token, start: TOKEN.lastIndex - token.length, end: TOKEN.lastIndex };
};

function offsetOf(text: string, path: readonly (string | number)[]): number {
  let at = tokenAt(text, 0)?.start ?? 0;
  for (const key of path) {
    const child = childOf(text, at, key);
    if (child === undefined) return at;
    at = child;
  }
  return at;
}

/** The offset of one member of the array or object that begins at `offset`. */
function childOf(text: string, offset: number, key: string | number): number | undefined {
  const open = tokenAt(text, offset);
  if (open?.text !== "[" && open?.text !== "{") return undefined;
  let index = 0;
  let at = open.end;
  for (;;) {
    const first = tokenAt(text, at);
    if (first === undefined || first.text === "]" || first.text === "}") return undefined;
    let value = first;
    if (open.text === "{") {
      const afterColon = tokenAt(text, tokenAt(text, first.end)?.end ?? first.end);
      if (afterColon === undefined) return undefined;
      value = afterColon;
    }
    if (open.text === "[" ? index === key : JSON.parse(first.text) === String(key)) return value.start;
    const after = tokenAt(text, endOfValue(text, value));
    if (after?.text !== ",") return undefined;
    at = after.end;
    index += 1;
  }
}

/** Returns the end offset of the value that begins with `token`. */
function endOfValue(text: string, token: Token): number {
  let depth = 0;
  let current: Token | undefined = token;
  while (current !== undefined) {
    if (current.text === "[" || current.text === "{") depth += 1;
    if (current.text === "]" || current.text === "}") depth -= 1;
    if (depth === 0) return current.end;
    current = tokenAt(text, current.end);
  }
  return text.length;
}
