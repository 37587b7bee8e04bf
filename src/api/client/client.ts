import { requestPath, split } from "../contract/index.ts";
import { Connection } from "./connection.ts";
import { followEvents } from "./events.ts";
import {
  type CallOptions,
  type ClientOptions,
  type Content,
  type FollowOptions,
  type Streamed,
  type UploadOptions,
} from "./public.ts";
import type { Row } from "./row.ts";
import { rows } from "./rows.ts";

export { ConnectionError, ProblemError } from "./public.ts";

type Method = (input?: object, ...rest: never[]) => unknown;
type Nouns = Readonly<Record<string, Readonly<Record<string, Method>>>>;

/** Returns a client with a method for each operation. `scripts/client-types.ts` writes its published types from the same rows. */
export function createClient(options: ClientOptions): Nouns {
  const connection = new Connection(options);
  const methods = (verbs: Readonly<Record<string, Row>>) =>
    Object.fromEntries(Object.entries(verbs).map(([verb, row]) => [verb, methodOf(connection, row)]));
  return Object.fromEntries(Object.entries(rows()).map(([noun, verbs]) => [noun, methods(verbs)]));
}

function methodOf(connection: Connection, row: Row): Method {
  const call = <Answer>(input: object = {}, options: CallOptions = {}) => connection.call<Answer>(row, input, options);
  switch (row.kind) {
    case "json":
      return call;
    case "list":
      return Object.assign(call, {
        each: (input: object = {}, options?: CallOptions) => each(call<Page>, input, options),
      });
    case "file":
      return (input: object = {}, options: CallOptions = {}) => download(connection, row, { input, options });
    case "events":
      return (input: object = {}, options: FollowOptions = {}) => watch(connection, row, { input, options });
    case "upload":
      return (input: object = {}, content: Content = "", options: UploadOptions = {}) =>
        upload(connection, row, { input, content, options });
  }
}

type Page = { readonly items: readonly unknown[]; readonly next: string | null };

async function* each(
  call: (input: object, options?: CallOptions) => Promise<Page>,
  input: object,
  options?: CallOptions,
): AsyncGenerator<unknown, void, undefined> {
  let cursor: string | null | undefined;
  do {
    const page: Page = await call({ ...input, ...(cursor != null && { cursor }) }, options);
    yield* page.items;
    cursor = page.next;
  } while (cursor !== null);
}

type Asked<Options> = { readonly input: object; readonly options: Options };

async function* watch(
  connection: Connection,
  row: Row,
  { input, options }: Asked<FollowOptions>,
): AsyncGenerator<Streamed<unknown>, void, undefined> {
  const { params, query } = split(row, input);
  const place = { path: requestPath(row, params), query };
  for await (const { id, data } of followEvents(connection, place, options)) yield { id, event: JSON.parse(data) };
}

/** A file has no time limit: it takes as long as it takes. Every operation that answers with one is a GET. */
function download(connection: Connection, row: Row, { input, options }: Asked<CallOptions>): Promise<Response> {
  const { params, query } = split(row, input);
  const opening = { method: row.http.method, path: requestPath(row, params), query, headers: { accept: "*/*" } };
  return connection.open({ ...opening, signal: options.signal });
}

async function upload(
  connection: Connection,
  row: Row,
  { input, content, options }: Asked<UploadOptions> & { readonly content: Content },
): Promise<unknown> {
  const { params, query } = split(row, input);
  const mediaType = options.mediaType ?? (content instanceof Blob && content.type !== "" ? content.type : OCTETS);
  const { idempotencyKey: key, signal } = options;
  const response = await connection.open({
    method: row.http.method,
    path: requestPath(row, params),
    query,
    headers: { "content-type": mediaType, ...(key !== undefined && { "idempotency-key": key }) },
    body: content,
    signal,
  });
  return connection.read(response, signal);
}

const OCTETS = "application/octet-stream";
