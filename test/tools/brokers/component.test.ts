import { expect, test } from "vitest";
import { SqliteMemoryStore } from "../../../src/memory/stores/sqlite/index.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import { Memory, SEARCH_DEFAULTS } from "../../../src/memory/knowledge/index.ts";
import type { Message } from "../../../src/messaging/acl/index.ts";
import type { ToolResult } from "../../../src/tools/catalogue/index.ts";
import { large } from "../abi/guests.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { AskRoom } from "./asking.ts";
import { Web } from "./web.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.deny-by-default");

/** A component asks through the imports that engines/wit/host.wit describes; what it was answered comes out as JSON. */
const component = (): Buffer => large("component-js");
const FIND = "local_demo_asking_find";
const said = (result: ToolResult): string =>
  result.type === "failed"
    ? `${result.reason}: ${result.message}`
    : result.content.map((part) => ("text" in part ? part.text : "")).join("");

test("a component searches memory where it was granted, as any other tool; the refusal names the grant, and both are recorded", async () => {
  using directory = tempDirectory();
  const store = new SqliteMemoryStore({ directory: directory.path, synchronous: "normal" });
  await using memory = new Memory({ store, embedder: undefined, clock: systemClock, defaults: SEARCH_DEFAULTS });
  await memory.open();
  for (const scope of ["workspace:default", "agent-only:default/tester", "workspace:other"] as const) {
    await memory.changes.remember(
      scope,
      [{ name: `harbour of ${scope}`, type: "place", observations: [{ text: "it is deep" }] }],
      { source: "user", sourceId: undefined, agent: undefined },
    );
  }
  await using room = new AskRoom({}, undefined, memory);
  await room.deploy({ memory: [{ scopes: ["workspace", "agent-only"], hitsMax: 10, perMinute: 60 }] }, {}, component());
  const all = JSON.parse(said(await room.call(FIND, { query: "how deep is the harbour?", scopes: [] })));
  expect(all).toMatchObject({ notices: ["no-embedder"], cut: false });
  expect(all.hits.map(({ name }: { name: string }) => name).toSorted()).toEqual([
    "harbour of agent-only:default/tester",
    "harbour of workspace:default",
  ]);
  const own = JSON.parse(said(await room.call(FIND, { query: "harbour", scopes: ["agent-only"], limit: 1 })));
  expect(own.hits).toEqual([
    {
      name: "harbour of agent-only:default/tester",
      type: "place",
      scope: "agent-only",
      score: expect.any(Number),
      observations: ["it is deep"],
    },
  ]);
  expect(await room.call(FIND, { query: "harbour", scopes: ["global"] })).toMatchObject({
    reason: "tool-error",
    message: expect.stringMatching(
      /^denied: `probe` may not search the memory of global; .*\n\[\[tool_servers\.probe\.grants\.memory\]\]/,
    ),
  });
  expect(said(await room.call(FIND, { query: "", scopes: [] }))).toMatch(/^tool-error: invalid: .*query/);
  expect((await room.uses()).map(({ kind, target, outcome }) => [kind, target, outcome])).toEqual([
    ["memory", "global", "denied"],
    ["memory", "agent-only", "allowed"],
    ["memory", "workspace, agent-only", "allowed"],
  ]);
});

test("a component sends messages, stores state and sends requests within its grants", async () => {
  const sent: Message[] = [];
  const post = {
    submit: ({ id, ...message }: Message) => {
      sent.push({ id, ...message });
      const { conversationId, durability } = message;
      const recipients = ["ops-1"];
      return Promise.resolve({
        type: "accepted" as const,
        id,
        seq: 1,
        conversationId,
        recipients,
        duplicate: false,
        durability,
      });
    },
  };
  await using web = await Web.open((request, response) =>
    response.writeHead(404, { "content-type": "text/plain" }).end(`nothing for ${request.headers.accept}`),
  );
  await using room = new AskRoom({}, { post, originOf: () => undefined });
  const url = `http://localhost:${web.port}`;
  const message = { performatives: ["inform"], receivers: ["ops-*"], capabilities: [], topics: [] };
  await room.deploy(
    {
      messages: [{ ...message, broadcast: false, perMinute: 60 }],
      state: true,
      http: [{ url: `${url}/open`, methods: ["GET"], private: true }],
    },
    {},
    component(),
  );
  const send = (text: string) => room.call("local_demo_asking_tell", { message: text });
  const reply = said(await send('{"receiver": "ops-1", "content": {"disk": "full"}}'));
  expect(JSON.parse(reply)).toEqual({
    id: sent[0]?.id,
    conversationId: sent[0]?.conversationId,
    recipients: ["ops-1"],
  });
  expect(sent).toMatchObject([{ sender: "tester", content: { type: "json", value: { disk: "full" } } }]);
  expect(said(await send('{"receiver": "boss", "content": "hi"}'))).toContain("[[tool_servers.probe.grants.messages]]");
  expect(said(await send("hi"))).toBe("tool-error: invalid: the message is no JSON object");
  const kept = await room.call("local_demo_asking_keep", { key: "a", value: [1, 2, 255] });
  expect(JSON.parse(said(kept))).toEqual({
    kept: [1, 2, 255],
    keys: { keys: [{ key: "a", bytes: 3, updatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) }], next: null },
    none: "none",
    gone: true,
  });
  const get = (from: string) => room.call("local_demo_asking_get", { url: from });
  expect(JSON.parse(said(await get(`${url}/open`)))).toEqual({
    status: 404,
    type: "text/plain",
    body: "nothing for text/plain",
  });
  expect(said(await get(`${url}/closed`))).toMatch(
    /^tool-error: denied: GET .*\[\[tool_servers\.probe\.grants\.http\]\]/s,
  );
  expect((await room.uses("denied")).map(({ kind }) => kind)).toEqual(["http", "message"]);
});

test("without a grant a component is refused all of it, and one that imports what is not there is refused when it is deployed", async () => {
  await using room = new AskRoom();
  await room.deploy({}, {}, component());
  const refusals = [
    await room.call(FIND, { query: "x", scopes: [] }),
    await room.call("local_demo_asking_tell", { message: '{"receiver": "ops-1", "content": "x"}' }),
    await room.call("local_demo_asking_keep", { key: "a", value: [] }),
    await room.call("local_demo_asking_get", { url: "https://example.com/" }),
  ];
  for (const refused of refusals) expect(said(refused)).toMatch(/^tool-error: denied: .*add to caxton\.toml/s);
  const strange = (from: string, to: string) =>
    Buffer.from(component().toString("latin1").replaceAll(from, to), "latin1");
  await expect(room.deploy({}, {}, strange("caxton:host/memory@", "caxton:host/nimbus@"))).rejects.toMatchObject({
    message: expect.stringContaining("imports caxton:host/nimbus#search, which this release does not have"),
    hint: expect.stringContaining("caxton:host/memory, caxton:host/messages, caxton:host/state, caxton:host/http"),
  });
});
