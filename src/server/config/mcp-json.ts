import * as z from "zod";
import { DOCUMENT_LIMITS } from "../../text/documents/index.ts";
import { isJsonObject, type Json, type JsonObject, parseJson } from "../../kernel/json.ts";
import { isReservedToolServer } from "../../tools/catalogue/index.ts";
import { McpFileInvalidError } from "./errors.ts";

/** A server of such a file with the keys of `[mcp_servers.<name>]`, and remarks on values that were changed or dropped. */
export type ImportedServer = {
  readonly name: string;
  readonly table: JsonObject;
  readonly remarks: readonly string[];
  /** Reason why its name differs from the file's; undefined if it does not. */
  readonly renamed: string | undefined;
};

const Texts = z.record(z.string(), z.string());
const Entry = z.looseObject({
  type: z.string().optional(),
  transport: z.string().optional(),
  url: z.string().optional(),
  serverUrl: z.string().optional(),
  headers: Texts.optional(),
  command: z.string().optional(),
  args: z.array(z.string()).optional(),
  env: z.record(z.string(), z.union([z.string(), z.null()])).optional(),
  envFile: z.string().optional(),
  cwd: z.string().optional(),
  disabled: z.boolean().optional(),
});
type Entry = z.infer<typeof Entry>;

/**
 * Reads the files other programs keep their MCP servers in: `mcpServers` of Claude Desktop, Claude Code and Cursor, `servers` of VS Code, also
 * inside its settings. A server whose name is reserved, or in `taken`, gets another. Throws McpFileInvalidError.
 */
export function readMcpJson(text: string, file: string, taken: Iterable<string> = []): readonly ImportedServer[] {
  const { charsMax, valuesMax } = DOCUMENT_LIMITS;
  if (text.length > charsMax) throw invalid(file, `has more than ${charsMax} characters`);
  const parsed = parseJson(withoutComments(text), valuesMax);
  if (parsed.type === "malformed") throw invalid(file, `is no JSON: ${parsed.reason}`);
  const servers = serversIn(parsed.value);
  if (servers === undefined) throw invalid(file, "has neither mcpServers nor servers");
  const names = new Map([...taken].map((name) => [name, 1]));
  return Object.entries(servers).map(([name, value]) => {
    const entry = Entry.safeParse(value);
    if (!entry.success) throw invalid(file, `has a server ${JSON.stringify(name)} that is not written as one`);
    return imported(name, entry.data, { file, names });
  });
}

function serversIn(value: Json): JsonObject | undefined {
  if (!isJsonObject(value)) return undefined;
  const { mcpServers, servers, mcp } = value;
  const inner = isJsonObject(mcp) ? mcp["servers"] : undefined;
  return [mcpServers, servers, inner].find(isJsonObject);
}

function imported(
  given: string,
  entry: Entry,
  { file, names }: { readonly file: string; readonly names: Map<string, number> },
): ImportedServer {
  const remarks: string[] = [];
  const { name, why } = freeName(given, names);
  const renamed = name === given ? undefined : `${JSON.stringify(given)} is called ${name} here${why}`;
  if (renamed !== undefined) remarks.push(renamed);
  const url = entry.url ?? entry.serverUrl;
  if (url === undefined && entry.command === undefined)
    throw invalid(file, `has a server ${JSON.stringify(given)} with neither url nor command`);
  if ((entry.type ?? entry.transport) === "sse")
    remarks.push(
      `${name} is for the old transport with two addresses, which is not spoken here; ask it for its Streamable HTTP address`,
    );
  if (entry.envFile !== undefined) remarks.push(`envFile of ${name} is not read: name the variables it needs in env`);
  const translate = (text: string): string => references(text, name, remarks);
  const texts = (values: { readonly [key: string]: string }) =>
    Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, literal(translate(value), `${name}: ${key}`, remarks)]),
    );
  const table =
    url === undefined
      ? {
          command: translate(entry.command ?? ""),
          ...(entry.args ? { args: entry.args.map(translate) } : {}),
          ...(entry.env
            ? { env: texts(Object.fromEntries(Object.entries(entry.env).map(([key, value]) => [key, value ?? ""]))) }
            : {}),
          ...(entry.cwd === undefined ? {} : { cwd: translate(entry.cwd) }),
        }
      : { url: translate(url), ...(entry.headers ? { headers: texts(entry.headers) } : {}) };
  return { name, table: entry.disabled === true ? { enabled: false, ...table } : table, remarks, renamed };
}

const NAME_CHARS_MAX = 50;

/**
 * Returns a name that the configuration allows and no other server has, and why it had to be another than `given`. `names` has
 * the next number for each that is taken.
 */
function freeName(given: string, names: Map<string, number>): { readonly name: string; readonly why: string } {
  const plain =
    given
      .slice(0, 4 * NAME_CHARS_MAX)
      .toLowerCase()
      .replaceAll(/[^a-z0-9_-]+/g, "_")
      .replaceAll(/^[_-]+|[_-]+$/g, "")
      .slice(0, NAME_CHARS_MAX) || "server";
  const isReserved = isReservedToolServer(plain);
  const wanted = isReserved ? `${plain}-mcp` : plain;
  let name = wanted;
  let number = names.get(wanted) ?? 1;
  for (; names.has(name); number += 1) name = `${wanted}_${number + 1}`;
  names.set(name, 1);
  names.set(wanted, number);
  const whose = isReserved ? "a built-in tool server" : "another server";
  return { name, why: isReserved || name !== wanted ? `: ${whose} has the name ${plain}` : "" };
}

/** References as other programs write them, `${NAME}`, `${env:NAME}`, `${input:id}`, in our own words. */
function references(text: string, name: string, remarks: string[]): string {
  // Past the last bracket nothing can be a reference, and looking for one at each "${" would take quadratic time.
  const end = text.lastIndexOf("}") + 1;
  const resolved = text.slice(0, end).replaceAll(/\$\{([^}]*)\}/g, (whole: string, inner: string) => {
    const [, variable, fallback] = /^(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/.exec(inner) ?? [];
    if (variable !== undefined)
      return fallback === undefined ? `\${env:${variable}}` : `\${env:${variable}:-${fallback}}`;
    const [, input] = /^input:(.+)$/.exec(inner) ?? [];
    if (input !== undefined) {
      const asked = input.toUpperCase().replaceAll(/[^A-Z0-9]+/g, "_");
      remarks.push(`${name} asks for ${input} when it starts; set the variable ${asked} instead`);
      return `\${env:${asked}}`;
    }
    remarks.push(`${name} refers to ${whole}, which is not known here: replace it`);
    return whole;
  });
  return resolved + text.slice(end);
}

const SECRET_NAME = /key|token|secret|password|authorization|credential/i;

function literal(value: string, place: string, remarks: string[]): string {
  if (SECRET_NAME.test(place) && value !== "" && !value.includes("${"))
    remarks.push(
      `${place} holds a secret in plain text: move it to a variable or a file and write \${env:NAME} or \${file:path}`,
    );
  return value;
}

/**
 * Removes comments and trailing commas from JSON as VS Code writes it. Quoted text is unchanged. An unclosed string or
 * comment extends to the end, so that each character is read once.
 */
function withoutComments(text: string): string {
  return text
    .replaceAll(/"(?:[^"\\]|\\.)*(?:"|\\?$)|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g, (part) =>
      part.startsWith('"') ? part : " ",
    )
    .replaceAll(/"(?:[^"\\]|\\.)*(?:"|\\?$)|,(?=\s*[}\]])/g, (part) => (part === "," ? "" : part));
}

const invalid = (file: string, what: string): McpFileInvalidError =>
  new McpFileInvalidError(
    `${file} ${what}`,
    "It has to look as Claude Desktop, Cursor or VS Code write it: an object mcpServers or servers.",
    { file },
  );
