import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import * as contract from "../../src/api/contract/index.ts";
import { commandLine } from "../cli/caxton.ts";
import { CLIENT, COMMAND_LINE, OpenIdProvider } from "../helpers/openid-provider.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { Visitor } from "../helpers/visitor.ts";

const home = tempDirectory();
const file = join(home.path, "caxton", "contexts.json");
let provider: OpenIdProvider;
let server: TestServer;
let admin: string;

const Stored = z.object({
  contexts: z.record(
    z.string(),
    z.looseObject({
      login: z
        .looseObject({ id_token: z.string(), refresh_token: z.string().optional(), expires_at_ms: z.number() })
        .optional(),
    }),
  ),
});
const stored = () => Stored.parse(JSON.parse(readFileSync(file, "utf8")));
const loginOf = (name: string) => stored().contexts[name]?.login;

beforeAll(async () => {
  provider = await OpenIdProvider.listen();
  server = await startServer({
    settings: {
      "access.mode": "required",
      "server.public_url": "https://caxton.example.com",
      "access.jwt": {
        office: {
          issuer: provider.url,
          roles: { "*": "user" },
          login: { client_id: CLIENT.id, cli_client_id: COMMAND_LINE },
        },
      },
    },
  });
  await provider.serve(server.url, { conformIdTokenClaims: false });
  const created = await fetch(`${server.url}/api/v1/keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.started.setupToken}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "root", role: "admin" }),
  });
  admin = contract.keys.CreatedApiKey.parse(await created.json()).key ?? "";
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await provider?.[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

const user = (args: readonly string[], token = "") =>
  commandLine(args, { environment: { XDG_CONFIG_HOME: home.path, CAXTON_SERVER: "", CAXTON_TOKEN: token } });

const asAdmin = (...args: readonly string[]) => user(["--server", server.url, ...args], admin);

/** Confirms a login in a browser, as soon as the provider has begun one. */
async function confirm(login: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<string>();
  provider.watchDevices((code) => resolve(code));
  const visitor = new Visitor();
  const shown = await visitor.go(`${provider.url}/device?user_code=${await promise}`);
  const confirmed = await visitor.submit(shown);
  await visitor.logIn(await visitor.submit(confirmed), login);
}

test("a user logs in on the command line, and the tokens are in a private file", async () => {
  const [result] = await Promise.all([
    user(["login", server.url, "--name", "office", "--provider", "office"]),
    confirm("grace"),
  ]);
  expect(result).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("user_office:grace"),
    stderr: expect.stringMatching(
      /open http:\/\/127\.0\.0\.1:\d+\/device\?user_code=\S+ in a browser and confirm the code/,
    ),
  });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await user(["whoami"])).stdout).toContain("role user");
  const listed = await user(["context", "list", "-o", "json"]);
  expect(listed.stdout).toContain('"has_login": true');
  expect(listed.stdout).not.toContain(loginOf("office")?.id_token);
});

/** Lets the stored token expire, for the command. */
const expire = () => {
  const before = stored();
  const { office } = before.contexts;
  const login = { ...office?.login, expires_at_ms: Date.now() };
  writeFileSync(file, JSON.stringify({ ...before, current: "office", contexts: { office: { ...office, login } } }));
};

test("a token that expires is renewed once, also by commands at the same time", async () => {
  const first = loginOf("office");
  expect(first?.refresh_token).toBeDefined();
  expire();
  const results = await Promise.all([user(["whoami"]), user(["whoami"]), user(["whoami"])]);
  expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
  const renewed = loginOf("office");
  expect(renewed?.refresh_token).not.toBe(first?.refresh_token);
  expect(renewed?.expires_at_ms).toBeGreaterThan(Date.now() + 60_000);
});

test("a provider that is down is a warning, and a logout revokes the refresh token", async () => {
  expire();
  provider.intercept = (_request, response) => {
    response.destroy();
    return true;
  };
  const listed = await user(["context", "list"]);
  expect(listed).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("cannot be reached; log in again: caxton login"),
  });
  provider.intercept = () => false;
  const { refresh_token: refreshToken = "" } = loginOf("office") ?? {};
  expect((await user(["logout"])).stdout).toBe("logged out of office\n");
  expect(loginOf("office")).toBeUndefined();
  const body = new URLSearchParams({
    grant_type: "refresh_token",
    refresh_token: refreshToken,
    client_id: COMMAND_LINE,
  });
  expect((await fetch(`${provider.url}/token`, { method: "POST", body })).status).toBe(400);
});

test("an unknown provider is refused by name", async () => {
  expect(await user(["login", server.url, "--provider", "home"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("it has office"),
  });
});

test("users are listed, disabled and enabled, and a login link is printed once", async () => {
  expect((await asAdmin("user", "list")).stdout).toMatch(
    /user_office:grace +grace@example\.com +user in default +active/,
  );
  expect((await asAdmin("user", "disable", "user_office:grace", "--yes")).stdout).toContain("is disabled");
  expect((await asAdmin("user", "list")).stdout).toContain("disabled");
  expect((await asAdmin("user", "enable", "user_office:grace")).stdout).toContain("is enabled");
  expect((await asAdmin("user", "disable", "absent", "--yes")).code).toBe(3);
  const link = await asAdmin("login-link", "--name", "ada", "--role", "user", "--expires", "24h", "-o", "name");
  expect(link.stdout).toMatch(/^https:\/\/caxton\.example\.com\/ui\/login#cax_login_[\w-]{43}\n$/);
  const everywhere = await asAdmin("login-link", "--all-workspaces", "-o", "json");
  expect(JSON.parse(everywhere.stdout)).toMatchObject({ name: "root", role: "admin", workspace: "*" });
});
