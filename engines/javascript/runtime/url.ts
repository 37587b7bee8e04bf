/** URLs as far as tools need them: ASCII hosts, the standard's paths, queries and relative references. */
const DEFAULT_PORTS: Readonly<Record<string, string>> = {
  "http:": "80",
  "https:": "443",
  "ws:": "80",
  "wss:": "443",
  "ftp:": "21",
  "file:": "",
};
const SCHEME = /^([a-z][a-z0-9+.-]*):/i;
const HOST = /^(?:\[[0-9a-f:.]+\]|[^\s#%/:<>?@[\\\]^|]+)$/i;
const PORT_MAX = 65_535;

type Parts = {
  protocol: string;
  username: string;
  password: string;
  hostname: string;
  port: string;
  /** Begins with "/" in all but opaque URLs. */
  pathname: string;
  search: string;
  hash: string;
  isOpaque: boolean;
};

class InvalidUrlError extends TypeError {
  readonly code = "ERR_INVALID_URL";
  constructor(input: string) {
    super(`Invalid URL: ${input.slice(0, 200)}`);
  }
}

// Sequences of percent and two digits stay as they are.
const encoder = (allowed: RegExp) => (text: string) =>
  text.toWellFormed().replace(allowed, (character) => (character === "'" ? "%27" : encodeURIComponent(character)));
const encodePath = encoder(/[^\x21\x24-\x3b\x3d\x40-\x5f\x61-\x7a\x7c\x7e]/gu);
const encodeQuery = encoder(/[^\x21\x24-\x26\x28-\x3b\x3d\x3f-\x7e]/gu);
const encodeHash = encoder(/[^\x21\x23-\x3b\x3d\x3f-\x5f\x61-\x7e]/gu);
const encodeUser = encoder(/[^\x21\x24-\x2e\x30-\x39\x41-\x5a\x5f\x61-\x7a\x7e%]/gu);

const isSpecial = (protocol: string): boolean => protocol in DEFAULT_PORTS;

/** Takes "." and ".." out of a path. */
function resolveDots(path: string): string {
  const kept: string[] = [];
  const segments = path.split("/").slice(1);
  for (const [index, segment] of segments.entries()) {
    const plain = segment.replaceAll(/%2e/gi, ".");
    const isLast = index === segments.length - 1;
    if (plain === "..") kept.pop();
    if (plain === "." || plain === "..") {
      if (isLast) kept.push("");
    } else kept.push(segment);
  }
  return `/${kept.join("/")}`;
}

function split(text: string): { before: string; search: string; hash: string } {
  const [rest = "", ...hash] = text.split("#");
  const [before = "", ...query] = rest.split("?");
  const search = encodeQuery(query.join("?"));
  const fragment = encodeHash(hash.join("#"));
  return { before, search: search === "" ? "" : `?${search}`, hash: fragment === "" ? "" : `#${fragment}` };
}

type Authority = Pick<Parts, "username" | "password" | "hostname" | "port">;

function authority(text: string, protocol: string, input: string): Authority {
  const at = text.lastIndexOf("@");
  const [username = "", ...password] = at === -1 ? [] : text.slice(0, at).split(":");
  const place = text.slice(at + 1);
  const [, name = "", port = ""] = /^(.*?)(?::(\d*))?$/s.exec(place) ?? [];
  const hostname = (isSpecial(protocol) ? decodeHost(name, input) : name).toLowerCase();
  if (hostname === "" ? protocol !== "file:" && isSpecial(protocol) : !HOST.test(hostname))
    throw new InvalidUrlError(input);
  return {
    username: encodeUser(username),
    password: encodeUser(password.join(":")),
    hostname,
    port: portOf(port, protocol, input),
  };
}

function decodeHost(name: string, input: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new InvalidUrlError(input);
  }
}

function portOf(text: string, protocol: string, input: string): string {
  if (text === "") return "";
  const port = Number(text);
  if (port > PORT_MAX) throw new InvalidUrlError(input);
  return String(port) === DEFAULT_PORTS[protocol] ? "" : String(port);
}

const NOBODY: Authority = { username: "", password: "", hostname: "", port: "" };

function parse(given: string, base: Parts | undefined): Parts {
  const input = given.trim().replaceAll(/[\t\n\r]/g, "");
  const scheme = SCHEME.exec(input)?.[1];
  if (scheme === undefined) {
    if (base === undefined || base.isOpaque) throw new InvalidUrlError(given);
    return relative(input, base, given);
  }
  const protocol = `${scheme.toLowerCase()}:`;
  const rest = input.slice(scheme.length + 1);
  const { before, search, hash } = split(isSpecial(protocol) ? slashed(rest) : rest);
  if (!isSpecial(protocol) && !before.startsWith("/")) {
    return { protocol, ...NOBODY, pathname: before, search, hash, isOpaque: true };
  }
  // Of these URLs any number of slashes begins a host; a file's may be without one.
  const isWeb = isSpecial(protocol) && protocol !== "file:";
  const rooted = isWeb ? before.replace(/^\/*/, "//") : before;
  const [, place = "", path = ""] = /^(?:\/\/([^/]*))?(.*)$/s.exec(rooted) ?? [];
  return {
    protocol,
    ...authority(place, protocol, given),
    pathname: resolveDots(encodePath(path === "" ? "/" : path)),
    search,
    hash,
    isOpaque: false,
  };
}

/** A backslash is a slash in these URLs, up to the query. */
const slashed = (text: string): string => {
  const end = text.search(/[?#]/);
  const path = end === -1 ? text : text.slice(0, end);
  return path.replaceAll("\\", "/") + text.slice(path.length);
};

function relative(input: string, base: Parts, given: string): Parts {
  const { before, search, hash } = split(isSpecial(base.protocol) ? slashed(input) : input);
  if (before.startsWith("//")) return parse(`${base.protocol}${input}`, undefined);
  if (before === "") return { ...base, search: input.startsWith("?") ? search : search || base.search, hash };
  if (given.trim() === "") return { ...base, hash: "" };
  const folder = base.pathname.slice(0, base.pathname.lastIndexOf("/") + 1);
  const pathname = resolveDots(encodePath(before.startsWith("/") ? before : `${folder}${before}`));
  return { ...base, pathname, search, hash };
}

export class URLSearchParams {
  #pairs: [string, string][];
  readonly #changed: (() => void) | undefined;

  constructor(init: unknown = "", changed?: () => void) {
    this.#pairs = pairsOf(init);
    this.#changed = changed;
  }
  get size(): number {
    return this.#pairs.length;
  }
  append(name: unknown, value: unknown): void {
    this.#pairs.push([String(name), String(value)]);
    this.#changed?.();
  }
  delete(name: string, value?: string): void {
    this.#pairs = this.#pairs.filter(([key, held]) => key !== name || (value !== undefined && held !== value));
    this.#changed?.();
  }
  get(name: string): string | null {
    return this.#pairs.find(([key]) => key === name)?.[1] ?? null;
  }
  getAll(name: string): string[] {
    return this.#pairs.filter(([key]) => key === name).map(([, value]) => value);
  }
  has(name: string, value?: string): boolean {
    return this.#pairs.some(([key, held]) => key === name && (value === undefined || held === value));
  }
  set(name: unknown, value: unknown): void {
    const first = this.#pairs.findIndex(([key]) => key === name);
    if (first === -1) return this.append(name, value);
    this.#pairs = this.#pairs.filter(([key], index) => key !== name || index === first);
    this.#pairs[first] = [String(name), String(value)];
    this.#changed?.();
  }
  sort(): void {
    this.#pairs.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
    this.#changed?.();
  }
  forEach(visit: (value: string, name: string, all: URLSearchParams) => void): void {
    for (const [name, value] of this.#pairs) visit(value, name, this);
  }
  entries(): IterableIterator<[string, string]> {
    return this.#pairs.map(([name, value]): [string, string] => [name, value]).values();
  }
  keys(): IterableIterator<string> {
    return this.#pairs.map(([name]) => name).values();
  }
  values(): IterableIterator<string> {
    return this.#pairs.map(([, value]) => value).values();
  }
  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }
  toString(): string {
    return this.#pairs.map((pair) => pair.map(formEncoded).join("=")).join("&");
  }
}

const formEncoded = (text: string): string =>
  encodeURIComponent(text.toWellFormed())
    .replaceAll(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");

const formDecoded = (text: string): string => {
  const spaced = text.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
};

const isIterable = (value: object): value is Iterable<unknown> => Symbol.iterator in value;

function pairsOf(init: unknown): [string, string][] {
  if (typeof init === "object" && init !== null) {
    const pairs = isIterable(init) ? init : Object.entries(init);
    return Array.from(pairs, (pair) => {
      if (Array.isArray(pair) && pair.length === 2) return [String(pair[0]), String(pair[1])];
      throw new TypeError("URLSearchParams takes pairs of a name and a value");
    });
  }
  const text = textOf(init).replace(/^\?/, "");
  return text
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const [name = "", ...value] = part.split("=");
      return [formDecoded(name), formDecoded(value.join("="))];
    });
}

/** A URL may be given as anything that has a text. */
const textOf = (value: unknown): string => (typeof value === "string" ? value : String(Object(value)));

export class URL {
  #parts: Parts;
  #params: URLSearchParams | undefined;

  constructor(input: unknown, base?: unknown) {
    this.#parts = parse(textOf(input), base === undefined ? undefined : parse(textOf(base), undefined));
  }
  static canParse(input: unknown, base?: unknown): boolean {
    return URL.parse(input, base) !== null;
  }
  static parse(input: unknown, base?: unknown): URL | null {
    try {
      return new URL(input, base);
    } catch {
      return null;
    }
  }
  get href(): string {
    const { protocol, username, password, hostname, pathname, search, hash, isOpaque } = this.#parts;
    if (isOpaque) return `${protocol}${pathname}${search}${hash}`;
    const user = username === "" && password === "" ? "" : `${username}${password === "" ? "" : `:${password}`}@`;
    const slashes = hostname === "" && !isSpecial(protocol) ? "" : "//";
    return `${protocol}${slashes}${user}${this.host}${pathname}${search}${hash}`;
  }
  set href(value: string) {
    this.#parts = parse(value, undefined);
    this.#params = undefined;
  }
  get origin(): string {
    const { protocol } = this.#parts;
    return isSpecial(protocol) && protocol !== "file:" ? `${protocol}//${this.host}` : "null";
  }
  get protocol(): string {
    return this.#parts.protocol;
  }
  get username(): string {
    return this.#parts.username;
  }
  get password(): string {
    return this.#parts.password;
  }
  get host(): string {
    const { hostname, port } = this.#parts;
    return port === "" ? hostname : `${hostname}:${port}`;
  }
  get hostname(): string {
    return this.#parts.hostname;
  }
  get port(): string {
    return this.#parts.port;
  }
  set port(value: string) {
    this.#parts.port = portOf(value, this.#parts.protocol, this.href);
  }
  get pathname(): string {
    return this.#parts.pathname;
  }
  set pathname(value: string) {
    if (this.#parts.isOpaque) return;
    this.#parts.pathname = resolveDots(encodePath(value.startsWith("/") ? value : `/${value}`));
  }
  get search(): string {
    return this.#parts.search;
  }
  set search(value: string) {
    const text = encodeQuery(value.replace(/^\?/, ""));
    this.#parts.search = text === "" ? "" : `?${text}`;
    this.#params = undefined;
  }
  get searchParams(): URLSearchParams {
    this.#params ??= new URLSearchParams(this.#parts.search, () => {
      const text = String(this.#params);
      this.#parts.search = text === "" ? "" : `?${text}`;
    });
    return this.#params;
  }
  get hash(): string {
    return this.#parts.hash;
  }
  set hash(value: string) {
    const text = encodeHash(value.replace(/^#/, ""));
    this.#parts.hash = text === "" ? "" : `#${text}`;
  }
  toString(): string {
    return this.href;
  }
  toJSON(): string {
    return this.href;
  }
}
