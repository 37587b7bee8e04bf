import { text } from "../../text/text.ts";

/** The object or list of a text that is JSON. */
export function jsonIn(source: string): object | undefined {
  if (!/^\s*[[{]/.test(source)) return undefined;
  try {
    const parsed: unknown = JSON.parse(source);
    return typeof parsed === "object" && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const MARKS: { readonly [mark: string]: string } = { ":": ": ", ",": ", " };
const TOKENS = /"((?:[^"\\]|\\.)*)"?|[{}[\]:,]/g;
const TASK_NAME = /"task":\{"id":"[^"]*","name":"((?:[^"\\]|\\.)*)/;
const PRICE = /"price":(-?[\d.]+)[,}]/;

const unescaped = (inside: string): string =>
  inside
    .replaceAll(/\\u([\da-f]{4})/gi, (_all, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replaceAll(/\\[bfnrt]/g, " ")
    .replaceAll(/\\(.)/g, "$1");

/** JSON as one readable line, "price: 245, remark: soon", also where it is cut off. Other text stays as it is. */
export function plainWords(source: string): string {
  if (!source.startsWith('{"') && jsonIn(source) === undefined) return source;
  const words = source.replaceAll(TOKENS, (token: string, inside?: string) =>
    inside === undefined ? (MARKS[token] ?? "") : unescaped(inside),
  );
  return words.replaceAll(/\s+/g, " ").trim() || source;
}

type Started = { readonly performative: string } | null;

/** What a request asks for, in one line: of a message of a task the task's name, with the price that is called or awarded. */
export function requestTitle(request: string, message: Started): string {
  const name = request.startsWith("{") ? TASK_NAME.exec(request)?.[1] : undefined;
  if (name === undefined) return plainWords(request);
  const price = PRICE.exec(request)?.[1];
  const { titles } = text.tasks;
  const title = (titles[message?.performative ?? ""] ?? titles["request"] ?? "") + unescaped(name);
  return price === undefined ? title : title + text.tasks.titlePrice(price);
}
