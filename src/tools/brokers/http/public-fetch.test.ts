import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { publicFetch } from "./public-fetch.ts";

const remedy = (origin: string): string => `permit ${origin}`;

/** A server that says what it was sent, redirects from /away, and answers without end with the status that a path has. */
async function web() {
  const seen: string[] = [];
  const closed: number[] = [];
  const pour = (response: ServerResponse): void => {
    if (response.write("x".repeat(65_536))) setImmediate(pour, response);
    else response.once("drain", () => pour(response));
  };
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    seen.push(`${request.method} ${request.url} ${request.headers.authorization} ${await text(request)}`);
    if (request.url === "/away") response.writeHead(307, { location: "/elsewhere" }).end();
    else if (request.url === "/empty") response.writeHead(204).end();
    else if (/^\/\d+$/.test(request.url ?? "")) {
      const status = Number(request.url?.slice(1));
      response.once("close", () => void closed.push(status));
      pour(response.writeHead(status));
    } else response.writeHead(200, { "set-cookie": ["a=1", "b=2"] }).end("answer");
  };
  const server = createServer((request, response) => void take(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  return {
    seen,
    closed,
    port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

test.each([
  ["http://127.0.0.1:1/v1", []],
  ["http://2130706433/v1", []],
  ["http://[::1]:1/v1", []],
  ["http://[::ffff:10.0.0.1]/v1", []],
  ["http://169.254.169.254/latest/meta-data/", []],
  ["http://metadata.example/v1", ["169.254.169.254"]],
  ["http://half.example/v1", ["8.8.8.8", "10.0.0.1"]],
])("%s is refused with what permits it", async (address, resolved) => {
  const fetchPublic = publicFetch({ rule: "it may not", remedy, resolve: async () => resolved });
  await expect(fetchPublic(address, { method: "POST", body: "x" })).rejects.toMatchObject({
    code: "ADDRESS_REFUSED",
    hint: `permit ${new URL(address).origin}`,
  });
});

test("a request goes to the addresses that were checked, and its redirect is not followed", async () => {
  await using place = await web();
  const asked: string[] = [];
  const resolve = async (name: string) => {
    asked.push(name);
    return ["127.0.0.1"];
  };
  const fetchPublic = publicFetch({ rule: "it may not", remedy, resolve, refuses: () => undefined });
  const init = { method: "POST", headers: { authorization: "Bearer k" }, body: "question" };
  const answer = await fetchPublic(`http://model.example:${place.port}/v1`, init);
  expect([answer.status, await answer.text(), answer.headers.getSetCookie()]).toEqual([200, "answer", ["a=1", "b=2"]]);
  const away = await fetchPublic(`http://model.example:${place.port}/away`, init);
  expect([away.status, await away.text()]).toEqual([307, ""]);
  expect((await fetchPublic(`http://model.example:${place.port}/empty`)).status).toBe(204);
  expect(place.seen).toEqual(["POST /v1 Bearer k question", "POST /away Bearer k question", "GET /empty undefined "]);
  expect(asked).toEqual(["model.example", "model.example", "model.example"]);
});

test("a connection with an endless body closes after a status that has none, and after an invalid status", async () => {
  await using place = await web();
  const fetchPublic = publicFetch({ rule: "it may not", remedy, refuses: () => undefined });
  expect((await fetchPublic(`http://127.0.0.1:${place.port}/205`)).status).toBe(205);
  await expect.poll(() => place.closed).toEqual([205]);
  await expect(fetchPublic(`http://127.0.0.1:${place.port}/700`)).rejects.toThrow(RangeError);
  await expect.poll(() => place.closed).toEqual([205, 700]);
});

test("a request that is aborted while its name is looked up ends at once", async () => {
  const fetchPublic = publicFetch({ rule: "it may not", remedy, resolve: () => new Promise(() => {}) });
  await expect(fetchPublic("http://slow.example/", { signal: AbortSignal.timeout(5) })).rejects.toThrow(/timeout/);
});
