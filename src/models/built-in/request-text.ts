import { isJsonObject, parseJson } from "../../kernel/json.ts";

/** The request of a prompt, and the labels of other lines, which the rules do not read. */
export type RequestText = { readonly text: string; readonly unused: readonly string[] };

const LABELLED = /^(\p{Lu}[\p{L} ]{2,30}):[ \t]*(.*)$/u;
const RECALLED = /<recalled_memory>[\s\S]*<\/recalled_memory>/;

/** The request in a prompt: of a task its name and description, of lines with labels those under `Request:`. */
export function requestText(prompt: string): RequestText {
  const recalled = RECALLED.test(prompt) ? ["what is remembered"] : [];
  const plain = prompt.replace(RECALLED, "").trim();
  const lines = plain.split("\n");
  if (!lines.some((line) => LABELLED.exec(line)?.[1] === "Request"))
    return { text: taskText(plain) ?? plain, unused: recalled };
  const parts = new Map<string, string[]>();
  let label = "Request";
  for (const line of lines) {
    const [, named, rest = ""] = LABELLED.exec(line) ?? [];
    label = named ?? label;
    parts.set(label, [...(parts.get(label) ?? []), named === undefined ? line : rest]);
  }
  // Files are found wherever they are named.
  const files = parts.get("Attached files") ?? [];
  const unused = [...parts].flatMap(([name, texts]) =>
    name !== "Request" && name !== "Attached files" && texts.join("").trim() !== "" ? [`“${name}”`] : [],
  );
  return { text: [...(parts.get("Request") ?? []), ...files].join("\n").trim(), unused: [...unused, ...recalled] };
}

/** The work that a task describes, where a prompt is one as JSON. */
function taskText(prompt: string): string | undefined {
  const parsed = prompt.startsWith("{") ? parseJson(prompt) : undefined;
  const task = parsed?.type === "parsed" && isJsonObject(parsed.value) ? parsed.value["task"] : undefined;
  if (!isJsonObject(task) || typeof task["name"] !== "string") return undefined;
  const { name, description } = task;
  return typeof description === "string" && description !== "" ? `${name}\n${description}` : name;
}
