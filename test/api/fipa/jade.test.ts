import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Address, Message } from "../../../src/messaging/acl/index.ts";
import * as contract from "../../../src/api/contract/index.ts";
import { Program } from "../../helpers/program.ts";
import { startServer, type TestServer } from "../../helpers/server.ts";
import { Signer } from "../../helpers/signer.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { type JadePlatform, startJade } from "./jade/platform.ts";
import { type FipaWorld, openFipa } from "./world.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("fipa.transport");

const directory = tempDirectory();
let jade: JadePlatform;
let world: FipaWorld;
let server: TestServer;

beforeAll(async () => {
  jade = await startJade(directory.path);
  world = await openFipa({
    "resp@jadetest": jade.address,
    "df@jadetest": jade.address,
    "ams@jadetest": jade.address,
    "nonexistent@jadetest": jade.address,
  });
  server = await openServer();
}, 60_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
  await jade[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

/** A whole server that knows the agent `peer`. */
const openServer = () =>
  startServer({
    settings: { "fipa.enabled": true, "fipa.port": 0, "fipa.agents": { "peer@jadetest": jade.address } },
  });

const to = (...names: readonly string[]): Address => ({ type: "receivers", names });
const text = (words: string) => ({ type: "text", text: words }) as const;
const acts = (messages: readonly Message[]) => messages.map(({ performative }) => performative);
const said = (message: Message | undefined): string =>
  message?.content.type === "text" ? message.content.text.replaceAll(/\s+/g, " ") : JSON.stringify(message?.content);
const request = { performative: "request", protocol: "fipa-request" } as const;

/** The result that a JADE agent reports when it asked one of ours, or called it for a proposal. */
const through = async (name: string, language: string, words: string, how: "ask" | "call" = "ask") => {
  const content = text(`${how} ${name} ${world.transport.url} ${language} ${words}`);
  return said((await world.ask({ ...request, address: to("resp@jadetest"), content }, "inform")).at(-1));
};

describe("agents of ours speak to agents of a JADE platform", () => {
  test("a request is agreed to and done, with quotes and backslashes whole", async () => {
    const words = String.raw`translate "green" from C:\temp\ \"now\"`;
    const got = await world.ask({ ...request, address: to("resp@jadetest"), content: text(words) }, "inform");
    expect(acts(got)).toEqual(["agree", "inform"]);
    expect(said(got[1])).toBe(`done: ${words}`);
  });

  test("JSON arrives whole, though JADE answers in ASCII", async () => {
    const value = { task: "Grüße", list: [1, "é 😀"] };
    const got = await world.ask(
      { ...request, address: to("resp@jadetest"), content: { type: "json", value } },
      "inform",
    );
    expect(said(got[1])).toMatch(/^done: /);
    expect(JSON.parse(said(got[1]).slice(6))).toEqual(value);
  });

  test("a request is refused", async () => {
    const got = await world.ask({ ...request, address: to("resp@jadetest"), content: text("please refuse") }, "refuse");
    expect(said(got.at(-1))).toBe("not today");
  });

  test("a contract net comes to its end", async () => {
    const net = { protocol: "fipa-contract-net", address: to("resp@jadetest") } as const;
    const [bid] = await world.ask({ ...net, performative: "cfp", content: text("price?") }, "propose");
    expect(said(bid)).toBe('{"cost": 5}');
    const award = {
      ...net,
      performative: "accept-proposal",
      content: text("go"),
      conversationId: bid?.conversationId,
      inReplyTo: bid?.replyWith,
    } as const;
    const got = await world.ask(award, "inform");
    expect(said(got.at(-1))).toBe("delivered");
  });

  test("their directory is searched, and their platform described", async () => {
    const management = { ...request, language: "fipa-sl0", ontology: "FIPA-Agent-Management" } as const;
    const search =
      "((action (agent-identifier :name df@jadetest) (search (df-agent-description :services (set (service-description :type translation))) (search-constraints :max-results 10))))";
    const found = await world.ask({ ...management, address: to("df@jadetest"), content: text(search) }, "inform");
    expect(said(found.at(-1))).toContain("resp@jadetest");
    const platform = "((action (agent-identifier :name ams@jadetest) (get-description)))";
    const replies = await world.ask({ ...management, address: to("ams@jadetest"), content: text(platform) }, "inform");
    expect(said(replies.at(-1))).toContain("ap-description");
  });

  test("an agent that they do not have is said not to be there by their management", async () => {
    const got = await world.ask({ ...request, address: to("nonexistent@jadetest"), content: text("hello") }, "failure");
    expect(got.at(-1)).toMatchObject({ sender: "nonexistent@jadetest", error: { code: "AGENT_NOT_FOUND" } });
  });
});

describe("agents of a JADE platform speak to ours", () => {
  test("a request is done by our agent", async () => {
    expect(await through("echo@caxton", "english", "hello there")).toBe("INFORM from echo@caxton: hello there");
  });

  test("a request is refused by our agent", async () => {
    expect(await through("echo@caxton", "english", "please refuse")).toBe("REFUSE from echo@caxton: not today");
  });

  test("a contract net that they begin comes to its end", async () => {
    expect(await through("echo@caxton", "english", "price?", "call")).toBe(
      "INFORM from echo@caxton: delivered for a bid: price?",
    );
  });

  test("our management agent reports an agent that does not exist", async () => {
    expect(await through("nonexistent@caxton", "english", "hello")).toMatch(
      /^FAILURE from ams@caxton: there is no .*nonexistent/,
    );
  });

  test("our directory is searched, our platform described, and they register in it", async () => {
    const df = (act: string) =>
      through("df@caxton", "fipa-sl0", `((action (agent-identifier :name df@caxton) (${act})))`);
    expect(await df("search (df-agent-description :services (set (service-description :type echoing)))")).toMatch(
      /^INFORM from df@caxton: \(\(result .*echo@caxton/,
    );
    expect(
      await through("ams@caxton", "fipa-sl0", "((action (agent-identifier :name ams@caxton) (get-description)))"),
    ).toContain(world.transport.url);
    const me =
      "(df-agent-description :name (agent-identifier :name resp@jadetest) :services (set (service-description :name t :type Text-Translation)))";
    expect(await df(`register ${me}`)).toMatch(/^INFORM .*\(\(done /);
    expect(await df(`register ${me}`)).toContain("already-registered");
    const providers = () => world.directory.providers("default", "text-translation").map(({ name }) => name);
    expect(providers()).toEqual(["resp@jadetest"]);
    const address: Address = {
      type: "capability",
      capability: "text-translation",
      version: undefined,
      fallbackVersions: [],
      strategy: undefined,
    };
    const got = await world.ask({ ...request, address, content: text("by capability") }, "inform");
    expect(said(got.at(-1))).toBe("done: by capability");
    expect(await df(`deregister ${me}`)).toContain("done");
    expect(providers()).toEqual([]);
  });
});

const { MessageReceipt } = contract.messages;
const { Task } = contract.tasks;

/** What the agent `peer` answers to a command; its own protocol behaviours do it. */
async function command(words: string) {
  const message = { performative: "request", receiver: "peer@jadetest", ontology: "command", content: words };
  const { body } = await server.ask("POST", "/api/v1/messages?wait=30", message);
  return MessageReceipt.parse(body).reply?.["content"];
}

/** A program that answers each message by its id, until it has said the last of `answers`. */
async function answering(
  program: Program,
  answers: Readonly<Record<string, readonly [string, string][]>>,
  last: string,
) {
  for (;;) {
    const got = await program.next();
    const act = String(got.message["performative"]);
    for (const [performative, content] of answers[act] ?? [])
      await program.answer(got, { performative, content, in_reply_to: got.message["id"] });
    if (act === last) return;
  }
}

describe("JADE's own protocol behaviours and programs that answer by message id", () => {
  test("an AchieveREInitiator hears the agreement and the result", async () => {
    const clerk = await Program.register(server.url, "clerk");
    const url = server.started.fipaUrl ?? "";
    const asked = command(`ask clerk@caxton ${url} count the rows`);
    await answering(
      clerk,
      {
        request: [
          ["agree", "on it"],
          ["inform", "7 rows"],
        ],
      },
      "request",
    );
    expect(await asked).toBe("AGREE clerk: on it, INFORM clerk: 7 rows");
  });

  test("a ContractNetInitiator hears proposals, and the result of the one it accepts", async () => {
    const dear = await Program.register(server.url, "dear");
    const cheap = await Program.register(server.url, "cheap");
    const url = server.started.fipaUrl ?? "";
    const called = command(`call dear@caxton,cheap@caxton ${url} a bridge`);
    const over = answering(dear, { cfp: [["propose", "9"]] }, "reject-proposal");
    await answering(cheap, { cfp: [["propose", "4"]], "accept-proposal": [["inform", "a bridge"]] }, "accept-proposal");
    await over;
    expect(await called).toBe("PROPOSE cheap: 4, PROPOSE dear: 9, INFORM cheap: a bridge");
  });
});

/** The task once it is over. */
async function settled(wanted: object) {
  const body = { name: "a bridge", distribute: true, max_wait_seconds: 20, ...wanted };
  let now = Task.parse((await server.ask("POST", "/api/v1/tasks", body)).body);
  while (!["done", "failed", "cancelled"].includes(now.status)) {
    const path = `/api/v1/tasks/${now.id}?wait_seconds=30&after_version=${now.version}`;
    now = Task.parse((await server.ask("GET", path)).body);
  }
  return now;
}

describe("JADE agents in tasks", () => {
  const won = { status: "done", assigned_to: "peer@jadetest" };

  test("a ContractNetResponder that is named wins and delivers", async () => {
    expect(await settled({ participants: ["peer@jadetest"] })).toMatchObject(won);
  });

  test("one that registered with df is listed as a provider, found and awarded by capability, until it deregisters", async () => {
    const url = server.started.fipaUrl ?? "";
    expect(await command(`register ${url} Bridge-Building`)).toBe("registered");
    const providers = async () => (await server.ask("GET", "/api/v1/capabilities/bridge-building")).body;
    expect(await providers()).toMatchObject({ providers: [{ agent: "peer@jadetest", source: "fipa" }] });
    const found = await server.ask("POST", "/api/v1/tools/messages/find_agents/call", {
      arguments: { capability: "bridge-building" },
    });
    expect(found.body).toMatchObject({ text: expect.stringContaining("peer@jadetest") });
    expect(await settled({ requirements: { capabilities: ["bridge-building"] } })).toMatchObject(won);
    expect(await command(`deregister ${url}`)).toBe("deregistered");
    expect(await providers()).toMatchObject({ providers: [] });
  });
});

describe("JADE's directory services and parameters", () => {
  test("an AMS search without a limit finds our agents", async () => {
    expect(await command(`agents ${server.started.fipaUrl} -1`)).toContain("@caxton");
  });

  test("user-defined parameters keep their case both ways, and a content may be empty", async () => {
    const message = { performative: "request", receiver: "peer@jadetest", ontology: "command", content: "" };
    const parameters = { "X-MyParam": "Kept" };
    const { body } = await server.ask("POST", "/api/v1/messages?wait=30", { ...message, parameters });
    expect(MessageReceipt.parse(body).reply).toMatchObject({ parameters: { "X-MyAnswer": "as Kept" } });
  });

  test("a signed message is answered as an unsigned one is", async () => {
    const signer = new Signer();
    await Program.register(server.url, "signer");
    await server.ask("POST", "/api/v1/participants/signer/keys", { public_key: signer.publicKey });
    const id = randomUUID();
    const message = signer.sign({
      id,
      workspace: "default",
      performative: "request",
      sender: "signer",
      receiver: "peer@jadetest",
      conversation_id: id,
      ontology: "command",
      content: "",
      parameters: { "X-MyParam": "Signed" },
    });
    const { body } = await server.ask("POST", "/api/v1/messages?wait=30", message);
    expect(MessageReceipt.parse(body).reply).toMatchObject({ parameters: { "X-MyAnswer": "as Signed" } });
  });
});
