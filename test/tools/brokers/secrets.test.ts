import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { GrantedSecret } from "../../../src/tools/brokers/http/index.ts";
import type { HostRefused, HttpAnswer } from "../../../src/tools/sandbox/index.ts";
import type { SecretGrant } from "../../../src/tools/catalogue/index.ts";
import { asked, AskRoom } from "./asking.ts";
import { brokerWith, callerWith, httpGrant, request, Web } from "./web.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.secrets");

const never = new AbortController().signal;
const VALUE = 'p4ss "word"/of+the day';
const PLACEHOLDER = "caxton_secret_TOKEN_0123456789abcdef";
const grant = (more: Partial<SecretGrant> = {}): SecretGrant => ({
  name: "TOKEN",
  as: "placeholder",
  for: [],
  ...more,
});
const secret = (more: Partial<SecretGrant> = {}, value: string | undefined = VALUE): GrantedSecret => ({
  grant: grant(more),
  placeholder: PLACEHOLDER,
  origins: [],
  value,
  hint: "set CAXTON_SECRET_TOKEN",
});
const bodyOf = (answer: HttpAnswer | HostRefused): string =>
  answer.type === "answered" ? Buffer.from(answer.body).toString("utf8") : `${answer.code}: ${answer.message}`;
const echo = () =>
  Web.open((incoming, response, body) =>
    response
      .setHeader("x-echo", String(incoming.headers["x-key"] ?? ""))
      .end(`${incoming.url} ${JSON.stringify(incoming.headers)} ${body}`),
  );

// http.http-broker.H3
test("a secret is put into headers, query and body as each needs it, and nothing of it comes back", async () => {
  await using web = await echo();
  const { broker, uses } = brokerWith({ secrets: [secret()] });
  const origin = `http://api.example.test:${web.port}`;
  const caller = callerWith({ http: [httpGrant(origin, { methods: ["*"] })], secrets: [grant()] });
  const send = (body: string, kind: string) =>
    broker.fetch(
      caller,
      request(`${origin}/a?key=${PLACEHOLDER}`, {
        method: "POST",
        headers: [
          ["x-key", `Bearer ${PLACEHOLDER}`],
          ["authorization", `Basic ${Buffer.from(`user:${PLACEHOLDER}`).toString("base64")}`],
          ["content-type", kind],
        ],
        body: Buffer.from(body),
      }),
      never,
    );
  const json = await send(`{"key":"${PLACEHOLDER}"}`, "application/json; charset=utf-8");
  const form = await send(`key=${PLACEHOLDER}`, "application/x-www-form-urlencoded");
  const plain = await send(`key: ${PLACEHOLDER}`, "text/plain");
  const [asJson, asForm, asPlain] = web.seen;
  expect(asJson?.headers["x-key"]).toBe(`Bearer ${VALUE}`);
  expect(asJson?.url).toBe(`/a?key=${encodeURIComponent(VALUE)}`);
  const basic = String(asJson?.headers.authorization).replace("Basic ", "");
  expect(Buffer.from(basic, "base64").toString()).toBe(`user:${VALUE}`);
  expect(JSON.parse(asJson?.body ?? "")).toEqual({ key: VALUE });
  expect(new URLSearchParams(asForm?.body).get("key")).toBe(VALUE);
  expect(asPlain?.body).toBe(`key: ${VALUE}`);
  const back = JSON.stringify([json, form, plain, [json, form, plain].map(bodyOf)]);
  for (const hidden of [VALUE, JSON.stringify(VALUE).slice(1, -1), encodeURIComponent(VALUE), basic, "word"]) {
    expect(back).not.toContain(hidden);
  }
  expect(bodyOf(plain)).toContain("[redacted:TOKEN]");
  expect(JSON.stringify(uses)).not.toContain("word");
  expect(uses.filter(({ kind }) => kind === "secret").map(({ target, outcome }) => `${target} ${outcome}`)).toEqual(
    Array.from({ length: 3 }, () => `TOKEN to ${origin} allowed`),
  );
});

test("a secret is sent only to its own hosts, and a grant of another host is not enough", async () => {
  await using web = await echo();
  const { broker, uses } = brokerWith({ secrets: [secret({ for: ["https://vault.example.test"] })] });
  const origin = `http://api.example.test:${web.port}`;
  const caller = callerWith({ http: [httpGrant(origin)], secrets: [grant({ for: ["https://vault.example.test"] })] });
  const answer = await broker.fetch(caller, request(origin, { headers: [["x-key", PLACEHOLDER]] }), never);
  expect(bodyOf(answer)).toMatch(
    /denied: secret TOKEN of `weather` is for https:\/\/vault\.example\.test, not for http:\/\/api/,
  );
  expect(web.seen).toHaveLength(0);
  expect(uses.map(({ kind, outcome }) => `${kind} ${outcome}`)).toEqual(["secret denied", "http denied"]);
});

test("an operator's permission for a call sends no secret where no grant does", async () => {
  const { broker } = brokerWith({ names: { "public.example.test": ["1.1.1.1"] }, secrets: [secret()] });
  const caller = callerWith({ secrets: [grant()] }, true);
  const answer = await broker.fetch(
    caller,
    request("http://public.example.test/", { headers: [["x-key", PLACEHOLDER]] }),
    never,
  );
  expect(bodyOf(answer)).toMatch(/^denied: secret TOKEN/);
});

test("what stands for a secret of another server is just a text", async () => {
  await using web = await echo();
  const { broker } = brokerWith({ secrets: [secret()] });
  const origin = `http://api.example.test:${web.port}`;
  await broker.fetch(
    callerWith({ http: [httpGrant(origin)] }),
    request(origin, { headers: [["x-key", PLACEHOLDER]] }),
    never,
  );
  expect(web.seen[0]?.headers["x-key"]).toBe(PLACEHOLDER);
});

// http.http-broker.H3
test("a redirect to another origin takes no secret along: not in a header, not in a body, not in the address", async () => {
  await using other = await echo();
  await using web = await Web.open((incoming, response) => {
    const key = String(incoming.headers["x-key"] ?? "");
    const target = incoming.url === "/leak" ? `?stolen=${encodeURIComponent(key)}` : "";
    response.writeHead(307, { location: `http://other.example.test:${other.port}/${target}` }).end();
  });
  const { broker } = brokerWith({ secrets: [secret()] });
  const origin = `http://api.example.test:${web.port}`;
  const http = [
    httpGrant(origin, { methods: ["*"] }),
    httpGrant(`http://other.example.test:${other.port}`, { methods: ["*"] }),
  ];
  const caller = callerWith({ http, secrets: [grant()] });
  const headers = [["x-key", `Bearer ${PLACEHOLDER}`]] as const;
  expect(bodyOf(await broker.fetch(caller, request(origin, { headers }), never))).not.toMatch(/x-key/);
  expect(other.seen).toHaveLength(1);
  const posted = request(origin, { method: "POST", body: Buffer.from(`key=${PLACEHOLDER}`) });
  expect(bodyOf(await broker.fetch(caller, posted, never))).toMatch(/denied: .*a secret in the body must not go/);
  expect(bodyOf(await broker.fetch(caller, request(`${origin}/leak`, { headers }), never))).toMatch(
    /with a secret in the address/,
  );
  expect(JSON.stringify(other.seen)).not.toContain("word");
  expect(other.seen).toHaveLength(1);
});

test("a secret that is not there, or that no header can hold, is said so and not sent", async () => {
  await using web = await echo();
  const origin = `http://api.example.test:${web.port}`;
  const caller = callerWith({ http: [httpGrant(origin)], secrets: [grant()] });
  const send = (value: string | undefined) =>
    brokerWith({ secrets: [{ ...secret(), value }] }).broker.fetch(
      caller,
      request(origin, { headers: [["x-key", PLACEHOLDER]] }),
      never,
    );
  expect(bodyOf(await send(undefined))).toBe(
    "unavailable: secret TOKEN of `weather` is not there: set CAXTON_SECRET_TOKEN",
  );
  expect(bodyOf(await send("two\nlines"))).toMatch(/^invalid: secret TOKEN holds characters/);
  expect(web.seen).toHaveLength(0);
});

test("a guest holds a placeholder that differs at each start, and the request holds the secret", async () => {
  await using web = await echo();
  const origin = `http://api.example.test:${web.port}`;
  const grants = { http: [httpGrant(origin)], secrets: [grant()] };
  const placeholderIn = async (room: AskRoom): Promise<string> => {
    await room.deploy(grants);
    return /TOKEN=(\w+)/.exec((await room.bytes("environment")).toString())?.[1] ?? "";
  };
  await using room = new AskRoom({ CAXTON_SECRET_TOKEN: "the-real-value" });
  await using later = new AskRoom({ CAXTON_SECRET_TOKEN: "the-real-value" });
  const [one, other] = [await placeholderIn(room), await placeholderIn(later)];
  expect([one, other]).toEqual([
    expect.stringMatching(/^caxton_secret_TOKEN_[0-9a-f]{32}$/),
    expect.stringMatching(/^caxton_/),
  ]);
  expect(one).not.toBe(other);
  const answer = await room.ask("http.fetch", { method: "GET", url: origin, headers: [["x-key", one]] });
  expect(web.seen[0]?.headers["x-key"]).toBe("the-real-value");
  expect(answer.body.toString()).not.toContain("the-real-value");
  expect(JSON.stringify([answer.head, await room.uses()])).not.toContain("the-real-value");
});

test("a value that a guest was given leaves it neither in an answer nor in its log", async () => {
  await using room = new AskRoom();
  mkdirSync(join(room.directory, "vault"));
  writeFileSync(join(room.directory, "vault", "TOKEN"), "from-a-file-of-the-vault\n");
  await room.deploy({ secrets: [grant({ as: "value" })] });
  const heard: string[] = [];
  const onLog = (lines: readonly { readonly text: string }[]) => heard.push(...lines.map(({ text }) => text));
  const result = await room.call("environment", {}, { onLog });
  expect(heard).toEqual(["TOKEN=[redacted:TOKEN]"]);
  const said = JSON.stringify([result, room.sandbox.logs("probe")]);
  expect(said).toContain("[redacted:TOKEN]");
  expect(said).not.toContain("from-a-file");
  expect(said).not.toContain(Buffer.from("from-a-file").toString("hex"));
  expect(room.sandbox.logs("probe")[0]?.text).toBe("TOKEN=[redacted:TOKEN]");
});

test("variables go before files, and what is too short to be hidden is no secret", async () => {
  await using room = new AskRoom({ CAXTON_SECRET_TOKEN: "from-the-environment", CAXTON_SECRET_SHORT: "abc" });
  mkdirSync(join(room.directory, "vault"));
  writeFileSync(join(room.directory, "vault", "TOKEN"), "from-a-file-of-the-vault");
  const grants = { secrets: [grant({ as: "value" }), grant({ as: "value", name: "SHORT" })] };
  await room.deploy(grants);
  const secrets = room.opened.broker.confidential({ ...callerWith(grants).grants });
  expect(typeof secrets === "function" ? secrets() : secrets).toEqual([
    { name: "TOKEN", value: "from-the-environment" },
  ]);
  expect(room.sandbox.logs("probe")).toEqual([]);
  await room.call("environment");
  expect(room.sandbox.logs("probe")[0]?.text).toBe("TOKEN=[redacted:TOKEN]");
});

test("a secret that is put there late, or changed, is kept out of answers, log and ledger, and its old values stay so", async () => {
  await using room = new AskRoom();
  const write = (value: string): void => writeFileSync(join(room.directory, "vault", "TOKEN"), value);
  mkdirSync(join(room.directory, "vault"));
  write("the-first-value");
  await room.deploy({ state: true, secrets: [grant({ as: "value" })] });
  // What the guest was given is a secret still when another value has taken its place.
  write("the-value-after-it");
  const had = JSON.stringify([await room.call("environment"), room.sandbox.logs("probe")]);
  const passesOn = async (value: string): Promise<string> => {
    await room.call("ask", asked("state.set", { key: value }, "1"));
    return JSON.stringify([await room.call("ask", asked("state.list", {})), await room.uses()]);
  };
  const said = [had, await passesOn("the-first-value"), await passesOn("the-value-after-it")];
  write("the-last-value");
  said.push(await passesOn("the-last-value"));
  for (const value of ["the-first-value", "the-value-after-it", "the-last-value"]) {
    const found = said.filter((each) => each.includes(value) || each.includes(Buffer.from(value).toString("hex")));
    expect(found, value).toEqual([]);
  }
  expect(room.sandbox.logs("probe")[0]?.text).toBe("TOKEN=[redacted:TOKEN]");
  expect(said.at(-1)).toContain("[redacted:TOKEN]");
});
