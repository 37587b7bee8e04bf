import { err, isTagged, NONE, ok, some, type Tagged } from "../index.ts";
import { fieldFunctions, Fields, fieldsOf } from "./fields.ts";
import { type HostMemoryBudget, HostMemoryExceededError, type HostAllocation } from "./host-memory-budget.ts";
import {
  HostFault,
  type HostFunction,
  type HostInterface,
  instanceOf,
  syncFunction,
  wholeOf,
} from "./host-function.ts";
import type { Pollable } from "./pollable.ts";
import { BytesInput, BytesOutput } from "./streams.ts";

/**
 * `wasi:http`, as far as requests that go out: `outgoing-handler` and the types it needs. A request is sent whole, when
 * the guest first looks for its answer; the answer comes whole. Requests and answers belong to one call; fields last.
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
/** Starts a request; `settle` gets its result in a later turn. */
export type Fetch = (wanted: Wanted, settle: (fetched: Fetched) => void) => void;

const BODY_BYTES_MAX = 16 * 1024 * 1024;
/** Of a method, a scheme, an authority, a path. */
const TEXT_CHARS_MAX = 8_192;
const CHAR_BYTES = 2;
const NANOSECONDS = 1_000_000n;
/** Requests that may be on their way at once. */
const RUNNING_MAX = 4;

class OutgoingBody {
  readonly output: BytesOutput;
  isTaken = false;

  constructor(memoryBudget: HostMemoryBudget) {
    this.output = new BytesOutput(memoryBudget, BODY_BYTES_MAX);
  }
}

type Property = "method" | "path" | "scheme" | "authority";

class OutgoingRequest {
  readonly #share: HostAllocation;
  readonly headers: Fields;
  readonly body: OutgoingBody;
  method: Tagged = { tag: "get" };
  path: Tagged = NONE;
  scheme: Tagged = NONE;
  authority: Tagged = NONE;
  isBodyTaken = false;

  constructor(memoryBudget: HostMemoryBudget, headers: Fields) {
    this.headers = headers;
    this.body = new OutgoingBody(memoryBudget);
    this.#share = memoryBudget.ofCall(() => {
      headers[Symbol.dispose]();
      this.body.output.letGo();
    });
  }

  get isOver(): boolean {
    return this.#share.isOver;
  }

  /** An error when the text is too long. Throws HostMemoryExceededError. */
  set(which: Property, value: Tagged): Tagged {
    if (charsOf(value) > TEXT_CHARS_MAX) return err();
    this[which] = value;
    const { method, path, scheme, authority } = this;
    this.#share.keep(CHAR_BYTES * [method, path, scheme, authority].reduce((sum, each) => sum + charsOf(each), 0));
    return ok();
  }

  [Symbol.dispose](): void {
    this.#share[Symbol.dispose]();
  }

  /** As it is to be sent; its body can be had once. */
  wanted(timeoutMs: number | undefined): Wanted {
    const { tag, value } = this.method;
    const scheme = valueOf(this.scheme);
    const name = isTagged(scheme) ? (scheme.tag === "other" ? String(scheme.value) : scheme.tag) : "https";
    return {
      method: (tag === "other" ? String(value) : tag).toUpperCase(),
      url: `${name.toLowerCase()}://${textIn(this.authority) ?? ""}${textIn(this.path) ?? "/"}`,
      headers: this.headers.entries.map(([field, bytes]) => [field, Buffer.from(bytes).toString("latin1")]),
      body: this.body.output.take(),
      timeoutMs,
    };
  }
}

/** Of the text in a value. */
const charsOf = ({ value }: Tagged): number =>
  typeof value === "string" ? value.length : isTagged(value) ? charsOf(value) : 0;

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
  readonly #share: HostAllocation;
  readonly #input: BytesInput;
  #isTaken = false;

  /** Throws HostMemoryExceededError. */
  constructor(memoryBudget: HostMemoryBudget, bytes: Uint8Array) {
    const input = new BytesInput(bytes);
    this.#input = input;
    this.#share = memoryBudget.ofCall(() => input.letGo());
    this.#share.keep(bytes.length);
  }

  /** Once. */
  stream(): Tagged {
    if (this.#isTaken || this.#share.isOver) return err();
    this.#isTaken = true;
    return ok(this.#input);
  }

  [Symbol.dispose](): void {
    this.#share[Symbol.dispose]();
  }
}

class IncomingResponse {
  readonly #share: HostAllocation;
  readonly status: number;
  readonly headers: Fields;
  readonly #body: IncomingBody;
  #isConsumed = false;

  /** Throws HostMemoryExceededError. */
  constructor(memoryBudget: HostMemoryBudget, { status, headers, body }: Answered) {
    const lines = headers.map(([name, value]) => [name, Buffer.from(value, "latin1")] as const);
    this.status = status;
    this.headers = new Fields(memoryBudget, lines, false);
    this.#body = new IncomingBody(memoryBudget, body);
    this.#share = memoryBudget.ofCall(() => {
      this.headers[Symbol.dispose]();
      if (!this.#isConsumed) this.#body[Symbol.dispose]();
    });
  }

  get isOver(): boolean {
    return this.#share.isOver;
  }

  /** Its body, once; it is then the guest's. */
  consume(): Tagged {
    if (this.#isConsumed) return err();
    this.#isConsumed = true;
    return ok(this.#body);
  }

  [Symbol.dispose](): void {
    this.#share[Symbol.dispose]();
  }
}

type Answered = Extract<Fetched, { type: "answered" }>;

class FutureTrailers {
  isTaken = false;
}

const bytesOf = (fetched: Fetched): number =>
  fetched.type === "refused"
    ? fetched.message.length
    : fetched.headers.reduce((sum, [name, value]) => sum + name.length + value.length, fetched.body.length);

const LOST: Fetched = { type: "refused", code: "unavailable", message: "the call that made the request is over" };

class FutureResponse {
  readonly #memoryBudget: HostMemoryBudget;
  readonly #share: HostAllocation;
  readonly #send: () => void;
  readonly #wakers = new Set<() => void>();
  #isSent = false;
  #fetched: Fetched | "too-large" | undefined;
  #isTaken = false;
  readonly pollable: Pollable;

  constructor({ fetch, memoryBudget }: World, request: OutgoingRequest, timeoutMs: number | undefined) {
    this.#memoryBudget = memoryBudget;
    this.#share = memoryBudget.ofCall(() => {
      this.#fetched = LOST;
      // What is on its way is kept until it has arrived.
      if (!this.#isSent) request[Symbol.dispose]();
    });
    this.#send = () =>
      fetch(request.wanted(timeoutMs), (fetched) => {
        request[Symbol.dispose]();
        this.#arrive(fetched);
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

  #arrive(fetched: Fetched): void {
    if (!this.#share.isOver) {
      this.#fetched = this.#share.tryKeep(bytesOf(fetched)) ? fetched : "too-large";
    }
    for (const wake of this.#wakers) wake();
    this.#wakers.clear();
  }

  [Symbol.dispose](): void {
    this.#share[Symbol.dispose]();
  }

  get isDone(): boolean {
    return this.#fetched !== undefined;
  }

  begin(): void {
    if (this.#isSent || this.#share.isOver) return;
    this.#isSent = true;
    this.#send();
  }

  /** Throws HostMemoryExceededError. */
  get(): Tagged {
    this.begin();
    const fetched = this.#fetched;
    if (fetched === undefined) return NONE;
    if (fetched === "too-large") throw new HostMemoryExceededError("it was answered with more than its memory limit");
    if (this.#isTaken) return some(err());
    this.#isTaken = true;
    if (fetched.type === "refused") return some(ok(err(errorOf(fetched.code, fetched.message))));
    // From here on the response keeps it.
    this.#share.keep(0);
    this.#fetched = LOST;
    return some(ok(ok(new IncomingResponse(this.#memoryBudget, fetched))));
  }
}

function errorOf(code: string, message: string): Tagged {
  if (code === "denied") return { tag: "HTTP-request-denied" };
  if (code === "timeout") return { tag: "connection-timeout" };
  if (code === "invalid") return { tag: "HTTP-request-URI-invalid" };
  return { tag: "internal-error", value: some(message) };
}

type World = { readonly fetch: Fetch; readonly memoryBudget: HostMemoryBudget };

export function httpInterfaces({ fetch, memoryBudget }: World): { readonly [name: string]: HostInterface } {
  let running = 0;
  const counted: Fetch = (wanted, settle) => {
    if (running >= RUNNING_MAX) {
      return settle({ type: "refused", code: "unavailable", message: `more than ${RUNNING_MAX} requests at once` });
    }
    running += 1;
    // After its call a request may never be answered.
    const place = memoryBudget.ofCall(() => {
      running -= 1;
    });
    fetch(wanted, (fetched) => {
      place[Symbol.dispose]();
      settle(fetched);
    });
  };
  return {
    "wasi:http/types": {
      ...fieldFunctions(memoryBudget),
      ...requests(memoryBudget),
      ...options,
      ...responses(memoryBudget),
      "http-error-code": syncFunction(() => NONE),
    },
    "wasi:http/outgoing-handler": {
      handle: syncFunction((request, given) => {
        const options = isTagged(given) && given.tag === "some" ? instanceOf(given.value, RequestOptions) : undefined;
        return ok(new FutureResponse({ fetch: counted, memoryBudget }, requestOf(request), options?.timeoutMs));
      }),
    },
  };
}

/** Throws HostFault for one of an earlier call. */
function ofThisCall<Value extends { readonly isOver: boolean }>(value: Value): Value {
  if (!value.isOver) return value;
  throw new HostFault("it uses a request or an answer of a call that is over");
}

const requestOf = (value: unknown): OutgoingRequest => ofThisCall(instanceOf(value, OutgoingRequest));
const responseOf = (value: unknown): IncomingResponse => ofThisCall(instanceOf(value, IncomingResponse));
const taggedOf = (value: unknown): Tagged => (isTagged(value) ? value : NONE);

/** A getter and a setter of a request. */
function property(name: string, key: Property): HostInterface {
  return {
    [`[method]outgoing-request.${name}`]: syncFunction((each) => requestOf(each)[key]),
    [`[method]outgoing-request.set-${name}`]: syncFunction((each, value) => requestOf(each).set(key, taggedOf(value))),
  };
}

const requests = (memoryBudget: HostMemoryBudget): HostInterface => ({
  "[constructor]outgoing-request": syncFunction((headers) => new OutgoingRequest(memoryBudget, fieldsOf(headers))),
  "[method]outgoing-request.headers": syncFunction(
    (each) => new Fields(memoryBudget, requestOf(each).headers.entries, false),
  ),
  "[method]outgoing-request.body": syncFunction((each) => {
    const request = requestOf(each);
    if (request.isBodyTaken) return err();
    request.isBodyTaken = true;
    return ok(request.body);
  }),
  ...property("method", "method"),
  ...property("path-with-query", "path"),
  ...property("scheme", "scheme"),
  ...property("authority", "authority"),
  "[method]outgoing-body.write": syncFunction((each) => {
    const body = instanceOf(each, OutgoingBody);
    if (body.isTaken) return err();
    body.isTaken = true;
    return ok(body.output);
  }),
  "[static]outgoing-body.finish": syncFunction((each, trailers) => {
    instanceOf(each, OutgoingBody);
    if (isTagged(trailers) && trailers.tag === "some") fieldsOf(trailers.value)[Symbol.dispose]();
    return ok();
  }),
});

const option = (name: string): readonly (readonly [string, HostFunction])[] => [
  [
    `[method]request-options.${name}`,
    syncFunction((each) => instanceOf(each, RequestOptions).values.get(name) ?? NONE),
  ],
  [
    `[method]request-options.set-${name}`,
    syncFunction((each, value) => {
      const given = taggedOf(value);
      if (given.tag === "some") wholeOf(given.value);
      instanceOf(each, RequestOptions).values.set(name, given);
      return ok();
    }),
  ],
];

const options: HostInterface = {
  "[constructor]request-options": syncFunction(() => new RequestOptions()),
  ...Object.fromEntries(["connect-timeout", "first-byte-timeout", "between-bytes-timeout"].flatMap(option)),
};

const responses = (memoryBudget: HostMemoryBudget): HostInterface => ({
  "[method]future-incoming-response.subscribe": syncFunction((each) => instanceOf(each, FutureResponse).pollable),
  "[method]future-incoming-response.get": syncFunction((each) => instanceOf(each, FutureResponse).get()),
  "[method]incoming-response.status": syncFunction((each) => responseOf(each).status),
  "[method]incoming-response.headers": syncFunction(
    (each) => new Fields(memoryBudget, responseOf(each).headers.entries, false),
  ),
  "[method]incoming-response.consume": syncFunction((each) => responseOf(each).consume()),
  "[method]incoming-body.stream": syncFunction((each) => instanceOf(each, IncomingBody).stream()),
  "[static]incoming-body.finish": syncFunction((each) => {
    instanceOf(each, IncomingBody)[Symbol.dispose]();
    return new FutureTrailers();
  }),
  "[method]future-trailers.subscribe": syncFunction(() => ALWAYS),
  "[method]future-trailers.get": syncFunction((each) => {
    const trailers = instanceOf(each, FutureTrailers);
    if (trailers.isTaken) return some(err());
    trailers.isTaken = true;
    return some(ok(ok(NONE)));
  }),
});
const ALWAYS: Pollable = { isReady: () => true, await: () => () => {} };
