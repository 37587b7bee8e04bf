import type { ServerResponse } from "node:http";
import { afterEach, expect, test, vi } from "vitest";
import { httpAt, runnerTo } from "../room.ts";
import { Office, REDIRECT, responseIn } from "./office.ts";

// verifies("tool.mcp-sign-in")

const OAUTH = {
  type: "oauth",
  clientId: undefined,
  clientSecret: undefined,
  issuer: undefined,
  scopes: [],
  resource: undefined,
} as const;

const runnerAt = (office: Office) => runnerTo(httpAt(office.endpoint.url, { auth: OAUTH }));

afterEach(() => vi.restoreAllMocks());

/** The authorization server answers requests whose path begins so in the test's way. */
function replace(office: Office, path: string, answer: (response: ServerResponse) => void): void {
  office.provider.intercept = ({ url = "" }, response) => {
    if (!url.startsWith(path)) return false;
    answer(response);
    return true;
  };
}

const json = (text: string) => (response: ServerResponse) =>
  void response.writeHead(200, { "content-type": "application/json" }).end(text);
const DEEP = `${"[".repeat(30_000)}${"]".repeat(30_000)}`;

/** The failure of an address for a sign-in. */
const failureOf = async (office: Office): Promise<unknown> => {
  await using runner = runnerAt(office);
  return runner
    .signIn("remote")
    .begin(REDIRECT, "ada")
    .then(
      () => "it began",
      (error: unknown) => error,
    );
};

const METADATA: { readonly [what: string]: readonly [(response: ServerResponse) => void, RegExp] } = {
  "nests past measure": [json(`{"issuer":"x","more":${DEEP}}`), /nested deeper than 128/],
  "is no JSON": [json("<html>"), /:\d+\/\S+ answers with what is not usable: a page, and not JSON/],
  "has no endpoints": [json(`{"issuer":"x"}`), /no valid authorization_endpoint, token_endpoint/],
  "is cut off": [
    (response) => void response.writeHead(200, { "content-length": "99" }).write("{", () => response.destroy()),
    /cannot be read/,
  ],
};

for (const [what, [answer, why]] of Object.entries(METADATA))
  test(`metadata of an authorization server that ${what} is refused with the reason`, async () => {
    await using office = await Office.open();
    replace(office, "/.well-known/", answer);
    const error = await failureOf(office);
    expect(error).toMatchObject({ code: "SIGN_IN_FAILED", message: expect.stringMatching(why) });
  });

test("metadata of an MCP server that nests past measure is refused with the reason", async () => {
  await using office = await Office.open();
  const { metadata } = office;
  office.metadata = () => ({ ...metadata(), more: JSON.parse(`${"[".repeat(200)}${"]".repeat(200)}`) });
  const error = await failureOf(office);
  expect(error).toMatchObject({ code: "SIGN_IN_FAILED", message: expect.stringContaining("nested deeper than 128") });
});

// remote.issuer-fetch.I1
test("an authorization server that does not answer is given up, and the failure says so", async () => {
  await using office = await Office.open();
  replace(office, "/.well-known/", () => undefined);
  const late = AbortSignal.timeout(50);
  vi.spyOn(AbortSignal, "timeout").mockReturnValue(late);
  const error = await failureOf(office);
  expect(error).toMatchObject({ code: "SIGN_IN_FAILED", message: expect.stringContaining("within 15 s") });
});

const TOKENS: { readonly [what: string]: readonly [(response: ServerResponse) => void, RegExp] } = {
  "nests past measure": [json(`{"access_token":"a","token_type":"bearer","more":${DEEP}}`), /nested deeper than 128/],
  "is no JSON": [json("<html>"), /:\d+\/\S+ answers with what is not usable: a page, and not JSON/],
  "has no token": [json(`{"token_type":"bearer"}`), /no valid access_token/],
  "has a token with a line break": [json(`{"access_token":"a\\r\\nb","token_type":"bearer"}`), /no header can hold/],
  "is of another kind": [json(`{"access_token":"a","token_type":"mac"}`), /type mac, and not a bearer/],
  redirects: [(response) => void response.writeHead(307, { location: "http://127.0.0.1:9/" }).end(), /redirects/],
  "is too large": [json(`{"access_token":"${"a".repeat(70_000)}","token_type":"bearer"}`), /more than 65536 bytes/],
  "is an error": [
    (response) =>
      void response
        .writeHead(400, { "content-type": "application/json" })
        .end(`{"error":"invalid_grant","error_description":"the code\\u001b[31m is old"}`),
    /invalid_grant: the code.* is old/,
  ],
};

for (const life of ["1e306", "1e13", "0", "-5"])
  test(`a token that lives for ${life} seconds is used, and neither shown nor renewed as if it had ended`, async () => {
    await using office = await Office.open();
    await using runner = runnerAt(office);
    const signIn = runner.signIn("remote");
    const { url } = await signIn.begin(REDIRECT, "ada");
    const response = responseIn(await office.signIn(url));
    const tokens = json(`{"access_token":"a","token_type":"bearer","expires_in":${life},"scope":" read  write "}`);
    replace(office, "/token", tokens);
    await signIn.complete(response, "ada");
    const { state, scopes, expiresAtMs } = signIn.state;
    expect({ state, scopes }).toEqual({ state: "signed-in", scopes: ["read", "write"] });
    expect(() => new Date(expiresAtMs ?? 0).toISOString()).not.toThrow();
    await signIn.end();
    expect(signIn.state).toMatchObject({ state: "signed-out" });
  });

for (const [what, [answer, why]] of Object.entries(TOKENS))
  test(`a response to the code that ${what} is refused with the reason, and no one is signed in`, async () => {
    await using office = await Office.open();
    await using runner = runnerAt(office);
    const signIn = runner.signIn("remote");
    const { url } = await signIn.begin(REDIRECT, "ada");
    const response = responseIn(await office.signIn(url));
    replace(office, "/token", answer);
    const error: unknown = await signIn.complete(response, "ada").then(
      () => "it completed",
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ code: "SIGN_IN_FAILED", message: expect.stringMatching(why) });
    expect(String(error)).not.toContain("\u001b");
    expect(signIn.state).toMatchObject({ state: "signed-out" });
  });
