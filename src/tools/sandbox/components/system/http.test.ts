import { expect, test } from "vitest";
import { NONE, ok, some } from "../index.ts";
import { type Fetched, httpInterfaces, type Wanted } from "./http.ts";
import { HostMemoryBudget, HostMemoryExceededError } from "./host-memory-budget.ts";
import { isPollable } from "./pollable.ts";
import { BytesOutput, InputStream, StreamError } from "./streams.ts";

/** The functions of wasi:http over a network that answers on demand. */
function world(hostMemoryBytesMax = 64 * 1024 * 1024) {
  const memoryBudget = new HostMemoryBudget(hostMemoryBytesMax);
  const sent: { readonly wanted: Wanted; readonly settle: (fetched: Fetched) => void }[] = [];
  const interfaces = httpInterfaces({ fetch: (wanted, settle) => sent.push({ wanted, settle }), memoryBudget });
  const call = (name: string, ...values: readonly unknown[]): unknown => {
    const from = name === "handle" ? "wasi:http/outgoing-handler" : "wasi:http/types";
    const found = interfaces[from]?.[name];
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found.call(...values);
  };
  const request = (): unknown => {
    const headers = call("[static]fields.from-list", [["accept", Buffer.from("text/plain")]]);
    const made = call("[constructor]outgoing-request", valueOf(headers));
    call("[method]outgoing-request.set-method", made, { tag: "post" });
    call("[method]outgoing-request.set-scheme", made, some({ tag: "HTTPS" }));
    call("[method]outgoing-request.set-authority", made, some("example.org:8443"));
    call("[method]outgoing-request.set-path-with-query", made, some("/a?b=1"));
    return made;
  };
  return { sent, call, request, memoryBudget };
}

const valueOf = (tagged: unknown): unknown =>
  typeof tagged === "object" && tagged !== null && "value" in tagged ? tagged.value : undefined;

test("a request is sent whole when its answer is first looked for, and the answer is read", () => {
  const { sent, call, request } = world();
  const made = request();
  const future = valueOf(call("handle", made, NONE));
  const body = valueOf(call("[method]outgoing-request.body", made));
  const stream = valueOf(call("[method]outgoing-body.write", body));
  expect(stream instanceof BytesOutput && stream.write(Buffer.from("ping"))).toBeUndefined();
  expect(call("[static]outgoing-body.finish", body, NONE)).toEqual(ok());
  expect(sent).toEqual([]);
  const pollable = call("[method]future-incoming-response.subscribe", future);
  let isWoken = false;
  if (isPollable(pollable)) pollable.await(() => (isWoken = true), false);
  expect(sent.map(({ wanted }) => wanted)).toEqual([
    {
      method: "POST",
      url: "https://example.org:8443/a?b=1",
      headers: [["accept", "text/plain"]],
      body: Buffer.from("ping"),
      timeoutMs: undefined,
    },
  ]);
  expect(call("[method]future-incoming-response.get", future)).toEqual(NONE);
  sent[0]?.settle({ type: "answered", status: 201, headers: [["x", "y"]], body: Buffer.from("pong") });
  expect(isWoken).toBe(true);
  const response = valueOf(valueOf(valueOf(call("[method]future-incoming-response.get", future))));
  expect(call("[method]incoming-response.status", response)).toBe(201);
  const headers = call("[method]incoming-response.headers", response);
  expect(call("[method]fields.get", headers, "X")).toEqual([Buffer.from("y")]);
  const consumed = valueOf(call("[method]incoming-response.consume", response));
  const input = valueOf(call("[method]incoming-body.stream", consumed));
  expect(input instanceof InputStream && [input.read(3), input.read(9), input.read(9)]).toEqual([
    Buffer.from("pon"),
    Buffer.from("g"),
    "closed",
  ]);
  expect(call("[method]future-incoming-response.get", future)).toEqual(some({ tag: "err", value: undefined }));
});

test.each([
  ["denied", { tag: "HTTP-request-denied" }],
  ["timeout", { tag: "connection-timeout" }],
  ["unavailable", { tag: "internal-error", value: some("why") }],
])("a request that is refused (%s) comes back as an error code", (code, expected) => {
  const { sent, call, request } = world();
  const future = valueOf(call("handle", request(), NONE));
  expect(call("[method]future-incoming-response.get", future)).toEqual(NONE);
  sent[0]?.settle({ type: "refused", code, message: "why" });
  expect(valueOf(valueOf(valueOf(call("[method]future-incoming-response.get", future))))).toEqual(expected);
});

test("fields that cannot be fields are refused, and at most four requests are on their way", () => {
  const { sent, call, request } = world();
  const split = [["x", Buffer.from("a\r\nb: c")]];
  expect(call("[static]fields.from-list", split)).toMatchObject({ tag: "err", value: { tag: "invalid-syntax" } });
  const fields = call("[constructor]fields");
  expect(call("[method]fields.append", fields, "a b", Buffer.from("c"))).toMatchObject({ tag: "err" });
  const futures = Array.from({ length: 6 }, () => valueOf(call("handle", request(), NONE)));
  for (const future of futures) call("[method]future-incoming-response.get", future);
  expect(sent.length).toBe(4);
});

const MIB = 1024 * 1024;
type World = ReturnType<typeof world>;

/** The stream of a new request's body. */
function bodyOf({ call }: World, made: unknown): BytesOutput {
  const stream = valueOf(call("[method]outgoing-body.write", valueOf(call("[method]outgoing-request.body", made))));
  if (stream instanceof BytesOutput) return stream;
  throw new Error("a body is no stream of bytes");
}

/** A response of that many bytes, as the guest gets it. */
function answered({ call, request, sent }: World, bytes: number): unknown {
  const future = valueOf(call("handle", request(), NONE));
  call("[method]future-incoming-response.get", future);
  sent.at(-1)?.settle({ type: "answered", status: 200, headers: [["x", "y"]], body: Buffer.alloc(bytes) });
  return valueOf(valueOf(valueOf(call("[method]future-incoming-response.get", future))));
}

test("bodies of many requests together have the guest's memory limit, and each is let go of with its request", () => {
  const made = world(4 * MIB);
  const requests = Array.from({ length: 4 }, () => made.request());
  const write = (): void => {
    for (const request of requests) bodyOf(made, request).write(new Uint8Array(MIB));
  };
  expect(write).toThrow(HostMemoryExceededError);
  expect(made.memoryBudget.bytes).toBeGreaterThan(3 * MIB);
  made.memoryBudget.endCall();
  expect(made.memoryBudget.bytes).toBe(0);
});

test("a body in many small parts counts for what they take", () => {
  const made = world(MIB);
  const stream = bodyOf(made, made.request());
  const write = (): void => {
    for (let part = 0; part < 20_000; part += 1) stream.write(new Uint8Array(1));
  };
  expect(write).toThrow(HostMemoryExceededError);
});

test("a request counts until it was answered, and its answer until its body is let go of", () => {
  const made = world();
  const request = made.request();
  bodyOf(made, request).write(new Uint8Array(MIB));
  const future = valueOf(made.call("handle", request, NONE));
  made.call("[method]future-incoming-response.get", future);
  expect(made.memoryBudget.bytes).toBeGreaterThan(MIB);
  made.sent[0]?.settle({ type: "answered", status: 200, headers: [], body: Buffer.alloc(2 * MIB) });
  expect(made.memoryBudget.bytes).toBe(2 * MIB);
  const response = valueOf(valueOf(valueOf(made.call("[method]future-incoming-response.get", future))));
  const body = valueOf(made.call("[method]incoming-response.consume", response));
  const input = valueOf(made.call("[method]incoming-body.stream", body));
  expect(made.memoryBudget.bytes).toBe(2 * MIB);
  made.call("[static]incoming-body.finish", body);
  expect(made.memoryBudget.bytes).toBe(0);
  expect(input instanceof InputStream && input.read(1)).toBeInstanceOf(StreamError);
});

test("an answer that does not fit ends the guest when it looks at it", () => {
  expect(() => answered(world(MIB), 2 * MIB)).toThrow(HostMemoryExceededError);
});

// system.host-memory-budget.H2
test("requests and answers of an earlier call are not used in the next", () => {
  const made = world();
  const [request, waiting] = [made.request(), valueOf(made.call("handle", made.request(), NONE))];
  const stream = bodyOf(made, request);
  stream.write(new Uint8Array(8));
  const [response, consumed] = [answered(made, 8), answered(made, 8)];
  const body = valueOf(made.call("[method]incoming-response.consume", consumed));
  made.memoryBudget.endCall();
  expect(made.memoryBudget.bytes).toBe(0);
  expect(() => made.call("handle", request, NONE)).toThrow(/of a call that is over/);
  expect(() => made.call("[method]incoming-response.consume", response)).toThrow(/of a call that is over/);
  expect(stream.write(new Uint8Array(8))).toBeInstanceOf(StreamError);
  expect(made.call("[method]incoming-body.stream", body)).toMatchObject({ tag: "err" });
  expect(valueOf(valueOf(valueOf(made.call("[method]future-incoming-response.get", waiting))))).toMatchObject({
    tag: "internal-error",
  });
  expect(made.sent).toHaveLength(2);
});

test("an answer that comes after its call is let go of at once", () => {
  const made = world();
  const future = valueOf(made.call("handle", made.request(), NONE));
  made.call("[method]future-incoming-response.get", future);
  made.memoryBudget.endCall();
  made.sent[0]?.settle({ type: "answered", status: 200, headers: [], body: Buffer.alloc(MIB) });
  expect(made.memoryBudget.bytes).toBe(0);
});

test("fields last, are bounded, and those of a request or an answer cannot be changed", () => {
  const made = world();
  const fields = made.call("[constructor]fields");
  expect(made.call("[method]fields.append", fields, "a", Buffer.from("b"))).toEqual(ok());
  expect(made.call("[method]fields.append", fields, "c", Buffer.alloc(300 * 1024, "x"))).toMatchObject({ tag: "err" });
  made.memoryBudget.endCall();
  expect(made.call("[method]fields.get", fields, "a")).toEqual([Buffer.from("b")]);
  const headers = made.call("[method]incoming-response.headers", answered(made, 1));
  expect(made.call("[method]fields.append", headers, "a", Buffer.from("b"))).toMatchObject({
    value: { tag: "immutable" },
  });
});

test("a path without end is no path", () => {
  const { call, request } = world();
  const made = request();
  const set = (path: string) => call("[method]outgoing-request.set-path-with-query", made, some(path));
  expect(set("x".repeat(9_000))).toMatchObject({ tag: "err" });
  expect(set("/b")).toEqual(ok());
});

test("requests that a call leaves unanswered do not count in the next, whether or not their answers come", () => {
  const { sent, call, request, memoryBudget } = world();
  const begin = (): void => {
    for (let made = 0; made < 5; made += 1) {
      call("[method]future-incoming-response.get", valueOf(call("handle", request(), NONE)));
    }
  };
  begin();
  expect(sent).toHaveLength(4);
  memoryBudget.endCall();
  sent[0]?.settle({ type: "refused", code: "unavailable", message: "the call is over" });
  begin();
  expect(sent).toHaveLength(8);
});
