import { globSync, readFileSync } from "node:fs";

/** The type expressions that a file declares, by name. */
type Declared = ReadonlyMap<string, string>;

/** Declarations of types in TypeScript files, read from their text, as the formatter leaves it. */
export class TypeFields {
  readonly #files: ReadonlyMap<string, Declared>;

  constructor(pattern: string, cwd: string) {
    const paths = globSync(pattern, { cwd }).filter((path) => !path.endsWith(".test.ts"));
    this.#files = new Map(paths.map((path) => [path, declaredIn(readFileSync(`${cwd}/${path}`, "utf8"))]));
  }

  /** Names of fields of each declared type whose name fits. */
  *of(name: RegExp): Generator<{ readonly type: string; readonly file: string; readonly fields: ReadonlySet<string> }> {
    for (const [file, declared] of this.#files)
      for (const type of declared.keys()) if (name.test(type)) yield { type, file, fields: this.#named(type, file) };
  }

  #named(type: string, file: string): ReadonlySet<string> {
    const own = this.#files.get(file)?.get(type);
    if (own !== undefined) return this.#fields(own, file);
    for (const [other, declared] of this.#files) {
      const text = declared.get(type);
      if (text !== undefined) return this.#fields(text, other);
    }
    return new Set();
  }

  #fields(text: string, file: string): ReadonlySet<string> {
    return new Set(split(text, "&").flatMap((part) => [...this.#fieldsOfPart(part, file)]));
  }

  #fieldsOfPart(part: string, file: string): Iterable<string> {
    if (part.startsWith("{")) {
      const members = split(part.slice(1, -1), ";");
      return members.flatMap((member) => /^(?:readonly )?(\w+)\??[:(<]/.exec(member)?.[1] ?? []);
    }
    const [, outer = "", inner = ""] = /^(\w+)(?:<(.*)>)?$/s.exec(part) ?? [];
    const [given = "", ...rest] = split(inner, ",");
    const keys = new Set([...rest.join().matchAll(/"(\w+)"/g)].map(([, key = ""]) => key));
    if (outer === "Pick") return keys;
    if (outer === "Omit") return [...this.#fields(given, file)].filter((field) => !keys.has(field));
    if (["Readonly", "Partial", "Required"].includes(outer)) return this.#fields(given, file);
    return outer === "" ? [] : this.#named(outer, file);
  }
}

function declaredIn(source: string): Declared {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const declared = new Map<string, string>();
  for (const { index, 0: head, 1: name = "", 2: interfaceName } of code.matchAll(
    /^(?:export )?(?:type (\w+)(?:<[^=]*>)? =|interface (\w+)[^{]*(?=\{))/gm,
  ))
    declared.set(interfaceName ?? name, split(code.slice(index + head.length), interfaceName ? "\n" : ";")[0] ?? "");
  return declared;
}

/** Splits at a separator outside of brackets. */
function split(text: string, separator: string): readonly string[] {
  const parts: string[] = [];
  let [depth, start] = [0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if ("({[<".includes(character)) depth += 1;
    else if (")}]".includes(character) || (character === ">" && text.charAt(at - 1) !== "=")) depth -= 1;
    else if (character === separator && depth === 0) {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  return [...parts, text.slice(start).trim()].filter((part) => part !== "");
}
