import { AbortSignal } from "./abort.ts";
import { ask, HostError } from "./operations.ts";
import { type BytesLike, bytesOf, isBytes, textOf, utf8 } from "./text.ts";
import { URL, URLSearchParams } from "./url.ts";

type Pair = [name: string, value: string];
type HeadersInit = Headers | Iterable<Pair> | Readonly<Record<string, string>>;

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const NO_BYTES = new Uint8Array(0);

export class Headers {
  #pairs: Pair[] = [];

  constructor(init: HeadersInit = {}) {
    const pairs: Iterable<unknown> = Symbol.iterator in init ? init : Object.entries(init);
    for (const pair of pairs) {
      if (!Array.isArray(pair) || pair.length !== 2) throw new TypeError("Headers takes pairs of a name and a value");
      this.append(String(pair[0]), String(pair[1]));
    }
  }
  append(name: string, value: unknown): void {
    const text = String(value).trim();
    if (!NAME.test(name) || /[\0\r\n]/.test(text)) throw new TypeError(`"${name}" cannot be a header with that value`);
    this.#pairs.push([name.toLowerCase(), text]);
  }
  set(name: string, value: string): void {
    this.delete(name);
    this.append(name, value);
  }
  delete(name: string): void {
    this.#pairs = this.#pairs.filter(([key]) => key !== name.toLowerCase());
  }
  has(name: string): boolean {
    return this.get(name) !== null;
  }
  get(name: string): string | null {
    const found = this.#pairs.filter(([key]) => key === name.toLowerCase());
    return found.length === 0 ? null : found.map(([, value]) => value).join(", ");
  }
  getSetCookie(): string[] {
    return this.#pairs.filter(([key]) => key === "set-cookie").map(([, value]) => value);
  }
  forEach(visit: (value: string, name: string, all: Headers) => void): void {
    for (const [name, value] of this) visit(value, name, this);
  }
  entries(): IterableIterator<Pair> {
    const names = [...new Set(this.#pairs.map(([name]) => name))].toSorted();
    return names.map((name): Pair => [name, this.get(name) ?? ""]).values();
  }
  keys(): IterableIterator<string> {
    return [...this.entries()].map(([name]) => name).values();
  }
  values(): IterableIterator<string> {
    return [...this.entries()].map(([, value]) => value).values();
  }
  [Symbol.iterator](): IterableIterator<Pair> {
    return this.entries();
  }
}

type BodyInit = string | BytesLike | URLSearchParams | null | undefined;

/** What has a body that is read once. */
class Body {
  #bytes: Uint8Array<ArrayBuffer>;
  bodyUsed = false;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
  }
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.bodyUsed) throw new TypeError("the body has been read already");
    this.bodyUsed = true;
    return this.#bytes;
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).slice().buffer;
  }
  async text(): Promise<string> {
    return textOf(await this.bytes()).replace(/^\uFEFF/, "");
  }
  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }
  protected copyOfBytes(): Uint8Array<ArrayBuffer> {
    if (this.bodyUsed) throw new TypeError("the body has been read already");
    return this.#bytes;
  }
}

/** The bytes of a body, and the type that it has when nothing else is said. */
function bodyOf(body: BodyInit): readonly [Uint8Array<ArrayBuffer>, string | undefined] {
  if (body === null || body === undefined) return [NO_BYTES, undefined];
  if (typeof body === "string") return [utf8(body), "text/plain;charset=UTF-8"];
  if (body instanceof URLSearchParams) {
    return [utf8(String(body)), "application/x-www-form-urlencoded;charset=UTF-8"];
  }
  if (isBytes(body)) return [new Uint8Array(bytesOf(body)), undefined];
  throw new TypeError("a body is a text, bytes or URLSearchParams here");
}

type ResponseInit = { readonly status?: number; readonly statusText?: string; readonly headers?: HeadersInit };

export class Response extends Body {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly url: string = "";
  readonly redirected = false;
  readonly type = "basic";

  constructor(body?: BodyInit, { status = 200, statusText = "", headers = {} }: ResponseInit = {}) {
    const [bytes, mediaType] = bodyOf(body);
    super(bytes);
    this.status = status;
    this.statusText = statusText;
    this.headers = new Headers(headers);
    if (mediaType !== undefined && !this.headers.has("content-type")) this.headers.set("content-type", mediaType);
  }
  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }
  clone(): Response {
    return Object.assign(new Response(this.copyOfBytes(), this), { url: this.url });
  }
  static json(value: unknown, init: ResponseInit = {}): Response {
    const headers = new Headers(init.headers);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    return new Response(JSON.stringify(value), { ...init, headers });
  }
}

type RequestInit = {
  readonly method?: string;
  readonly headers?: HeadersInit;
  readonly body?: BodyInit;
  readonly signal?: AbortSignal | null;
};

const USUAL = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH"]);

export class Request extends Body {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly signal: AbortSignal | undefined;

  constructor(input: unknown, init: RequestInit = {}) {
    const from = input instanceof Request ? input : undefined;
    const [bytes, mediaType] = init.body === undefined && from ? [from.copyOfBytes(), undefined] : bodyOf(init.body);
    super(bytes);
    this.url = from?.url ?? new URL(input).href;
    const method = init.method ?? from?.method ?? "GET";
    this.method = USUAL.has(method.toUpperCase()) ? method.toUpperCase() : method;
    if (bytes.length > 0 && (this.method === "GET" || this.method === "HEAD")) {
      throw new TypeError(`a ${this.method} request has no body`);
    }
    this.headers = new Headers(init.headers ?? from?.headers);
    this.signal = init.signal ?? from?.signal;
    if (mediaType !== undefined && !this.headers.has("content-type")) this.headers.set("content-type", mediaType);
  }
  clone(): Request {
    return new Request(this);
  }
}

/** Sends a request through the server, which checks the tool's grants. Requests are made one after another. */
export async function fetch(input: unknown, init: RequestInit = {}): Promise<Response> {
  const request = new Request(input, init);
  request.signal?.throwIfAborted();
  const timeoutMs = request.signal?.timeoutMs;
  const { url, method } = request;
  const head = {
    method,
    url,
    headers: [...request.headers],
    ...(timeoutMs === undefined ? {} : { timeout_ms: timeoutMs }),
  };
  const { head: answer, body } = send(head, await request.bytes(), url);
  const pairs: unknown = answer["headers"];
  const headers = Array.isArray(pairs) ? pairs.map(([name, value]: Pair): Pair => [name, value]) : [];
  const response = new Response(body, { status: Number(answer["status"]), headers });
  return Object.assign(response, { url: typeof answer["url"] === "string" ? answer["url"] : url });
}

function send(head: Readonly<Record<string, unknown>>, body: Uint8Array, url: string): ReturnType<typeof ask> {
  try {
    return ask("http.fetch", head, body);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    throw Object.assign(new TypeError(`fetch of ${url} failed: ${error.message}`), { code: error.code });
  }
}
