import * as z from "zod";
import { toFault } from "../../../kernel/errors.ts";
import { log } from "../../../kernel/log.ts";
import { JsonObject, parseJson } from "../../../kernel/json.ts";
import { MEMORY_GRANT_SCOPES } from "../../catalogue/index.ts";
import { type Broker, type Caller, hostRefused, type HostRefused, SYSTEM_USES } from "./broker.ts";
import {
  decodeWithBytes,
  encodeWithBytes,
  type HostRefusal,
  JSON_DEPTH_MAX,
  JSON_NODES_MAX,
  jsonShape,
} from "../wire/index.ts";

/**
 * Requests of guests that are no files, as docs/tools/host-calls.md describes them: a name, and `u32 head length | head
 * as JSON | bytes`. An answer is one byte, 0 granted or 1 refused, then an envelope of the same form.
 */
const USED = "grants.used";
const KEY_CHARS_MAX = 512;
const PAGE_MAX = 1_000;
const QUERY_CHARS_MAX = 10_000;
const HITS_MAX = 100;
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

const isText = (text: string): boolean => text.isWellFormed() && !text.includes("\0");
const Text = z.string().max(KEY_CHARS_MAX).refine(isText, { error: "expected Unicode without NUL" });
const Key = z.object({ key: Text.min(1) });
const Page = z.object({
  prefix: Text.default(""),
  limit: z.int().min(1).max(PAGE_MAX).default(100),
  cursor: Text.optional(),
});
const Fetch = z.object({
  method: z.string().regex(/^[A-Z]{1,20}$/, { error: "expected a method in capitals" }),
  url: z.string().min(1).max(8_192),
  headers: z
    .array(z.tuple([z.string().max(256), z.string().max(16_384)]))
    .max(128)
    .default([]),
  timeout_ms: z.number().positive().max(3_600_000).optional(),
  bytes_max: z.int().min(1).max(ANSWER_BYTES_MAX).optional(),
});

/** Strict: a tool that names another agent's memory gets an error, rather than its own memory. */
const Search = z.strictObject({
  query: z.string().min(1).max(QUERY_CHARS_MAX).refine(isText, { error: "expected Unicode without NUL" }),
  scopes: z.array(z.enum(MEMORY_GRANT_SCOPES)).min(1).max(MEMORY_GRANT_SCOPES.length).optional(),
  limit: z.int().min(1).max(HITS_MAX).optional(),
});

const Used = z.object({ kinds: z.array(z.enum(SYSTEM_USES)).max(SYSTEM_USES.length) });

type Work = (broker: Broker, caller: Caller, signal: AbortSignal) => Promise<Granted | HostRefused>;
type Granted = { readonly type: "granted"; readonly head: object; readonly bytes: Uint8Array };
export type ReadHostRequest = { readonly type: "valid"; readonly changes: boolean; readonly work: Work } | HostRefused;

const NOTHING = new Uint8Array(0);
const granted = (head: object, bytes: Uint8Array = NOTHING): Granted => ({ type: "granted", head, bytes });
const isRefused = (value: unknown): value is HostRefused =>
  typeof value === "object" && value !== null && "type" in value && value.type === "refused";
/** Methods that change nothing where they go. */
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

type Operation = (head: unknown, bytes: Buffer) => { readonly changes: boolean; readonly work: Work };

const OPERATIONS: { readonly [name: string]: Operation } = {
  "http.fetch": (head, body) => {
    const { method, url, headers, timeout_ms: timeoutMs, bytes_max: bytesMax } = Fetch.parse(head);
    const work: Work = async (broker, caller, signal) => {
      const answer = await broker.http.fetch(caller, { method, url, headers, body, timeoutMs, bytesMax }, signal);
      if (answer.type === "refused") return answer;
      return granted({ status: answer.status, url: answer.url, headers: answer.headers }, answer.body);
    };
    return { changes: !SAFE_METHODS.has(method), work };
  },
  "state.get": (head) => {
    const { key } = Key.parse(head);
    const work: Work = async ({ state }, caller) => {
      const value = await state.get(caller, key);
      if (value instanceof Uint8Array) return granted({ found: true }, value);
      return value ?? granted({ found: false });
    };
    return { changes: false, work };
  },
  "state.set": (head, bytes) => {
    const { key } = Key.parse(head);
    return { changes: true, work: async ({ state }, caller) => (await state.set(caller, key, bytes)) ?? granted({}) };
  },
  "state.delete": (head) => {
    const { key } = Key.parse(head);
    const work: Work = async ({ state }, caller) => {
      const outcome = await state.delete(caller, key);
      return typeof outcome === "boolean" ? granted({ deleted: outcome }) : outcome;
    };
    return { changes: true, work };
  },
  "state.list": (head) => {
    const { prefix, limit, cursor } = Page.parse(head);
    const work: Work = async ({ state }, caller) => {
      const page = await state.list(caller, { prefix, limit, cursor });
      if (isRefused(page)) return page;
      const keys = page.keys.map(({ key, bytes, updatedAtMs }) => ({
        key,
        bytes,
        updated_at: new Date(updatedAtMs).toISOString(),
      }));
      return granted({ keys, ...(page.next === undefined ? {} : { next: page.next }) });
    };
    return { changes: false, work };
  },
  "messages.send": (head, bytes) => {
    const given = JsonObject.parse(head);
    const message = Object.hasOwn(given, "content") ? given : { ...given, content: bytes.toString("utf8") };
    const work: Work = async ({ messages }, caller) => {
      const answer = await messages.send(caller, message);
      if (answer.type === "refused") return answer;
      return granted({ id: answer.id, conversation_id: answer.conversationId, recipients: answer.recipients });
    };
    return { changes: true, work };
  },
  "memory.search": (head) => {
    const { query, scopes, limit } = Search.parse(head);
    const work: Work = async ({ memory }, caller, signal) => {
      const answer = await memory.search(caller, { query, scopes, limit }, signal);
      if (answer.type === "refused") return answer;
      return granted({ hits: answer.hits, notices: answer.notices, cut: answer.isCut });
    };
    return { changes: false, work };
  },
  /** Said by the child at the end of a call; a guest that says it itself only speaks of itself. */
  [USED]: (head) => {
    const { kinds } = Used.parse(head);
    const work: Work = (broker, caller) => {
      broker.used?.(caller, kinds);
      return Promise.resolve(granted({}));
    };
    return { changes: false, work };
  },
};

const NAMES = Object.keys(OPERATIONS).filter((name) => name !== USED);

/** What a guest asks for; a request that cannot be read is refused with the reason. */
export function readHostRequest(name: string, body: Buffer): ReadHostRequest {
  const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
  if (operation === undefined) {
    return hostRefused("invalid", `there is no host operation "${name}"; there are ${NAMES.join(", ")}`);
  }
  const parts = decodeWithBytes(body);
  // Parsing it would cost the server's own process thirty times its bytes.
  if (parts !== undefined && jsonShape(parts.json).type !== "fits") {
    const most = `nested deeper than ${JSON_DEPTH_MAX} levels or has more than ${JSON_NODES_MAX} values`;
    return hostRefused("invalid", `the head of ${name} is ${most}`);
  }
  const head = parts && parseJson(parts.json.toString("utf8"));
  if (parts === undefined || head?.type !== "parsed") {
    return hostRefused("invalid", `the request of ${name} is not a length, a JSON head and bytes`);
  }
  try {
    return { type: "valid", ...operation(head.value, parts.bytes) };
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const [issue] = error.issues;
    return hostRefused(
      "invalid",
      `the head of ${name} is wrong at ${issue?.path.join(".") || "its top"}: ${issue?.message}`,
    );
  }
}

/** Does what was asked, in the name of the caller. Never throws. */
export async function answerHostRequest(
  broker: Broker,
  caller: Caller,
  request: ReadHostRequest,
  signal: AbortSignal,
): Promise<{ readonly refusal: HostRefusal | undefined; readonly parts: readonly Uint8Array[] }> {
  const answer = request.type === "valid" ? await attempt(request.work(broker, caller, signal), caller) : request;
  if (answer.type === "granted") {
    return { refusal: undefined, parts: [Buffer.of(0), ...encodeWithBytes(answer.head, answer.bytes)] };
  }
  const { code, message } = answer;
  return { refusal: code, parts: [Buffer.of(1), ...encodeWithBytes({ code, message }, NOTHING)] };
}

/** What went wrong in the server is the operator's to read: its words have paths and more in them. */
async function attempt(work: Promise<Granted | HostRefused>, { server }: Caller): Promise<Granted | HostRefused> {
  try {
    return await work;
  } catch (error) {
    log.warn({ err: error, toolServer: server }, "a request of a tool server failed");
    return hostRefused("unavailable", `the server failed [${toFault(error).code}]; its log says why`);
  }
}
