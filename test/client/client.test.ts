import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import * as z from "zod";
import { publishInto } from "./published.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("api.client");

type Call = (input?: object, options?: object) => Promise<unknown>;
type Each = { readonly each: (input?: object) => AsyncGenerator };
type Watch = (input: object, options?: object) => AsyncGenerator<Followed>;
type Upload = (input: object, content: string) => Promise<unknown>;
type Module = {
  readonly createClient: (options: object) => {
    readonly agent: { readonly get: Call; readonly list: Call };
    readonly messageKey: { readonly revoke: Call };
    readonly run: { readonly start: Call; readonly list: Call & Each; readonly watch: Watch; readonly upload: Upload };
    readonly server: { readonly status: Call };
  };
  readonly ProblemError: new () => Error;
  readonly ConnectionError: new () => Error;
};
type Followed = { readonly id: string; readonly event: { readonly type: string } };
type Fault = (asked: IncomingMessage, response: ServerResponse) => boolean;

let server: TestServer;
let client: Module;
/** What lies between the client and the server, and what it does to requests; returns whether it answered itself. */
let fault: Fault;
let seen: IncomingMessage[];
const proxy = createServer((asked, response) => {
  seen.push(asked);
  if (fault(asked, response)) return;
  const { method = "GET", url = "/", headers } = asked;
  const onward = request(new URL(url, server.url), { method, headers: { ...headers, host: new URL(server.url).host } });
  onward.on("response", (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => response.destroy());
  asked.pipe(onward);
});
const address = (): string => {
  const bound = proxy.address();
  if (bound === null || typeof bound === "string") throw new Error("the proxy has no port");
  return `http://127.0.0.1:${bound.port}`;
};

beforeAll(async () => {
  server = await startServer({ script: [{ text: "one two three four" }] });
  await publishInto(server.directory);
  client = await import(pathToFileURL(`${server.directory}/node_modules/caxton-server/dist/client/index.js`).href);
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
});
beforeEach(() => {
  fault = () => false;
  seen = [];
});
afterAll(async () => {
  proxy.closeAllConnections();
  proxy.close();
  await server?.[Symbol.asyncDispose]();
});

const connect = (more: object = {}) => client.createClient({ server: address(), ...more });
const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
const Listed = z.object({ items: z.array(z.object({ id: z.string() })), next: z.string().nullable() });
const Id = z.object({ id: z.string() });

test("a start whose answer is lost is sent again with its key, and starts one run", async () => {
  const { run } = connect();
  fault = (asked, response) => {
    if (seen.length > 1) return false;
    // The request reaches the server; its answer does not reach the client.
    const onward = request(new URL(asked.url ?? "", server.url), { method: "POST", headers: asked.headers });
    onward.on("response", (answer) => answer.resume().on("end", () => response.destroy()));
    asked.pipe(onward);
    return true;
  };
  const { id } = Id.parse(await run.start({ agent: "greeter", input: "once", tags: ["once"] }));
  expect(new Set(seen.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
  expect(seen).toHaveLength(2);
  const { items } = Listed.parse(await run.list({ tag: "once" }));
  expect(items.map((each) => each.id)).toEqual([id]);
});

test("an unavailable server is asked again after the pause that it asks for; a refusal is not repeated", async () => {
  fault = (_asked, response) => {
    if (seen.length > 2) return false;
    response.writeHead(503, { "content-type": "application/problem+json" });
    response.end(JSON.stringify({ code: "SERVER_BUSY", status: 503, detail: "busy", retry_after_ms: 10 }));
    return true;
  };
  await connect().server.status();
  expect(seen).toHaveLength(3);
  const error = await caught(connect().agent.get({ name: "missing" }));
  expect(error).toMatchObject({ name: "ProblemError", problem: { code: "AGENT_NOT_FOUND", status: 404 } });
  expect(error).toBeInstanceOf(client.ProblemError);
  expect(seen).toHaveLength(4);
});

test("a stream continues after its connection broke, with every event once, and ends with the run", async () => {
  const { run } = connect();
  const { id } = Id.parse(await run.start({ agent: "greeter", input: "count" }));
  let broken = 0;
  fault = (asked, response) => {
    if (broken >= 3) return false;
    broken += 1;
    const onward = request(new URL(asked.url ?? "", server.url), { headers: asked.headers });
    // The first event of each connection passes, then the connection breaks.
    onward.on("response", (answer) => {
      response.writeHead(200, answer.headers);
      answer.once("data", (bytes: Buffer) => {
        const end = bytes.indexOf("\n\n") + 2;
        response.write(bytes.subarray(0, end), () => response.destroy());
        onward.destroy();
      });
    });
    onward.on("error", () => undefined);
    onward.end();
    return true;
  };
  const links: string[] = [];
  const ids: string[] = [];
  let last = "";
  const events = run.watch({ id }, { onLink: (link: string) => links.push(link) });
  for await (const { id: place, event } of events) {
    last = event.type;
    if (event.type !== "text-delta") ids.push(`${event.type} ${place}`);
  }
  expect(last).toBe("end");
  expect(new Set(ids).size).toBe(ids.length);
  expect(links.slice(0, 2)).toEqual(["lost", "back"]);
  const whole: string[] = [];
  for await (const { id: place, event } of run.watch({ id }))
    if (event.type !== "text-delta") whole.push(`${event.type} ${place}`);
  expect(ids.toSorted()).toEqual(whole.toSorted());
});

test("a stream without a limit of outages waits for its first connection; another one fails", async () => {
  const { run } = connect();
  const { id } = Id.parse(await run.start({ agent: "greeter", input: "count" }));
  fault = (_asked, response) => seen.length <= 3 && response.destroy() === response;
  const first = await caught(run.watch({ id }).next());
  expect(first).toBeInstanceOf(client.ConnectionError);
  const types: string[] = [];
  const links: string[] = [];
  const lasting = { outageMsMax: Infinity, onLink: (link: string) => links.push(link) };
  for await (const { event } of run.watch({ id }, lasting)) types.push(event.type);
  expect(types.at(-1)).toBe("end");
  expect(links).toEqual(["lost", "back"]);
});

test("requests carry the key and the workspace; answers of something else, no answer and a late one are different errors", async () => {
  fault = (_asked, response) => {
    response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad Gateway</h1>");
    return true;
  };
  const { agent } = connect({ key: "cax_example", workspace: "team", retries: 0 });
  expect(await caught(agent.list())).toMatchObject({
    problem: { code: "HTTP_502", status: 502 },
  });
  expect(seen[0]?.headers).toMatchObject({ authorization: "Bearer cax_example", "x-caxton-workspace": "team" });

  fault = (_asked, response) => {
    response.destroy();
    return true;
  };
  expect(await caught(agent.list())).toBeInstanceOf(client.ConnectionError);

  fault = () => true;
  const late = connect({ timeoutMs: 50 });
  expect(await caught(late.agent.list())).toMatchObject({ name: "TimeoutError" });
  const stopped = AbortSignal.abort(new Error("enough"));
  expect(await caught(agent.list({}, { signal: stopped }))).toMatchObject({ message: "enough" });
});

test("a redirect is not followed: it would carry the key to another address", async () => {
  fault = (_asked, response) => {
    response.writeHead(302, { location: `${server.url}/api/v1/status` }).end();
    return true;
  };
  const error = await caught(connect({ retries: 0 }).server.status());
  expect(error).toBeInstanceOf(client.ConnectionError);
});

test("a list yields the items of all pages", async () => {
  const { run } = connect();
  for (const turn of ["1", "2", "3"]) await run.start({ agent: "greeter", input: turn, tags: ["paged"], wait: true });
  const found: unknown[] = [];
  for await (const each of run.list.each({ tag: "paged", limit: 2 })) found.push(each);
  expect(found).toHaveLength(3);
});

test("a name that would lead a request to another operation is refused before it is sent", async () => {
  const error = await caught(connect().messageKey.revoke({ name: "..", key_id: "x" }));
  expect(error).toMatchObject({ code: "PATH_VALUE_INVALID", message: 'name cannot be ".."' });
  expect(seen).toEqual([]);
});

test("a field that the operation does not have is refused, with the nearest", async () => {
  const error = await caught(connect().run.list({ sate: "failed" }));
  expect(error).toMatchObject({ problem: { code: "REQUEST_INVALID", status: 400 } });
  expect(error).toHaveProperty("problem.detail", expect.stringContaining("did you mean state?"));
});

test("the page of a proxy instead of an answer is a problem, not a syntax error", async () => {
  fault = (_asked, response) => {
    response.writeHead(200, { "content-type": "text/html", "x-request-id": "at-the-proxy" });
    response.end("<!doctype html><title>Log in</title>");
    return true;
  };
  const { run, server: asked } = connect();
  const watch = () => Array.fromAsync(run.watch({ id: "01a1fc54-37a5-7407-8f1a-c9483133386b" }));
  for (const ask of [() => asked.status(), () => run.upload({ name: "a.txt" }, "a"), watch]) {
    const error = await caught(ask());
    expect(error).toBeInstanceOf(client.ProblemError);
    expect(error).toMatchObject({ problem: { code: "HTTP_200", status: 200, request_id: "at-the-proxy" } });
  }
  expect(seen).toHaveLength(3);
});
