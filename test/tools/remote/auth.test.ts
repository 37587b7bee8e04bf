import { createHash, randomUUID } from "node:crypto";
import type { RequestListener, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import type { McpAuth } from "../../../src/tools/remote/index.ts";
import { publicFetch } from "../../../src/tools/brokers/http/index.ts";
import { callOf, Endpoint, httpAt, modernHandler, never, runnerTo, textOf, vaultOf } from "./room.ts";
import { newState, testServer } from "./test-server.ts";

const CLIENT = { id: "caxton-client", secret: "s3cret-of-the-client" };

/** A small OAuth 2.1 authorization server: metadata and a token endpoint for client credentials. */
class AuthorizationServer implements AsyncDisposable {
  readonly endpoint: Endpoint;
  readonly tokens = new Set<string>();
  /** The form of each request for a token. */
  readonly asked: URLSearchParams[] = [];
  expiresInSeconds = 3_600;

  private constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
  }

  static async start(): Promise<AuthorizationServer> {
    const endpoint = await Endpoint.start((request, response) => void server.#answer(request, response));
    const server = new AuthorizationServer(endpoint);
    return server;
  }

  get tokenUrl(): string {
    return `${this.endpoint.origin}/token`;
  }

  accepts = (authorization: string | undefined): boolean =>
    this.tokens.has(authorization?.replace(/^Bearer /, "") ?? "");

  #answer: (...given: Parameters<RequestListener>) => Promise<void> = async (request, response) => {
    const issuer = this.endpoint.origin;
    if (request.url === "/.well-known/oauth-authorization-server") {
      const metadata = {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: this.tokenUrl,
        response_types_supported: ["code"],
        grant_types_supported: ["client_credentials"],
        token_endpoint_auth_methods_supported: ["client_secret_basic"],
      };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(metadata));
      return;
    }
    if (request.url !== "/token") {
      response.writeHead(404).end();
      return;
    }
    this.asked.push(new URLSearchParams(await text(request)));
    const expected = `Basic ${Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString("base64")}`;
    if (request.headers.authorization !== expected) {
      response.writeHead(401, { "content-type": "application/json" }).end('{"error":"invalid_client"}');
      return;
    }
    const token = createHash("sha256").update(randomUUID()).digest("hex");
    this.tokens.add(token);
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ access_token: token, token_type: "Bearer", expires_in: this.expiresInSeconds }));
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.endpoint[Symbol.asyncDispose]();
  }
}

/** A real MCP server behind a check of the Authorization header, and the metadata that says who gives tokens. */
function guarded(
  accepts: (authorization: string | undefined) => boolean,
  place: () => { origin: string; issuer: string },
): RequestListener {
  const { listener } = modernHandler(testServer(newState()));
  return (request, response) => {
    const { origin, issuer } = place();
    const metadata = `${origin}/.well-known/oauth-protected-resource/mcp`;
    if (request.url === "/.well-known/oauth-protected-resource/mcp") {
      response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify({ resource: `${origin}/mcp`, authorization_servers: [issuer] }));
    } else if (accepts(request.headers.authorization)) listener(request, response);
    else response.writeHead(401, { "www-authenticate": `Bearer resource_metadata="${metadata}"` }).end();
  };
}

const credentials = (more: Partial<Extract<McpAuth, { type: "client-credentials" }>>): McpAuth => ({
  type: "client-credentials",
  clientId: CLIENT.id,
  clientSecret: CLIENT.secret,
  tokenUrl: undefined,
  issuer: undefined,
  scopes: ["tools"],
  resource: undefined,
  ...more,
});

const withSecrets = async (given: string) => ({
  text: given.replace("${file:token}", "token-from-a-file").replace("${env:X}", "extra-secret"),
  values: [
    { name: "token", value: "token-from-a-file" },
    { name: "X", value: "extra-secret" },
  ],
});

test("a bearer token and headers are sent with every request, and shown nowhere", async () => {
  const state = newState();
  const { listener } = modernHandler(testServer(state));
  await using endpoint = await Endpoint.start((request, response) =>
    request.headers.authorization === "Bearer token-from-a-file"
      ? listener(request, response)
      : response.writeHead(401).end(),
  );
  const transport = httpAt(endpoint.url, {
    auth: { type: "bearer", token: "${file:token}" },
    headers: { "x-extra": "${env:X}" },
  });
  await using runner = runnerTo(transport, {}, { resolve: withSecrets });
  await runner.open(5_000);
  expect(textOf(await runner.call(callOf("add", { a: 1, b: 1 }), never))).toBe("2");
  expect(endpoint.requests.every(({ headers }) => headers["x-extra"] === "extra-secret")).toBe(true);
  const shown = JSON.stringify([runner.servers(), runner.logs("remote")]);
  expect(shown).not.toMatch(/token-from-a-file|extra-secret/);
});

test("a wrong token is a state with a reason, not a crash", async () => {
  await using endpoint = await Endpoint.start((_request, response) => response.writeHead(401).end());
  await using runner = runnerTo(httpAt(endpoint.url, { auth: { type: "bearer", token: "wrong-token" } }), {
    timeoutMs: 100,
  });
  await runner.open(5_000);
  expect(runner.servers()[0]?.state).toBe("failed");
  expect(runner.servers()[0]?.reason).toMatch(/401|[Uu]nauthorized/);
});

test("tokens are fetched from a token endpoint for the resource, once, and again when they are refused", async () => {
  await using authorization = await AuthorizationServer.start();
  await using endpoint = await Endpoint.start(
    guarded(authorization.accepts, () => ({ origin: endpoint.origin, issuer: authorization.endpoint.origin })),
  );
  await using runner = runnerTo(httpAt(endpoint.url, { auth: credentials({ tokenUrl: authorization.tokenUrl }) }));
  await runner.open(5_000);
  expect(textOf(await runner.call(callOf("add", { a: 1, b: 1 }), never))).toBe("2");
  expect(authorization.asked).toHaveLength(1);
  expect(Object.fromEntries(authorization.asked[0] ?? [])).toEqual({
    grant_type: "client_credentials",
    resource: endpoint.url,
    scope: "tools",
  });
  authorization.tokens.clear();
  expect(textOf(await runner.call(callOf("add", { a: 2, b: 2 }), never))).toBe("4");
  expect(authorization.asked).toHaveLength(2);
});

test("the authorization server is found as the MCP server names it, and only the expected one gets the secret", async () => {
  await using authorization = await AuthorizationServer.start();
  await using endpoint = await Endpoint.start(
    guarded(authorization.accepts, () => ({ origin: endpoint.origin, issuer: authorization.endpoint.origin })),
  );
  await using runner = runnerTo(httpAt(endpoint.url, { auth: credentials({ issuer: authorization.endpoint.origin }) }));
  await runner.open(5_000);
  expect(textOf(await runner.call(callOf("add", { a: 1, b: 1 }), never))).toBe("2");
  expect(authorization.asked[0]?.get("resource")).toBe(endpoint.url);
  const before = authorization.asked.length;
  await using wary = runnerTo(httpAt(endpoint.url, { auth: credentials({ issuer: "https://auth.example.com" }) }), {
    timeoutMs: 100,
  });
  await wary.open(5_000);
  expect(wary.servers()[0]?.state).toBe("failed");
  expect(authorization.asked).toHaveLength(before);
});

test("a token endpoint that refuses says so in the state, without the secret", async () => {
  await using authorization = await AuthorizationServer.start();
  const auth = credentials({ tokenUrl: authorization.tokenUrl, clientSecret: "not-the-secret" });
  await using runner = runnerTo(httpAt("http://127.0.0.1:9/mcp", { auth }), { timeoutMs: 100 });
  await runner.open(5_000);
  const [server] = runner.servers();
  expect(server?.reason).toContain(`no token from ${authorization.tokenUrl}: HTTP 401`);
  expect(server?.reason).not.toContain("not-the-secret");
});

test("the server steers requests for tokens to no private address, and neither a redirect nor a large answer is taken", async () => {
  const asked: string[] = [];
  const answers: Record<string, (response: ServerResponse) => void> = {
    large: (response) => response.writeHead(200).end(`{"issuer": "${"x".repeat(70_000)}"}`),
    away: (response) => response.writeHead(302, { location: "http://127.0.0.1:9/" }).end(),
  };
  await using issuers = await Endpoint.start(({ url = "" }, response) => {
    asked.push(url);
    const kind = Object.keys(answers).find((name) => url.includes(name)) ?? "away";
    answers[kind]?.(response);
  });
  const fetchPublic = publicFetch({ rule: "a server may not", remedy: () => "Set auth.issuer." });
  const reasonFor = async (issuer: string): Promise<string> => {
    await using endpoint = await Endpoint.start(
      guarded(
        () => false,
        () => ({ origin: endpoint.origin, issuer }),
      ),
    );
    const signIns = { vault: vaultOf(new Map()), fetchPublic, callback: undefined };
    await using runner = runnerTo(httpAt(endpoint.url, { auth: credentials({}) }), { timeoutMs: 100 }, { signIns });
    await runner.open(20_000);
    return runner.servers()[0]?.reason ?? "";
  };
  for (const issuer of ["https://10.255.255.1", "https://[fd00::1]", "https://169.254.169.254", "https://localhost:1"])
    expect(await reasonFor(issuer)).toMatch(/no token for the tool server remote: .*a server may not/);
  expect(await reasonFor("http://93.184.215.14")).toMatch(/is not reached over https/);
  expect(await reasonFor(`${issuers.origin}/large`)).toMatch(/answers with more than 65536 bytes/);
  const before = asked.length;
  expect(await reasonFor(`${issuers.origin}/away`)).toMatch(/redirects, which is not followed/);
  expect(asked).toHaveLength(before + 1);
});
