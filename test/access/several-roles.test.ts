import { once } from "node:events";
import { createServer } from "node:http";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { codeOf, WorkspaceServer } from "../helpers/workspaces.ts";

const ROLES = {
  "red-users": { role: "user", workspace: "red" },
  "red-checkers": { role: "checker", workspace: "red" },
  "red-support": { role: "operator", workspace: "red", only: { agents: ["payer"] } },
  "blue-users": { role: "user", workspace: "blue" },
  "blue-removed": { role: "user", workspace: "removed" },
  "all-readers": { role: "readonly", workspace: "*" },
};
const PAYER = `name = "payer"
version = "1.0.0"
capabilities = ["pay"]
system_prompt = "Pay."
tools = ["calculator"]
[permissions]
ask = ["calculator"]
approvers = ["checker", "operator"]
`;

const site = createServer();
let server: WorkspaceServer;
let lead: string;
let sign: (subject: string, groups: readonly (keyof typeof ROLES)[]) => Promise<string>;

beforeAll(async () => {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const key = { ...(await exportJWK(publicKey)), kid: "one", alg: "ES256", use: "sig" };
  await once(site.listen(0, "127.0.0.1"), "listening");
  const address = site.address();
  const issuer = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  site.on("request", (request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(request.url === "/keys" ? { keys: [key] } : { issuer, jwks_uri: `${issuer}/keys` }));
  });
  server = await WorkspaceServer.start({
    script: [{ toolCalls: [{ name: "calculator__evaluate", arguments: { expression: "1 + 1" } }] }, { text: "done" }],
    settings: {
      "access.roles": { checker: { description: "", permissions: ["runs:read", "approvals:read"] } },
      "access.jwt": { office: { issuer, audience: "caxton", roles: ROLES } },
    },
  });
  for (const name of ["red", "blue"]) await server.createWorkspace(name);
  lead = await server.createKey("admin", "red");
  sign = (subject, groups) =>
    new SignJWT({ sub: subject, groups: [...groups] })
      .setProtectedHeader({ alg: "ES256", kid: "one" })
      .setIssuer(issuer)
      .setAudience("caxton")
      .setExpirationTime("5m")
      .sign(privateKey);
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  site.closeAllConnections();
  site.close();
});

/** A user that has sent a request with these groups. */
async function user(subject: string, groups: readonly (keyof typeof ROLES)[]): Promise<string> {
  const key = await sign(subject, groups);
  expect((await server.request("GET", "/api/v1/whoami", { key })).status).toBe(200);
  return key;
}
const disable = (key: string, subject: string, workspace?: string) =>
  server.request("POST", `/api/v1/users/user_office:${subject}/disable`, { key, workspace });

test("an administrator of one workspace sees no roles of users in others, and cannot disable such a user", async () => {
  const ann = await user("ann", ["red-users", "blue-users", "all-readers"]);
  await user("eve", ["blue-users"]);
  await user("bob", ["red-users"]);
  const listed = async (key: string) => {
    const { body } = await server.request("GET", "/api/v1/users", { key });
    const { items } = contract.users.UserPage.parse(body);
    return Object.fromEntries(
      items.map(({ subject, grants }) => [subject, grants.map(({ workspace, role }) => `${role} in ${workspace}`)]),
    );
  };
  expect(await listed(lead)).toEqual({ ann: ["user in red", "readonly in *"], bob: ["user in red"] });
  const all = ["user in red", "user in blue", "readonly in *"];
  expect(await listed(server.admin)).toEqual({ ann: all, eve: ["user in blue"], bob: ["user in red"] });

  const refused = await disable(lead, "ann");
  expect(codeOf(refused)).toBe("PERMISSION_DENIED");
  expect(JSON.stringify(refused.body)).not.toContain("blue");
  expect(codeOf(await disable(lead, "eve"))).toBe("USER_NOT_FOUND");
  expect((await server.request("GET", "/api/v1/whoami", { key: ann })).status).toBe(200);
  expect((await disable(lead, "bob")).body).toMatchObject({ state: "disabled", grants: [{ workspace: "red" }] });
  expect((await disable(server.admin, "ann")).body).toMatchObject({ state: "disabled", grants: [{}, {}, {}] });
  expect((await server.request("GET", "/api/v1/whoami", { key: ann })).status).toBe(401);
});

test("a user with a role in a workspace that was deleted can be disabled", async () => {
  await server.createWorkspace("removed");
  await user("old", ["blue-removed"]);
  expect((await server.ask("default", "DELETE", "/api/v1/workspaces/removed?confirm=true")).status).toBe(204);
  expect((await disable(server.admin, "old")).body).toMatchObject({ state: "disabled" });
});

test("a user of several roles answers an approval if one of them may", async () => {
  await server.ask("red", "POST", "/api/v1/agents", { source: PAYER });
  const answer = async (key: string) => {
    await server.ask("red", "POST", "/api/v1/runs", { agent: "payer", input: "go" });
    const open = async () =>
      contract.approvals.ApprovalPage.parse((await server.ask("red", "GET", "/api/v1/approvals?state=open")).body);
    await expect.poll(async () => (await open()).items.length).toBe(1);
    const [approval] = (await open()).items;
    const sent = { key, workspace: "red", body: { hash: approval?.hash } };
    const answered = await server.request("POST", `/api/v1/approvals/${approval?.id}/approve`, sent);
    if (answered.status !== 200) await server.ask("red", "POST", `/api/v1/approvals/${approval?.id}/deny`, sent.body);
    return answered;
  };
  const plain = await answer(await user("plain", ["red-users"]));
  expect(codeOf(plain)).toBe("APPROVER_NOT_ALLOWED");
  const several = await answer(await user("several", ["red-users", "red-checkers"]));
  expect(several.body).toMatchObject({ state: "approved", by: { role: "checker" } });
  const limited = await answer(await user("limited", ["red-users", "red-support"]));
  expect(limited.body).toMatchObject({ state: "approved", by: { role: "operator" } });
});
