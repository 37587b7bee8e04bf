import type { Approval } from "../../../../src/api/contract/index.ts";
import { text } from "../../text/text.ts";

type Given = Approval["arguments"];

const CHARS_MAX = 160;

/** Control characters and those that change the direction of text, with which arguments could look like others. */
const UNSEEN = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

const oneLine = (words: string): string => {
  const line = words
    .replaceAll(/\s+/g, " ")
    .replaceAll(UNSEEN, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .trim();
  return line.length > CHARS_MAX ? `${line.slice(0, CHARS_MAX)}…` : line;
};

/**
 * What an approved call does, in one line: the request, the file or the SQL of a built-in tool, or the tool with its arguments. What
 * another tool does with an argument called `url` or `sql` is not known.
 */
export function effectOf({ tool, arguments: given }: Pick<Approval, "tool" | "arguments">): string {
  return oneLine(builtInEffect(tool, given) ?? anyCall(tool, given));
}

function builtInEffect(tool: string, given: Given): string | undefined {
  const [server] = tool.split(".");
  if (server === "http_client") return request(tool, given);
  if (server === "file_system") return fileChange(tool, given);
  return server === "database" ? sql(given) : undefined;
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** Host and path as the URL parser reads them, so that a user name in the address does not pass for the host. */
function request(tool: string, given: Given): string | undefined {
  const method = textOf(given["method"]) ?? (tool === "http_client.get" ? "GET" : undefined);
  const url = textOf(given["url"]);
  if (method === undefined || url === undefined || !URL.canParse(url)) return undefined;
  const { protocol, host, pathname, search } = new URL(url);
  return /^https?:$/.test(protocol) ? `${method.toUpperCase()} ${host}${pathname}${search}` : undefined;
}

function fileChange(tool: string, given: Given): string | undefined {
  const words = text.approvals.files;
  const name = tool.slice(tool.indexOf(".") + 1);
  const [path, from, to] = [textOf(given["path"]), textOf(given["from"]), textOf(given["to"])];
  if (name === "move_file" && from !== undefined && to !== undefined) return words.move(from, to);
  const word = new Map<string, string>(Object.entries(words.of)).get(name);
  return word === undefined || path === undefined ? undefined : `${word} ${path}`;
}

const sql = (given: Given): string | undefined => {
  const statement = textOf(given["sql"]);
  return statement === undefined ? undefined : text.approvals.sql(statement);
};

function anyCall(tool: string, given: Given): string {
  const all = Object.entries(given).map(([key, value]) => `${key}: ${textOf(value) ?? JSON.stringify(value)}`);
  return text.approvals.anyCall(tool, all.join(", "));
}
