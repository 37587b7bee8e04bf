import {
  Client,
  discoverOAuthServerInfo,
  extractWWWAuthenticateParams,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import { expect, test } from "vitest";
import { OpenIdProvider } from "../../helpers/openid-provider.ts";
import { startServer } from "../../helpers/server.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("api.mcp-server");

const WELL_KNOWN = "/.well-known/oauth-protected-resource";
const AUDIENCE = "caxton-programs";

const settingsOf = (issuer: string, more: object = {}) => ({
  "access.mode": "required",
  "access.jwt": { office: { issuer, roles: { staff: "user" }, ...more } },
});

test("a client finds the issuer from a refused request, and its token is accepted", async () => {
  await using provider = await OpenIdProvider.listen();
  await using server = await startServer({ settings: settingsOf(provider.url, { audience: AUDIENCE }) });
  await provider.serve(server.url);
  const refused = await fetch(`${server.url}/mcp`, { method: "POST" });
  expect(refused.status).toBe(401);
  const { resourceMetadataUrl } = extractWWWAuthenticateParams(refused);
  if (resourceMetadataUrl === undefined) throw new Error("the refusal names no metadata");
  expect(resourceMetadataUrl.href).toBe(`${server.url}${WELL_KNOWN}/mcp`);

  const found = await discoverOAuthServerInfo(`${server.url}/mcp`, { resourceMetadataUrl });
  expect(found).toMatchObject({
    authorizationServerUrl: provider.url,
    authorizationServerMetadata: { issuer: provider.url },
    resourceMetadata: { resource: `${server.url}/mcp`, bearer_methods_supported: ["header"] },
  });

  const client = new Client({ name: "test", version: "1.0.0" });
  const token = await provider.sign({ sub: "u-1", aud: AUDIENCE, groups: ["staff"] });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), { authProvider: { token: async () => token } }),
  );
  expect((await client.listTools()).tools.length).toBeGreaterThan(0);
  await client.close();
});

test("the metadata at the root describes the server, and has the public address", async () => {
  const settings = {
    ...settingsOf("https://id.example.com/", { audience: AUDIENCE }),
    "server.public_url": "https://caxton.example.com/",
  };
  await using server = await startServer({ settings });
  const read = async (path: string): Promise<unknown> => (await fetch(server.url + path)).json();
  expect(await read(WELL_KNOWN)).toMatchObject({ resource: "https://caxton.example.com" });
  expect(await read(`${WELL_KNOWN}/mcp`)).toMatchObject({
    resource: "https://caxton.example.com/mcp",
    authorization_servers: ["https://id.example.com/"],
  });
  const refused = await fetch(`${server.url}/mcp`, { method: "POST" });
  expect(refused.headers.get("www-authenticate")).toBe(
    `Bearer realm="caxton", resource_metadata="https://caxton.example.com${WELL_KNOWN}/mcp"`,
  );
});

test("without an issuer of accepted tokens there is no metadata", async () => {
  const login = { client_id: "caxton" };
  await using server = await startServer({ settings: settingsOf("https://id.example.com/", { login }) });
  expect((await fetch(`${server.url}${WELL_KNOWN}/mcp`)).status).toBe(404);
  const refused = await fetch(`${server.url}/mcp`, { method: "POST" });
  expect(refused.headers.get("www-authenticate")).toBe('Bearer realm="caxton"');
});
