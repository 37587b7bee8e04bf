import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Address, Message } from "../../src/messages/index.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { type JadePlatform, startJade } from "./jade/platform.ts";
import { type FipaWorld, openFipa } from "./world.ts";

const directory = tempDirectory();
let jade: JadePlatform;
let world: FipaWorld;

beforeAll(async () => {
  jade = await startJade(directory.path);
  world = await openFipa({
    "resp@jadetest": jade.address,
    "df@jadetest": jade.address,
    "ams@jadetest": jade.address,
    "nobody@jadetest": jade.address,
  });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await jade[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

const to = (...names: readonly string[]): Address => ({ type: "receivers", names });
const text = (words: string) => ({ type: "text", text: words }) as const;
const acts = (messages: readonly Message[]) => messages.map(({ performative }) => performative);
const said = (message: Message | undefined): string =>
  message?.content.type === "text" ? message.content.text.replaceAll(/\s+/g, " ") : JSON.stringify(message?.content);
const request = { performative: "request", protocol: "fipa-request" } as const;

/** What a JADE agent says that came of it when it asked one of ours, or called it for a proposal. */
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
    const told = await world.ask({ ...management, address: to("ams@jadetest"), content: text(platform) }, "inform");
    expect(said(told.at(-1))).toContain("ap-description");
  });

  test("an agent that they do not have is said not to be there by their management", async () => {
    const got = await world.ask({ ...request, address: to("nobody@jadetest"), content: text("hello") }, "failure");
    expect(got.at(-1)).toMatchObject({ sender: "nobody@jadetest", error: { code: "AGENT_NOT_FOUND" } });
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

  test("an agent that we do not have is told by our management", async () => {
    expect(await through("nobody@caxton", "english", "hello")).toMatch(
      /^FAILURE from ams@caxton: there is no .*nobody/,
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
