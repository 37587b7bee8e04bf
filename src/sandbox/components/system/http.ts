import { err, isTagged, NONE, ok, some, type Tagged } from "../index.ts";
import {
  bytesOf,
  type HostFunction,
  type HostInterface,
  instanceOf,
  listOf,
  prompt,
  textOf,
  wholeOf,
} from "./host-function.ts";
import type { Pollable } from "./pollable.ts";
import { BytesInput, BytesOutput } from "./streams.ts";

/**
 * `wasi:http`, as far as requests that go out: `outgoing-handler` and the types it needs. A request is sent whole, when
 * the guest first looks for its answer; the answer comes whole.
 */
export type Fetched =
  | {
      readonly type: "answered";
      readonly status: number;
      readonly headers: readonly (readonly [string, string])[];
      readonly body: Uint8Array;
    }
  | { readonly type: "refused"; readonly code: string; readonly message: string };
export type Wanted = {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
  readonly timeoutMs: number | undefined;
};
/** Begins a request; `settle` gets what came of it in a later turn. */
export type Fetch = (wanted: Wanted, settle: (fetched: Fetched) => void) => void;

const BODY_BYTES_MAX = 16 * 1024 * 1024;
const FIELDS_MAX = 256;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;
const NANOSECONDS = 1_000_000n;
/** Requests that may be on their way at once. */
const UNDER_WAY_MAX = 4;

type Field = readonly [name: string, value: Uint8Array];

class Fields {
  entries: readonly Field[];

  constructor(entries: readonly Field[]) {
    this.entries = entries;
  }

  get(name: string): readonly Uint8Array[] {
    const wanted = name.toLowerCase();
    return this.entries.filter(([known]) => known.toLowerCase() === wanted).map(([, value]) => value);
  }

  without(name: string): readonly Field[] {
    const unwanted = name.toLowerCase();
    return this.entries.filter(([known]) => known.toLowerCase() !== unwanted);
  }

  /** An error when a field cannot be one. */
  put(entries: readonly Field[]): Tagged {
    if (entries.length > FIELDS_MAX || !entries.every(isField)) return err({ tag: "invalid-syntax" });
    this.entries = entries;
    return ok();
  }
}

const isField = ([name, value]: Field): boolean =>
  NAME.test(name) && !value.some((byte) => byte === 0 || byte === 10 || byte === 13);

class OutgoingBody {
  readonly output = new BytesOutput(BODY_BYTES_MAX);
  isTaken = false;
}

class OutgoingRequest {
  readonly headers: Fields;
  readonly body = new OutgoingBody();
  method: Tagged = { tag: "get" };
  path: Tagged = NONE;
  scheme: Tagged = NONE;
  authority: Tagged = NONE;
  isBodyTaken = false;

  constructor(headers: Fields) {
    this.headers = headers;
  }

  /** As it is to be sent. */
  wanted(timeoutMs: number | undefined): Wanted {
    const { tag, value } = this.method;
    const scheme = valueOf(this.scheme);
    const name = isTagged(scheme) ? (scheme.tag === "other" ? String(scheme.value) : scheme.tag) : "https";
    return {
      method: (tag === "other" ? String(value) : tag).toUpperCase(),
      url: `${name.toLowerCase()}://${textIn(this.authority) ?? ""}${textIn(this.path) ?? "/"}`,
      headers: this.headers.entries.map(([field, bytes]) => [field, Buffer.from(bytes).toString("latin1")]),
      body: Buffer.concat(this.body.output.parts),
      timeoutMs,
    };
  }
}

const valueOf = (option: Tagged): unknown => (option.tag === "some" ? option.value : undefined);

function textIn(option: Tagged): string | undefined {
  const value = valueOf(option);
  return typeof value === "string" ? value : undefined;
}

class RequestOptions {
  readonly values = new Map<string, Tagged>();

  /** The longest that any of its parts may take. */
  get timeoutMs(): number | undefined {
    const given = [...this.values.values()].map(valueOf).filter((value) => typeof value === "bigint");
    return given.length === 0 ? undefined : Math.max(1, ...given.map((value) => Number(value / NANOSECONDS)));
  }
}

class IncomingBody {
  readonly bytes: Uint8Array;
  isTaken = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

class IncomingResponse {
  readonly status: number;
  readonly headers: Fields;
  readonly body: IncomingBody;
  isConsumed = false;

  constructor({ status, headers, body }: Extract<Fetched, { type: "answered" }>) {
    this.status = status;
    this.headers = new Fields(headers.map(([name, value]) => [name, Buffer.from(value, "latin1")]));
    this.body = new IncomingBody(body);
  }
}

class FutureTrailers {
  isTaken = false;
}

class FutureResponse {
  readonly #send: () => void;
  readonly #wakers = new Set<() => void>();
  #isSent = false;
  #fetched: Fetched | undefined;
  #isTaken = false;
  readonly pollable: Pollable;

  constructor(fetch: Fetch, request: OutgoingRequest, timeoutMs: number | undefined) {
    this.#send = () =>
      fetch(request.wanted(timeoutMs), (fetched) => {
        this.#fetched = fetched;
        for (const wake of this.#wakers) wake();
        this.#wakers.clear();
      });
    this.pollable = {
      isReady: () => this.isDone,
      await: (wake) => {
        this.#wakers.add(wake);
        this.begin();
        return () => this.#wakers.delete(wake);
      },
    };
  }

  get isDone(): boolean {
    return this.#fetched !== undefined;
  }

  begin(): void {
    if (this.#isSent) return;
    this.#isSent = true;
    this.#send();
  }

  get(): Tagged {
    this.begin();
    if (this.#fetched === undefined) return NONE;
    if (this.#isTaken) return some(err());
    this.#isTaken = true;
    if (this.#fetched.type === "answered") return some(ok(ok(new IncomingResponse(this.#fetched))));
    return some(ok(err(errorOf(this.#fetched.code, this.#fetched.message))));
  }
}

function errorOf(code: string, message: string): Tagged {
  if (code === "denied") return { tag: "HTTP-request-denied" };
  if (code === "timeout") return { tag: "connection-timeout" };
  if (code === "invalid") return { tag: "HTTP-request-URI-invalid" };
  return { tag: "internal-error", value: some(message) };
}

export function httpInterfaces(fetch: Fetch): { readonly [name: string]: HostInterface } {
  let underWay = 0;
  const counted: Fetch = (wanted, settle) => {
    underWay += 1;
    if (underWay > UNDER_WAY_MAX) {
      underWay -= 1;
      return settle({ type: "refused", code: "unavailable", message: `more than ${UNDER_WAY_MAX} requests at once` });
    }
    fetch(wanted, (fetched) => {
      underWay -= 1;
      settle(fetched);
    });
  };
  return {
    "wasi:http/types": { ...fields, ...requests, ...options, ...responses, "http-error-code": prompt(() => NONE) },
    "wasi:http/outgoing-handler": {
      handle: prompt((request, given) => {
        const options = isTagged(given) && given.tag === "some" ? instanceOf(given.value, RequestOptions) : undefined;
        return ok(new FutureResponse(counted, instanceOf(request, OutgoingRequest), options?.timeoutMs));
      }),
    },
  };
}

const fieldsOf = (value: unknown): Fields => instanceOf(value, Fields);
const entryOf = (pair: unknown): Field => {
  const [name, value] = listOf(pair);
  return [textOf(name), bytesOf(value)];
};

const fields: HostInterface = {
  "[constructor]fields": prompt(() => new Fields([])),
  "[static]fields.from-list": prompt((list) => {
    const made = new Fields([]);
    const put = made.put(listOf(list).map(entryOf));
    return put.tag === "ok" ? ok(made) : put;
  }),
  "[method]fields.get": prompt((each, name) => fieldsOf(each).get(textOf(name))),
  "[method]fields.has": prompt((each, name) => fieldsOf(each).get(textOf(name)).length > 0),
  "[method]fields.set": prompt((each, name, values) =>
    fieldsOf(each).put([
      ...fieldsOf(each).without(textOf(name)),
      ...listOf(values).map((value): Field => [textOf(name), bytesOf(value)]),
    ]),
  ),
  "[method]fields.delete": prompt((each, name) => fieldsOf(each).put(fieldsOf(each).without(textOf(name)))),
  "[method]fields.append": prompt((each, name, value) =>
    fieldsOf(each).put([...fieldsOf(each).entries, [textOf(name), bytesOf(value)]]),
  ),
  "[method]fields.entries": prompt((each) => fieldsOf(each).entries),
  "[method]fields.clone": prompt((each) => new Fields(fieldsOf(each).entries)),
};

const requestOf = (value: unknown): OutgoingRequest => instanceOf(value, OutgoingRequest);
const taggedOf = (value: unknown): Tagged => (isTagged(value) ? value : NONE);

/** A getter and a setter of a request. */
function property(name: string, key: "method" | "path" | "scheme" | "authority"): HostInterface {
  return {
    [`[method]outgoing-request.${name}`]: prompt((each) => requestOf(each)[key]),
    [`[method]outgoing-request.set-${name}`]: prompt((each, value) => {
      requestOf(each)[key] = taggedOf(value);
      return ok();
    }),
  };
}

const requests: HostInterface = {
  "[constructor]outgoing-request": prompt((headers) => new OutgoingRequest(fieldsOf(headers))),
  "[method]outgoing-request.headers": prompt((each) => requestOf(each).headers),
  "[method]outgoing-request.body": prompt((each) => {
    const request = requestOf(each);
    if (request.isBodyTaken) return err();
    request.isBodyTaken = true;
    return ok(request.body);
  }),
  ...property("method", "method"),
  ...property("path-with-query", "path"),
  ...property("scheme", "scheme"),
  ...property("authority", "authority"),
  "[method]outgoing-body.write": prompt((each) => {
    const body = instanceOf(each, OutgoingBody);
    if (body.isTaken) return err();
    body.isTaken = true;
    return ok(body.output);
  }),
  "[static]outgoing-body.finish": prompt((each) => {
    instanceOf(each, OutgoingBody);
    return ok();
  }),
};

const option = (name: string): readonly (readonly [string, HostFunction])[] => [
  [`[method]request-options.${name}`, prompt((each) => instanceOf(each, RequestOptions).values.get(name) ?? NONE)],
  [
    `[method]request-options.set-${name}`,
    prompt((each, value) => {
      const given = taggedOf(value);
      if (given.tag === "some") wholeOf(given.value);
      instanceOf(each, RequestOptions).values.set(name, given);
      return ok();
    }),
  ],
];

const options: HostInterface = {
  "[constructor]request-options": prompt(() => new RequestOptions()),
  ...Object.fromEntries(["connect-timeout", "first-byte-timeout", "between-bytes-timeout"].flatMap(option)),
};

const responses: HostInterface = {
  "[method]future-incoming-response.subscribe": prompt((each) => instanceOf(each, FutureResponse).pollable),
  "[method]future-incoming-response.get": prompt((each) => instanceOf(each, FutureResponse).get()),
  "[method]incoming-response.status": prompt((each) => instanceOf(each, IncomingResponse).status),
  "[method]incoming-response.headers": prompt((each) => instanceOf(each, IncomingResponse).headers),
  "[method]incoming-response.consume": prompt((each) => {
    const response = instanceOf(each, IncomingResponse);
    if (response.isConsumed) return err();
    response.isConsumed = true;
    return ok(response.body);
  }),
  "[method]incoming-body.stream": prompt((each) => {
    const body = instanceOf(each, IncomingBody);
    if (body.isTaken) return err();
    body.isTaken = true;
    return ok(new BytesInput(body.bytes));
  }),
  "[static]incoming-body.finish": prompt(() => new FutureTrailers()),
  "[method]future-trailers.subscribe": prompt(() => ALWAYS),
  "[method]future-trailers.get": prompt((each) => {
    const trailers = instanceOf(each, FutureTrailers);
    if (trailers.isTaken) return some(err());
    trailers.isTaken = true;
    return some(ok(ok(NONE)));
  }),
};
const ALWAYS: Pollable = { isReady: () => true, await: () => () => {} };
