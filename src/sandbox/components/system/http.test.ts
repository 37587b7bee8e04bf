import { expect, test } from "vitest";
import { NONE, ok, some } from "../index.ts";
import { type Fetched, httpInterfaces, type Wanted } from "./http.ts";
import { isPollable } from "./pollable.ts";
import { BytesOutput, InputStream } from "./streams.ts";

/** The functions of wasi:http over a network that answers when it is told to. */
function world() {
  const sent: { readonly wanted: Wanted; readonly settle: (fetched: Fetched) => void }[] = [];
  const interfaces = httpInterfaces((wanted, settle) => sent.push({ wanted, settle }));
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
  return { sent, call, request };
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
