import {
  placeAt,
  problemAt,
  type Data,
  type Document,
  type MarkdownDocument,
  type Path,
  type Place,
  type Problem,
} from "../../../text/documents/index.ts";
import { isRecord } from "./record.ts";

/** A definition's fields in their places, whatever the file looked like. */
export type Draft = {
  readonly document: Document;
  readonly problems: readonly Problem[];
  /** `foreign`: a Markdown agent of another program, read as well as it can be. */
  readonly style: "toml" | "markdown" | "foreign";
};

/** The document with other data; `moved` says where the fields come from that are not where they seem to be. */
export function withData(document: Document, data: Data, moved: ReadonlyMap<string, Path | Place>): Document {
  const locate: Document["locate"] = (path, part) => {
    const [first, ...rest] = path;
    const origin = typeof first === "string" ? moved.get(first) : undefined;
    if (origin === undefined) return document.locate(path, part);
    return "line" in origin ? origin : document.locate([...origin, ...rest], part);
  };
  return { ...document, data, locate };
}

const PROMPT_KEYS = ["system_prompt", "user_prompt_template", "documentation"] as const;
const DESCRIPTIVE_KEYS = ["description", "author", "license", "tags", "created", "updated"] as const;
/** Tables in which these words mean something of their own. */
const OWN_WORDS = new Set(["output", "capability_metadata"]);

/**
 * TOML: keys that were written after a table's header belong to that table, a common mistake. A prompt is extracted
 * from any table, a description and the like from the last one, if the top of the file has none.
 */
export function draftFromToml(document: Document): Draft {
  const { data } = document;
  const tables = tablesIn(data, []).filter(({ path }) => !OWN_WORDS.has(String(path[0])));
  const last = tables.at(-1);
  const moved = new Map<string, Path>();
  for (const { path, table } of tables) {
    const keys: readonly string[] = path === last?.path ? [...PROMPT_KEYS, ...DESCRIPTIVE_KEYS] : PROMPT_KEYS;
    for (const key of keys)
      if (Object.hasOwn(table, key) && !Object.hasOwn(data, key) && !moved.has(key)) moved.set(key, [...path, key]);
  }
  if (moved.size === 0) return { document, problems: [], style: "toml" };
  const problems = [...moved].map(([key, path]) =>
    problemAt(
      document,
      path,
      {
        severity: "warning",
        code: "PROMPT_IN_TABLE",
        message: `${key} stands after [${path.slice(0, -1).join(".")}] and would belong to that table; it was read as a key of the agent`,
        fix: `Move ${key} above the first [table] of the file.`,
      },
      "key",
    ),
  );
  return { document: withData(document, hoisted(data, moved), moved), problems, style: "toml" };
}

type Table = { readonly path: Path; readonly table: Data };

function tablesIn(data: Data, path: Path): readonly Table[] {
  return Object.entries(data).flatMap(([key, value]) =>
    isRecord(value) ? [{ path: [...path, key], table: value }, ...tablesIn(value, [...path, key])] : [],
  );
}

function hoisted(data: Data, moved: ReadonlyMap<string, Path>): Data {
  const taken = new Set([...moved.values()].map((path) => JSON.stringify(path)));
  const copy = (table: Data, path: Path): Data =>
    Object.fromEntries(
      Object.entries(table)
        .filter(([key]) => !taken.has(JSON.stringify([...path, key])))
        .map(([key, value]) => [key, isRecord(value) ? copy(value, [...path, key]) : value]),
    );
  const valueAt = (path: Path): unknown =>
    path.reduce<unknown>((value, part) => (isRecord(value) ? value[String(part)] : undefined), data);
  const top = [...moved].map(([key, path]) => [key, valueAt(path)] as const);
  return { ...Object.fromEntries(top), ...copy(data, []) };
}

/** The body as a prompt or documentation: without blank lines around it, and ended by one line end. */
export const bodyText = (body: string): string => {
  const text = body.replace(/^(?:[ \t]*\n)+/, "").trimEnd();
  return text === "" ? "" : `${text}\n`;
};

/** Markdown: the body is the documentation, or the system prompt when the front matter has none. */
export function draftFromMarkdown(document: MarkdownDocument): Draft {
  // A field without a value is a field that is absent, except that an empty list of tools must not become all of them.
  const data = Object.fromEntries(
    Object.entries(document.data)
      .map(([key, value]) => [key, key === "tools" && value === null ? [] : value] as const)
      .filter(([, value]) => value !== null),
  );
  const body = bodyText(document.body);
  const key = Object.hasOwn(data, "system_prompt") ? "documentation" : "system_prompt";
  if (body === "") return { document: { ...document, data }, problems: [], style: "markdown" };
  const start = document.text.length - document.body.length + document.body.indexOf(body.trimEnd());
  const place = placeAt(document.text, start, start + body.length);
  if (Object.hasOwn(data, key)) {
    const problem = problemAt(document, [key], {
      severity: "error",
      code: "DUPLICATE_KEY",
      message: "the documentation is given twice: here and by the text after the front matter",
      fix: "Keep one of the two.",
    });
    return { document: { ...document, data }, problems: [problem], style: "markdown" };
  }
  const whole = withData(document, { ...data, [key]: body }, new Map([[key, place]]));
  return { document: whole, problems: [], style: "markdown" };
}
