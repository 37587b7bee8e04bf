import { expect, test } from "vitest";
import * as z from "zod";
import { call, failure, World } from "./harness.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.built-in-http");

const Head = z.object({
  method: z.string(),
  url: z.string(),
  headers: z.array(z.tuple([z.string(), z.string()])),
  timeout_ms: z.int(),
  bytes_max: z.int(),
});
type Sent = z.infer<typeof Head> & { readonly body: string };

type Served = { readonly status?: number; readonly type?: string; readonly body?: string | Uint8Array };

/** A host that answers every request alike, and remembers the requests. */
function web({ status = 200, type = "text/plain", body = "" }: Served) {
  const sent: Sent[] = [];
  const world = new World();
  world.ask = (operation, given, bytes) => {
    expect(operation).toBe("http.fetch");
    const head = Head.parse(given);
    sent.push({ ...head, body: bytes.toString() });
    return {
      refused: false,
      head: { status, url: head.url, headers: [["content-type", type]] },
      body: typeof body === "string" ? Buffer.from(body) : body,
    };
  };
  return { world, sent };
}

const URL_GIVEN = "https://api.example.com/v1/items";

test("a request is sent as it was asked for", () => {
  const { world, sent } = web({});
  const given = {
    method: "POST",
    url: `${URL_GIVEN}?a=1#part`,
    query: { q: "ä b", tag: ["x", "y"], none: null, page: 2 },
    headers: { "X-Test": "1", Accept: "text/csv" },
    json: { n: [1, "ü"] },
    timeout_seconds: 7,
  };
  call("http_client", "request", given, world);
  expect(sent).toEqual([
    {
      method: "POST",
      url: `${URL_GIVEN}?a=1&q=%C3%A4%20b&tag=x&tag=y&page=2`,
      headers: [
        ["content-type", "application/json"],
        ["X-Test", "1"],
        ["Accept", "text/csv"],
      ],
      timeout_ms: 7_000,
      bytes_max: 4 * 1024 * 1024,
      body: `{"n":[1,"ü"]}`,
    },
  ]);
});

test.for([
  [{ text: "hé" }, "text/plain; charset=utf-8", "hé"],
  [{ form: { a: "1 2", b: ["x", "&"] } }, "application/x-www-form-urlencoded", "a=1%202&b=x&b=%26"],
  [{ base64: "aGk=" }, "application/octet-stream", "hi"],
] as const)("the body %j goes as %s", ([body, type, wanted]) => {
  const { world, sent } = web({});
  call("http_client", "request", { method: "PUT", url: URL_GIVEN, ...body }, world);
  expect(sent[0]).toMatchObject({ body: wanted });
  expect(sent[0]?.headers).toContainEqual(["content-type", type]);
});

const get = (served: Served, given: object = {}) =>
  call("http_client", "get", { url: URL_GIVEN, ...given }, web(served).world).structured;

test("JSON is parsed, text decoded by its charset, other bytes given in Base64", () => {
  expect(get({ type: "application/json; charset=utf-8", body: `{"a":[1]}` })).toMatchObject({
    kind: "json",
    body: { a: [1] },
    ok: true,
  });
  expect(get({ type: "application/problem+json", status: 404, body: `{}` })).toMatchObject({
    status: 404,
    ok: false,
    kind: "json",
  });
  expect(get({ type: "text/html; charset=iso-8859-1", body: Uint8Array.of(0xe9, 0x80) })).toMatchObject({
    kind: "text",
    body: "é€",
  });
  expect(get({ type: "text/html", body: Buffer.from(`<meta charset="windows-1252">\u00e9`, "latin1") })).toMatchObject({
    body: `<meta charset="windows-1252">é`,
  });
  expect(get({ type: "text/plain", body: Uint8Array.of(0xff, 0xfe, 0x41, 0) })).toMatchObject({ body: "A" });
  expect(get({ type: "image/png", body: Uint8Array.of(1, 2, 255) })).toMatchObject({
    kind: "base64",
    body: "AQL/",
    bytes: 3,
  });
  expect(get({ status: 204 })).toMatchObject({ kind: "empty", body: null });
  expect(get({ type: "application/json", body: "{" })["notes"]).toEqual([expect.stringContaining("is not")]);
});

test("a page is read as text", () => {
  const body = `<html><head><title>A &amp; B</title><style>p{}</style></head><body><h1>Hi</h1><script>if (a<b) x()</script><p>One
    two <b>three</b>. <a href="https://x.org/y">link</a><ul><li>a<li>b</ul><table><tr><th>k</th><td>1 &lt; 2</td></tr></table></body>`;
  const { world } = web({ type: "text/html", body });
  const { structured } = call("http_client", "get", { url: URL_GIVEN, html_to_text: true }, world);
  expect(structured["body"]).toBe("A & B\n# Hi\nOne two three. link (https://x.org/y)\n- a\n- b\nk | 1 < 2");
});

test.for([
  ["<p>a</p><pre><code>\ndef f():\n    return 1\n\nf(&lt;)</code></pre><p>b", "a\ndef f():\n    return 1\n\nf(<)\nb"],
  ["<table><tr><td>1<td>2<tr><th>3</th><th></th></table>x", "1 | 2\n3\nx"],
  ["<ol start=3><li>a<li value=7>b<li>c<ul><li>d</ul></ol><li>e", "3. a\n7. b\n8. c\n- d\n- e"],
  ["<title>a<b</title>body", "a<b\nbody"],
  ["<html><head><title> A\nB </title><p>no end of the head", "A B\nno end of the head"],
  [
    "a<div hidden>x<div>y</div>z</div>b<input hidden>c<p hidden>d<p>e<ul><li hidden>f<ul><li>g</ul><li>h</ul>",
    "abc\ne\n- h",
  ],
  [
    '<p title="hidden" data-hidden>a<img alt="p" src=x> <a data-href="http://no" href=http://yes>l</a>',
    "a[p] l (http://yes)",
  ],
  ["<svg><title>no</title></svg><title>yes</title>a<title>second</title>", "yes\na"],
  ["<div hidden><script>'</div>'</script>x</div>y", "y"],
] as const)("the page %j reads %j", ([body, text]) => {
  const { world } = web({ type: "text/html; charset=utf-8", body });
  const { structured } = call("http_client", "get", { url: URL_GIVEN, html_to_text: true }, world);
  expect(structured["body"]).toBe(text);
});

test("large content becomes a file, and so does what is asked to", () => {
  const { world } = web({ type: "text/csv", body: "a,b\n".repeat(50_000) });
  const large = call("http_client", "get", { url: `${URL_GIVEN}.csv?x=1` }, world);
  expect(large.structured).toMatchObject({ kind: "file", body: null, files: ["items.csv"] });
  expect(large.files[0]).toMatchObject({ uri: "artifact:///items.csv", mimeType: "text/csv" });
  const named = call("http_client", "get", { url: URL_GIVEN, file_name: "page.txt" }, web({ body: "x" }).world);
  expect(named.files[0]?.text).toBe("x");
});

test("what is not granted says what to add to caxton.toml", () => {
  const text = failure("http_client", "get", { url: URL_GIVEN });
  expect(text).toContain(
    `[[tool_servers.http_client.grants.http]]\nurl = "https://api.example.com"\nmethods = ["GET"]`,
  );
});

test.for([
  [{ url: "ftp://x" }, "does not begin with https://"],
  [{ url: "https://" }, "names no host"],
  [{ url: "https://u:p@x.org" }, "holds a user name"],
  [{ url: "https://x.org/a b" }, "holds a blank"],
  [{ url: URL_GIVEN, headers: { Host: "y" } }, "is made by the client itself"],
  [{ url: URL_GIVEN, headers: { a: "x\r\nb: c" } }, "line end"],
  [{ url: URL_GIVEN, headers: { "a b": "x" } }, "is no name of a header"],
  [{ url: URL_GIVEN, file_name: "../x" }, "must be a plain name"],
  [{ url: URL_GIVEN, query: { a: { b: 1 } } }, "must be a text, a number or a boolean"],
] as const)("%j is refused: %s", ([given, wanted]) => {
  expect(failure("http_client", "get", given, web({ body: "x" }).world)).toContain(wanted);
});

test("two bodies, or one where there can be none, are refused", () => {
  const { world } = web({});
  expect(failure("http_client", "request", { method: "POST", url: URL_GIVEN, json: 1, text: "" }, world)).toContain(
    "give only one body",
  );
  expect(failure("http_client", "request", { method: "GET", url: URL_GIVEN, text: "x" }, world)).toContain(
    "has no body",
  );
});
