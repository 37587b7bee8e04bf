import { createServer } from "node:http";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { participants } from "../../../src/api/contract/index.ts";
import { readParts, writeParts } from "../../../src/api/fipa/multipart.ts";
import { writeEnvelope } from "../../../src/api/fipa/envelope.ts";
import { type AclMessage, agentIdentifier, readAcl, writeAcl } from "../../../src/messaging/acl/index.ts";
import { Program } from "../../helpers/program.ts";
import { startServer } from "../../helpers/server.ts";
import { tempDirectory } from "../../helpers/temp.ts";

const { LeasedMessages: Leased } = participants;

/** A platform that gathers what it is sent. */
async function otherPlatform() {
  const waiting: ((message: AclMessage) => void)[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const [, payload] = readParts(request.headers["content-type"] ?? "", body);
      response.writeHead(200, { Connection: "close" }).end();
      waiting.shift()?.(readAcl(payload.body));
      return undefined;
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    address: `http://127.0.0.1:${port}/acc`,
    next: () => new Promise<AclMessage>((resolve) => waiting.push(resolve)),
    [Symbol.dispose]: () => void server.close(),
  };
}

/** What another platform's agent says to an agent of ours. */
async function write(url: string, from: ReturnType<typeof agentIdentifier>, to: string, text: string): Promise<number> {
  const receiver = agentIdentifier(to, [url]);
  const payload = Buffer.from(writeAcl({ ...readAcl(text), sender: from, receiver: [receiver] }));
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": 'multipart/mixed; boundary="b"' },
    body: Uint8Array.from(writeParts("b", writeEnvelope(from, receiver, { bytes: payload.length, atMs: 0 }), payload)),
  });
  return response.status;
}

test("agents of other platforms are known after a restart: where they are reached, and what they registered", async () => {
  using other = await otherPlatform();
  using directory = tempDirectory();
  const options = {
    directory: directory.path,
    settings: { "fipa.enabled": true, "fipa.port": 0, "agents.directory": "none" },
  };
  const me = agentIdentifier("painter@elsewhere", [other.address]);
  {
    await using server = await startServer(options);
    const answer = other.next();
    const id = `(agent-identifier :name painter@elsewhere :addresses (sequence ${other.address}))`;
    const entry = `(df-agent-description :name ${id} :services (set (service-description :name p :type painting)))`;
    const content = `((action (agent-identifier :name df@caxton) (register ${entry})))`.replaceAll('"', '\\"');
    const text = `(request :language fipa-sl0 :reply-with r1 :content "${content}")`;
    expect(await write(server.started.fipaUrl ?? "", me, "df@caxton", text)).toBe(200);
    expect((await answer).performative).toBe("inform");
  }
  await using server = await startServer(options);
  const got = other.next();
  const sent = { performative: "request", capability: "painting", content: "a door" };
  expect(await server.ask("POST", "/api/v1/messages", sent)).toMatchObject({
    body: { status: "accepted", recipients: ["painter@elsewhere"] },
  });
  expect(await got).toMatchObject({ performative: "request", content: "a door" });
});

test("a server with fipa enabled publishes its address and lists its agents in its directory", async () => {
  using other = await otherPlatform();
  await using server = await startServer({ settings: { "fipa.enabled": true, "fipa.port": 0 } });
  const url = server.started.fipaUrl ?? "";
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/acc$/);
  const content = "((action (agent-identifier :name ams@caxton) (search (ams-agent-description))))";
  const me = agentIdentifier("probe@elsewhere", [other.address]);
  const text = `(request :language fipa-sl0 :reply-with r1 :content "${content}")`;
  const answer = other.next();
  expect(await write(url, me, "ams@caxton", text)).toBe(200);
  expect(await answer).toMatchObject({ performative: "inform", inReplyTo: "r1", sender: { name: "ams@caxton" } });
});

test("a program's answer to a message id reaches another platform as an answer to its own reply-with, after a restart too", async () => {
  using other = await otherPlatform();
  using directory = tempDirectory();
  const options = {
    directory: directory.path,
    settings: { "fipa.enabled": true, "fipa.port": 0, "agents.directory": "none" },
  };
  const me = agentIdentifier("probe@elsewhere", [other.address]);
  {
    await using server = await startServer(options);
    await Program.register(server.url, "clerk");
    for (const word of [":reply-with ZRW1 :conversation-id c1", ":conversation-id c2"]) {
      const text = `(request ${word} :X-MyParam Kept :content "")`;
      expect(await write(server.started.fipaUrl ?? "", me, "clerk@caxton", text)).toBe(200);
    }
  }
  await using server = await startServer(options);
  const answered: (readonly [string | undefined, string | undefined])[] = [];
  for (let count = 0; count < 2; count += 1) {
    const mailbox = `/api/v1/mailboxes/clerk`;
    const { items } = Leased.parse((await server.ask("POST", `${mailbox}/fetch?max=1&wait=20`)).body);
    for (const { handle, message } of items) {
      expect(message).toMatchObject({ content: "", parameters: { "X-MyParam": "Kept" } });
      const { id, sender, conversation_id } = message;
      const got = other.next();
      const answer = { performative: "inform", sender: "clerk", receiver: sender, conversation_id, in_reply_to: id };
      await server.ask("POST", "/api/v1/messages", { ...answer, content: "done" });
      await server.ask("POST", `${mailbox}/settle`, { done: [handle] });
      const { conversationId, inReplyTo } = await got;
      answered.push([conversationId, inReplyTo]);
    }
  }
  expect(answered).toEqual([
    ["c1", "ZRW1"],
    ["c2", undefined],
  ]);
});

test("an answer without a conversation id belongs to the conversation of the message that it answers", async () => {
  using other = await otherPlatform();
  const agents = { "painter@elsewhere": other.address };
  await using server = await startServer({
    settings: { "fipa.enabled": true, "fipa.port": 0, "fipa.agents": agents, "agents.directory": "none" },
  });
  const got = other.next();
  const asked = { performative: "request", protocol: "fipa-request", receiver: "painter@elsewhere", content: "a door" };
  const waiting = server.ask("POST", "/api/v1/messages?wait=30", asked);
  const { replyWith } = await got;
  const me = agentIdentifier("painter@elsewhere", [other.address]);
  const text = `(inform :protocol fipa-request :in-reply-to "${replyWith}" :content "painted")`;
  expect(await write(server.started.fipaUrl ?? "", me, "user@caxton", text)).toBe(200);
  expect(await waiting).toMatchObject({ body: { reply: { performative: "inform", content: "painted" } } });
});

test("agents that use one conversation id have a conversation each, and see the id that they gave", async () => {
  using other = await otherPlatform();
  await using server = await startServer({
    settings: { "fipa.enabled": true, "fipa.port": 0, "agents.directory": "none" },
  });
  const clerk = await Program.register(server.url, "clerk");
  const trade = async (name: string, text: string) => {
    const me = agentIdentifier(name, [other.address]);
    const said = `(request :conversation-id book-trade :reply-with ${name} :content "${text}")`;
    expect(await write(server.started.fipaUrl ?? "", me, "clerk@caxton", said)).toBe(200);
    const got = await clerk.next();
    const answer = other.next();
    await clerk.answer(got, { performative: "inform", content: "sold" });
    const { receiver, conversationId, inReplyTo } = await answer;
    expect([receiver[0]?.name, conversationId, inReplyTo]).toEqual([name, "book-trade", name]);
    return got.message["conversation_id"];
  };
  expect(await trade("ann@elsewhere", "one")).toBe("book-trade");
  expect(await trade("bob@elsewhere", "two")).toBe("book-trade (bob@elsewhere)");
  expect(await trade("ann@elsewhere", "three")).toBe("book-trade");
  expect(await trade("bob@elsewhere", "four")).toBe("book-trade (bob@elsewhere)");
});

test("an answer goes to the agent of another platform that reply-to names", async () => {
  using other = await otherPlatform();
  await using server = await startServer({
    settings: { "fipa.enabled": true, "fipa.port": 0, "agents.directory": "none" },
  });
  const clerk = await Program.register(server.url, "clerk");
  const boss = `(set (agent-identifier :name boss@elsewhere :addresses (sequence ${other.address})))`;
  const text = `(request :reply-to ${boss} :reply-with r1 :content "a door")`;
  const me = agentIdentifier("probe@elsewhere", [other.address]);
  expect(await write(server.started.fipaUrl ?? "", me, "clerk@caxton", text)).toBe(200);
  const got = await clerk.next();
  const answer = other.next();
  await clerk.answer(got, { performative: "inform", content: "painted" });
  expect(await answer).toMatchObject({ inReplyTo: "r1", receiver: [{ name: "boss@elsewhere" }] });
});
