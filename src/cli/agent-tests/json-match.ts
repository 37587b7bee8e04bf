import { canonicalJson, isJsonObject, type Json, parseJson } from "../../kernel/json.ts";

/** Whether a value holds another: objects may have more members, everything else is equal. */
export function holds(value: Json | undefined, part: Json): boolean {
  if (isJsonObject(part)) {
    if (!isJsonObject(value)) return false;
    return Object.entries(part).every(([name, member]) => Object.hasOwn(value, name) && holds(value[name], member));
  }
  if (Array.isArray(part)) {
    const items: readonly Json[] = part;
    return (
      Array.isArray(value) && value.length === items.length && items.every((item, index) => holds(value[index], item))
    );
  }
  return value !== undefined && canonicalJson(value) === canonicalJson(part);
}

const SEGMENT = /^(?:\.([\w$-]+)|\[(\d+)\]|\["([^"]*)"\]|\['([^']*)'\])/;

/** Names and indexes of a JSON pointer (RFC 6901), or of a JSONPath without wildcards; undefined when it is neither. */
export function segmentsOf(path: string): readonly string[] | undefined {
  if (path === "" || path === "$") return [];
  if (path.startsWith("/"))
    return path
      .slice(1)
      .split("/")
      .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (!path.startsWith("$")) return undefined;
  const segments: string[] = [];
  for (let rest = path.slice(1); rest !== "";) {
    const found = SEGMENT.exec(rest);
    if (!found) return undefined;
    segments.push(found[1] ?? found[2] ?? found[3] ?? found[4] ?? "");
    rest = rest.slice(found[0].length);
  }
  return segments;
}

/** What is at a path; undefined when nothing is. */
export function valueAt(value: Json, path: string): Json | undefined {
  let here: Json | undefined = value;
  for (const segment of segmentsOf(path) ?? [path]) {
    if (Array.isArray(here)) {
      const items: readonly Json[] = here;
      here = /^\d+$/.test(segment) ? items[Number(segment)] : undefined;
    } else here = isJsonObject(here) && Object.hasOwn(here, segment) ? here[segment] : undefined;
  }
  return here;
}

/** The JSON a text is or has in a fenced block; undefined when there is none. */
export function jsonIn(text: string): Json | undefined {
  const fenced = /```(?:json)?[ \t]*\n([\s\S]*?)```/.exec(text)?.[1];
  for (const candidate of [text, fenced ?? ""]) {
    const parsed = candidate.trim() === "" ? undefined : parseJson(candidate.trim());
    if (parsed?.type === "parsed") return parsed.value;
  }
  return undefined;
}
