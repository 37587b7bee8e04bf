import { AgentCard, generateAgentCardSignature } from "@a2a-js/sdk";
import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { startServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";
import { WorkspaceServer } from "../helpers/workspaces.ts";
import { type OfficialServer, startOfficialServer } from "./official-server.ts";
import { openWorld } from "./world.ts";

verifies("remotes.trust");

test("an address in a private network is refused, unless the operator permits it", async () => {
  await using official = await startOfficialServer();
  await using server = await startServer();
  const added = await server.ask("PUT", "/api/v1/remote-agents/bakery", { url: official.url });
  expect(added).toMatchObject({
    status: 422,
    body: { code: "ADDRESS_REFUSED", hint: expect.stringContaining("[a2a]\nprivate_origins") },
  });
  expect(official.requests).toEqual([]);
});

test("what is no card is refused, and no participant is registered", async () => {
  await using official = await startOfficialServer();
  await using server = await startServer({ settings: { "a2a.private_origins": [official.origin] } });
  const add = () => server.ask("PUT", "/api/v1/remote-agents/bakery", { url: official.url });
  const { card } = official;
  for (const wrong of [{}, { ...card, supportedInterfaces: [] }, { ...card, skills: "x".repeat(300_000) }]) {
    official.card = wrong;
    const { status, body } = await add();
    expect(status).toBe(502);
    expect(body).toMatchObject({ code: expect.stringMatching(/^REMOTE_(CARD|RESPONSE)_INVALID$/) });
  }
  official.instead = () => ({ status: 302, headers: { location: "http://127.0.0.1:1/" } });
  expect(await add()).toMatchObject({ status: 502, body: { code: "REMOTE_REDIRECTS" } });
  expect((await server.ask("GET", "/api/v1/participants")).body).toMatchObject({ items: [] });
});

test("a card that changes changes the capabilities", async () => {
  await using official = await startOfficialServer();
  await using world = await openWorld(official);
  const { server } = world;
  official.card = { ...official.card, skills: [{ id: "sell", name: "Sell", description: "Sells", tags: [] }] };
  const refresh = () => server.ask("POST", "/api/v1/remote-agents/bakery/refresh");
  expect(await refresh()).toMatchObject({ status: 200, body: { capabilities: ["sell"] } });
  official.instead = () => ({ status: 500 });
  expect(await refresh()).toMatchObject({ status: 502, body: { code: "REMOTE_INTERRUPTED" } });
  expect(await world.get()).toMatchObject({ problem: { code: "REMOTE_INTERRUPTED" }, capabilities: ["sell"] });
  const { body } = await server.ask("GET", "/api/v1/capabilities/sell");
  expect(body).toMatchObject({ providers: [{ status: "unhealthy" }] });
  official.instead = undefined;
  expect(await refresh()).toMatchObject({ status: 200, body: { problem: null } });
  const healthy = await server.ask("GET", "/api/v1/capabilities/sell");
  expect(healthy.body).toMatchObject({ providers: [{ status: "active" }] });
});

const pair = () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { privateKey, jwk: publicKey.export({ format: "jwk" }) };
};

test("with a key, only a card that it signed is accepted", async () => {
  const [own, other] = [pair(), pair()];
  const sign = async (official: OfficialServer) => {
    const header = { alg: "ES256", kid: "one", typ: "JOSE" };
    const signed = await generateAgentCardSignature(own.privateKey, header)(AgentCard.fromJSON(official.card));
    official.card = JSON.parse(JSON.stringify(AgentCard.toJSON(signed)));
  };
  await using official = await startOfficialServer();
  await using server = await startServer({ settings: { "a2a.private_origins": [official.origin] } });
  const add = (...keys: object[]) => server.ask("PUT", "/api/v1/remote-agents/bakery", { url: official.url, keys });
  expect(await add(own.jwk)).toMatchObject({ status: 502, body: { code: "REMOTE_CARD_UNSIGNED" } });
  await sign(official);
  expect(await add(other.jwk)).toMatchObject({ status: 502, body: { code: "REMOTE_CARD_UNSIGNED" } });
  expect(await add(other.jwk, own.jwk)).toMatchObject({ status: 200, body: { is_signed: true } });
  official.card = { ...official.card, description: "forged" };
  expect(await server.ask("POST", "/api/v1/remote-agents/bakery/refresh")).toMatchObject({
    body: { code: "REMOTE_CARD_UNSIGNED" },
  });
  expect((await server.ask("GET", "/api/v1/remote-agents/bakery")).body).toMatchObject({
    description: "Bakes and orders",
  });
});

test("a card that Caxton signed is accepted by Caxton with its published keys", async () => {
  await using far = await startServer({ script: [{ text: "hello from afar" }] });
  await using near = await startServer({ settings: { "a2a.private_origins": [new URL(far.url).origin] } });
  const keys: unknown = Object(await (await fetch(`${far.url}/.well-known/jwks.json`)).json()).keys;
  const url = `${far.url}/a2a/greeter`;
  const add = (given: unknown) => near.ask("PUT", "/api/v1/remote-agents/far", { url, keys: given });
  expect(await add([pair().jwk])).toMatchObject({ status: 502, body: { code: "REMOTE_CARD_UNSIGNED" } });
  expect(await add(keys)).toMatchObject({ status: 200, body: { is_signed: true } });
});

test("a secret goes only to the origin that it is bound to", async () => {
  await using official = await startOfficialServer();
  await using world = await openWorld(official);
  const { server } = world;
  const put = (name: string, origins: string[]) =>
    server.ask("PUT", `/api/v1/secrets/${name}`, { value: `value-of-${name}`, origins });
  const add = (secret: string) =>
    server.ask("PUT", "/api/v1/remote-agents/bakery", { url: official.url, auth: { type: "bearer", secret } });
  expect(await add("MISSING")).toMatchObject({ status: 422, body: { code: "REMOTE_SECRET_REFUSED" } });
  expect((await put("ELSEWHERE", ["https://elsewhere.example"])).status).toBeLessThan(300);
  expect((await put("ANYWHERE", [])).status).toBeLessThan(300);
  for (const name of ["ELSEWHERE", "ANYWHERE"])
    expect(await add(name)).toMatchObject({ status: 422, body: { code: "REMOTE_SECRET_REFUSED" } });
  expect((await put("BAKERY", [official.origin])).status).toBeLessThan(300);
  expect((await add("BAKERY")).status).toBe(200);
  expect((await world.send({ content: "hello" })).reply).toMatchObject({ content: "echo hello" });
  expect(official.requests.find(({ method }) => method === "SendMessage")?.authorization).toBe(
    "Bearer value-of-BAKERY",
  );
});

test("from Caxton to Caxton with access control: files, a follow-up and a wrong key", async () => {
  await using far = await WorkspaceServer.start({ script: [{ text: "hello from afar" }] });
  const key = await far.createKey("user");
  await using near = await startServer({ settings: { "a2a.private_origins": [new URL(far.url).origin] } });
  const secret = (value: string) =>
    near.ask("PUT", "/api/v1/secrets/FAR", { value, origins: [new URL(far.url).origin] });
  await secret("cxk_wrong_wrong_wrong");
  const add = () =>
    near.ask("PUT", "/api/v1/remote-agents/far", {
      url: `${far.url}/a2a/greeter`,
      auth: { type: "bearer", secret: "FAR" },
    });
  expect(await add()).toMatchObject({ status: 502, body: { code: "REMOTE_SIGN_IN_NEEDED" } });
  await secret(key);
  expect(await add()).toMatchObject({ status: 200 });
  const send = (content: string, more: object = {}) =>
    near.ask("POST", "/api/v1/messages?wait=30", { performative: "request", receiver: "far", content, ...more });
  const first = await send("hi");
  expect(first.body).toMatchObject({ reply: { performative: "inform", content: "hello from afar" } });
  const conversation = Object(first.body).conversation_id;
  expect((await send("again", { conversation_id: conversation })).body).toMatchObject({
    reply: { content: "hello from afar" },
  });
  const threads = await far.ask("default", "GET", "/api/v1/threads?agent=greeter");
  expect(threads.body).toMatchObject({ items: [{ agent: "greeter" }] });
});
