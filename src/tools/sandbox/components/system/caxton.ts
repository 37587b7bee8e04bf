import { HOST_REFUSALS, JSON_DEPTH_MAX, JSON_NODES_MAX, jsonShape } from "../../wire/index.ts";
import { err, isTagged, NONE, ok, some, type Tagged } from "../index.ts";
import { bytesOf, HostFault, type HostInterface, listOf, textOf, asyncFunction } from "./host-function.ts";

/**
 * `caxton:host`, which engines/wit/host.wit describes: what components ask of the server in requests that other guests make
 * through the import module `caxton`, checked and recorded in the same place.
 */
export type Asked =
  | { readonly type: "granted"; readonly head: Fields; readonly bytes: Uint8Array }
  | { readonly type: "refused"; readonly code: string; readonly message: string };
/** Makes a request, and waits for its result. */
export type AskServer = (operation: string, head: Fields, bytes: Uint8Array) => Promise<Asked>;
type Fields = { readonly [key: string]: unknown };

const CODES: ReadonlySet<string> = new Set(HOST_REFUSALS);
/** Of one request, with its bytes. */
const REQUEST_BYTES_MAX = 16 * 1024 * 1024;
const NOTHING = new Uint8Array(0);

const refusal = (code: string, message: string): Tagged =>
  err({ code: CODES.has(code) ? code : "unavailable", message });
const TOO_LARGE = refusal("too-large", "a request has at most 16 MiB");
const TOO_MUCH = `the message is nested deeper than ${JSON_DEPTH_MAX} levels or has more than ${JSON_NODES_MAX} values`;

/** The functions by interface and name; `take` fetches an answer from the server. */
export function caxtonInterfaces(ask: AskServer): { readonly [name: string]: HostInterface } {
  const request = async (
    operation: string,
    { head, bytes = NOTHING }: { readonly head: Fields; readonly bytes?: Uint8Array },
    read: (head: Fields, bytes: Uint8Array) => unknown,
  ): Promise<Tagged> => {
    if (bytes.length + charactersIn(head) > REQUEST_BYTES_MAX) return TOO_LARGE;
    const answer = await ask(operation, head, bytes);
    return answer.type === "refused" ? refusal(answer.code, answer.message) : ok(read(answer.head, answer.bytes));
  };
  return {
    "caxton:host/memory": {
      search: asyncFunction((query, scopes, limit) => {
        const named = listOf(scopes).map(textOf);
        const most = chosen(limit, numberOf);
        const head = { query: textOf(query), ...(named.length > 0 && { scopes: named }), limit: most };
        return request("memory.search", { head }, (found) => found);
      }),
    },
    "caxton:host/messages": {
      send: asyncFunction((message) => {
        const text = textOf(message);
        if (text.length > REQUEST_BYTES_MAX) return TOO_LARGE;
        if (jsonShape(Buffer.from(text)).type !== "fits") return refusal("invalid", TOO_MUCH);
        const head = objectIn(text);
        if (head === undefined) return refusal("invalid", "the message is no JSON object");
        return request("messages.send", { head }, (sent) => ({ ...sent, "conversation-id": sent["conversation_id"] }));
      }),
    },
    "caxton:host/state": {
      get: asyncFunction((key) =>
        request("state.get", { head: { key: textOf(key) } }, ({ found }, bytes) =>
          found === true ? some(bytes) : NONE,
        ),
      ),
      set: asyncFunction((key, value) =>
        request("state.set", { head: { key: textOf(key) }, bytes: bytesOf(value) }, () => undefined),
      ),
      delete: asyncFunction((key) => request("state.delete", { head: { key: textOf(key) } }, ({ deleted }) => deleted)),
      "list-keys": asyncFunction((prefix, limit, cursor) => {
        const from = { limit: chosen(limit, numberOf), cursor: chosen(cursor, textOf) };
        return request("state.list", { head: { prefix: textOf(prefix), ...from } }, pageOf);
      }),
    },
    "caxton:host/http": {
      fetch: asyncFunction((given) => {
        const { method, url, headers, body, "timeout-ms": timeout } = fieldsOf(given);
        const head = {
          method: textOf(method),
          url: textOf(url),
          headers: listOf(headers).map((pair) => listOf(pair).map(textOf)),
          timeout_ms: chosen(timeout, numberOf),
        };
        return request("http.fetch", { head, bytes: bytesOf(body) }, (answer, bytes) => ({ ...answer, body: bytes }));
      }),
    },
  };
}

const NAMES = Object.entries(caxtonInterfaces(() => Promise.reject(new Error("no host is called")))).map(
  ([name, functions]) => [name, Object.keys(functions)] as const,
);

/** Whether an interface is one of Caxton's own for components, whatever it has. */
export const isCaxtonInterface = (name: string): boolean => name.startsWith("caxton:host/");
/** The functions of one of Caxton's interfaces; undefined if the name is unknown. */
export const caxtonFunctions = (wanted: string): readonly string[] | undefined =>
  NAMES.find(([name]) => name === wanted)?.[1];
/** All that there are. */
export const CAXTON_INTERFACES: readonly string[] = NAMES.map(([name]) => name);

/** What an option has, as `read` takes it; undefined when it has nothing. */
const chosen = <Value>(option: unknown, read: (value: unknown) => Value): Value | undefined =>
  isTagged(option) && option.tag === "some" ? read(option.value) : undefined;

const numberOf = (value: unknown): number => {
  if (typeof value === "number") return value;
  throw new HostFault("it passed something that is no number");
};

/** Of the texts in a head: its JSON has no fewer bytes. */
function charactersIn(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce<number>((sum, each) => sum + charactersIn(each), 0);
}

const pageOf = ({ keys, next }: Fields): unknown => ({
  keys: listOf(keys).map((each) => {
    const entry = fieldsOf(each);
    return { ...entry, "updated-at": entry["updated_at"] };
  }),
  next: next === undefined ? NONE : some(next),
});

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};

/** A guest's text, read where the guest runs; its shape has been looked at. */
function objectIn(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
