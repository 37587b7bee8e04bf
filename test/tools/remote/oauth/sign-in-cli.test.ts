import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { BegunSignIn } from "../../../../src/api/contract/tools/sign-in.ts";
import { tools as contract } from "../../../../src/api/contract/index.ts";
import { caxton, commandLine, start } from "../../../cli/caxton.ts";
import { startServer, type TestServer } from "../../../helpers/server.ts";
import { tempDirectory } from "../../../helpers/temp.ts";
import { Visitor } from "../../../helpers/visitor.ts";
import { Office, REDIRECT } from "./office.ts";

// verifies("tool.mcp-sign-in")

const home = tempDirectory();
let office: Office;
let server: TestServer;
const open = () =>
  startServer({
    directory: home.path,
    files: {
      "caxton.toml": `[mcp_servers.office]\nurl = "${office.endpoint.url}"\nauth.type = "oauth"\n\n[mcp_servers.plain]\nurl = "http://127.0.0.1:9/mcp"\n`,
    },
  });

beforeAll(async () => {
  office = await Office.open();
  server = await open();
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await office?.[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

const cli = (args: readonly string[]) => commandLine(args, { server: server.url });
const signIn = async () => {
  const { body } = await server.ask("GET", "/api/v1/tool-servers/office");
  return contract.ToolServerRecord.parse(body).sign_in;
};
const add = () => cli(["tool", "call", "office.add", "a=1", "b=2"]);

/** Goes through the pages of the provider until the command has its response. */
async function browse(address: string): Promise<string> {
  const visitor = new Visitor();
  return (await visitor.logIn(await visitor.go(address), "ada")).text;
}

const addressIn = (text: string) => /open (http\S+) in a browser/.exec(text)?.[1];

// remote.sign-in.G3
test("a person signs in with the command, the tools can be called, and it lasts over a restart of the server", async () => {
  expect((await cli(["tool", "get", "office"])).stdout).toMatch(/Sign-in\s+signed-out: no user has signed in/);
  const { child, ended } = start(["tool", "login", "office"], { server: server.url });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (piece: string) => (said += piece));
  const address = await vi.waitUntil(() => addressIn(said), 20_000);
  expect(await browse(address)).toContain("You can close this page");
  const { code, stdout } = await ended;
  expect([code, stdout]).toEqual([0, `signed-in at ${office.provider.url} by local, scopes tools\n`]);
  await vi.waitFor(async () => expect((await add()).stdout).toContain("3"), 10_000);
  expect(await signIn()).toMatchObject({ state: "signed-in", reason: "", signed_in_by: "local" });
  await server[Symbol.asyncDispose]();
  server = await open();
  expect((await add()).stdout).toContain("3");
  expect(office.grants).toEqual(["authorization_code"]);
  // No file of the database has a token in the clear.
  const sent = office.endpoint.requests.flatMap(({ headers }) => headers.authorization?.replace(/^Bearer /, "") ?? []);
  expect(sent.length).toBeGreaterThan(0);
  const files = readdirSync(join(home.path, ".caxton")).filter((name) => name.includes(".db"));
  expect(files.length).toBeGreaterThan(0);
  for (const name of files)
    expect(sent.filter((token) => readFileSync(join(home.path, ".caxton", name)).includes(token))).toEqual([]);
});

test("a sign-in begun before a restart is completed after it; the command logs out", async () => {
  const begun = await server.ask("POST", "/api/v1/tool-servers/office/login", { redirect_uri: REDIRECT });
  const { url } = BegunSignIn.parse(begun.body);
  await server[Symbol.asyncDispose]();
  server = await open();
  const back = Object.fromEntries((await office.signIn(url)).searchParams);
  const path = "/api/v1/tool-servers/office/login/response";
  expect(await server.ask("POST", path, back)).toMatchObject({
    status: 200,
    body: { sign_in: { state: "signed-in" } },
  });
  expect(await server.ask("POST", path, back)).toMatchObject({ status: 422, body: { code: "SIGN_IN_STATE_INVALID" } });
  const { stdout } = await cli(["tool", "logout", "office"]);
  expect(stdout).toBe("signed out  office  the tokens are revoked\n");
  expect((await add()).stderr).toMatch(/caxton tool login office  \[SIGN_IN_NEEDED\]/);
  expect((await cli(["tool", "logout", "office"])).stdout).toBe("office was not signed in\n");
});

test("a sign-in that is refused, or to a server without one, says so", async () => {
  const to = (name: string, place: string) =>
    server.ask("POST", `/api/v1/tool-servers/${name}/login`, { redirect_uri: place });
  expect(await to("plain", REDIRECT)).toMatchObject({ status: 409, body: { code: "SIGN_IN_NOT_CONFIGURED" } });
  expect(await to("calculator", REDIRECT)).toMatchObject({ status: 409, body: { code: "SIGN_IN_NOT_CONFIGURED" } });
  expect(await to("nothing", REDIRECT)).toMatchObject({ status: 404, body: { code: "TOOL_SERVER_NOT_FOUND" } });
  expect(await to("office", "https://evil.example/")).toMatchObject({
    status: 400,
    body: { code: "REDIRECT_REFUSED" },
  });
  const begun = await to("office", REDIRECT);
  const { url } = BegunSignIn.parse(begun.body);
  const state = new URL(url).searchParams.get("state");
  const denied = { state, error: "access_denied", error_description: "not today", iss: office.provider.url };
  expect(await server.ask("POST", "/api/v1/tool-servers/office/login/response", denied)).toMatchObject({
    status: 502,
    body: { code: "SIGN_IN_FAILED", detail: expect.stringContaining("access_denied: not today") },
  });
});

test("the port of the command can be chosen, and a taken one is an error", async () => {
  const { port } = new URL(office.endpoint.url);
  const { code, stderr } = await caxton(["tool", "login", "office", "--port", port], { server: server.url });
  expect(code).toBe(2);
  expect(stderr).toContain(`cannot listen on port ${port}`);
});

const destinationOf = async (query: string) =>
  (await fetch(`${server.url}/oauth/callback?${query}`, { redirect: "manual" })).headers.get("location");

test("the callback hands the response to the page of the tool server in the fragment, and other states to the list", async () => {
  expect(await destinationOf("code=a%26b&state=office.x1&iss=i")).toBe(
    "/ui/tools/office#code=a%26b&state=office.x1&iss=i",
  );
  for (const state of ["", "..%2F..%2Fx.y", "//evil.example.x", "office"])
    expect(await destinationOf(`state=${state}`)).toBe("/ui/tools");
});

test("authorization servers find the metadata of the client at a public https address", async () => {
  const url = "https://caxton.example.com";
  await using published = await startServer({ settings: { "server.public_url": url } });
  const { status, body } = await published.ask("GET", "/.well-known/oauth-client");
  expect([status, body]).toEqual([
    200,
    {
      client_id: `${url}/.well-known/oauth-client`,
      client_name: "Caxton",
      client_uri: url,
      redirect_uris: [`${url}/oauth/callback`],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      application_type: "web",
      token_endpoint_auth_method: "none",
    },
  ]);
  expect((await server.ask("GET", "/.well-known/oauth-client")).status).toBe(404);
});
