import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import * as contract from "../../src/api/contract/index.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { caxton, commandLine, start } from "./caxton.ts";
import { serving } from "./serving.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("message.dead-letters");

const place = tempDirectory();
const cwd = place.path;
let server: Awaited<ReturnType<typeof serving>>;
beforeAll(async () => {
  mkdirSync(join(cwd, "agents"));
  writeFileSync(
    join(cwd, "caxton.toml"),
    "[messages]\nparticipant_tokens = false\nattempts_max = 1\nmailbox_messages_max = 50\n",
  );
  server = await serving({ cwd });
  await said("participant", "register", "billing-bot", "--description", "writes invoices");
}, 60_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

const ask = (...args: string[]) => commandLine(args, { server: server.url, cwd });
const Figures = z.object({ sent: z.int(), accepted: z.int(), delivered: z.int() });
/** What a command prints when it succeeds. */
const said = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await ask(...args);
  expect(code, `${args.join(" ")}: ${stdout}${stderr}`).toBe(0);
  return stdout;
};
/** The same from a process of its own, whose program loads each family of commands when it is called. */
const program = async (...args: string[]): Promise<string> => (await caxton(args, { server: server.url, cwd })).stdout;
const json = async (...args: string[]): Promise<unknown> => JSON.parse(await said(...args, "-o", "json"));

test("a message is sent, waits, is fetched and acknowledged, and the lists show it", { timeout: 60_000 }, async () => {
  expect(await said("message", "send", "--to", "billing-bot", "invoice 42")).toContain("accepted for billing-bot");
  expect(await program("participant", "list")).toMatch(/billing-bot +1 .*writes invoices/);
  expect(await said("participant", "fetch", "billing-bot", "--ack")).toMatch(/1 +1 +request +user +invoice 42/);
  const one = await said("message", "get", "last");
  expect(one).toMatch(/delivery +billing-bot: done/);
  expect(one).toMatch(/\n\ninvoice 42\n$/);
  expect(await said("message", "list", "--to", "billing-bot")).toMatch(/request +user +billing-bot .*invoice 42/);
  const { items } = contract.messages.MessagePage.parse(await json("message", "list"));
  expect(await said("message", "trace", items[0]?.id ?? "", "-o", "name")).toBe(`${items[0]?.id}\n`);
});

test("a dry run reports what is wrong, where and how to fix it, and sends nothing", { timeout: 60_000 }, async () => {
  const { code, stdout } = await ask("message", "send", "--to", "billing-bot", "-p", "requst", "x", "--dry-run");
  expect(code).toBe(2);
  expect(stdout).toMatch(/performative: .*requst.*\n +.*request/);
  expect(await said("message", "send", "--to", "billing-bot", "x", "--dry-run")).toBe(
    "valid; recipients: billing-bot\n",
  );
  const asked = ["message", "send", "--to", "billing-bot", "--protocol", "fipa-request", "x", "--dry-run"];
  expect((await ask(...asked, "--reply-by", "99999999999d")).stdout).toMatch(/reply_by.*99999999999d/);
  expect(await said(...asked, "--reply-by", "10m")).toContain("valid; recipients: billing-bot");
  expect(await said(...asked)).toBe("valid; recipients: billing-bot\nfipa-request: it would begin a conversation\n");
  const refused = await ask("message", "send", "--to", "billing-bot");
  expect(refused).toMatchObject({ code: 2 });
  expect(refused.stderr).toContain("say something");
});

test("sending to an unknown name prints the nearest one and exits with 9", { timeout: 60_000 }, async () => {
  const { code, stdout } = await ask("message", "send", "--to", "biling-bot", "hello");
  expect(code).toBe(9);
  expect(stdout).toMatch(/AGENT_NOT_FOUND[^]*billing-bot/);
});

test(
  "a protocol is found by its short name; the receipt names one that is not checked",
  { timeout: 60_000 },
  async () => {
    await said("participant", "register", "order-bot");
    expect(await said("message", "send", "--to", "order-bot", "--protocol", "order-v2", "x")).toContain(
      "order-v2 is not checked",
    );
    expect(await said("conversation", "protocols", "EnglishAuction")).toMatch(/start +initiator +inform/);
  },
);

test("a temporary refusal says when to retry", { timeout: 60_000 }, async () => {
  await said("participant", "register", "full-bot");
  const one = { performative: "inform", receiver: "full-bot", content: "x" };
  const body = JSON.stringify({ messages: Array.from({ length: 50 }, () => one) });
  const headers = { "content-type": "application/json" };
  await fetch(new URL("/api/v1/messages/batch", server.url), { method: "POST", headers, body });
  const refused = await ask("message", "send", "--to", "full-bot", "x");
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/try again in \d+(\.\d)? ?m?s +\[MAILBOX_FULL\]/);
});

test("an answer is waited for, followed and shown as a conversation", { timeout: 60_000 }, async () => {
  const asking = start(
    ["message", "send", "--to", "billing-bot", "--protocol", "fipa-request", "2 + 2", "--wait", "30s"],
    { server: server.url, cwd },
  );
  const fetched = await json("participant", "fetch", "billing-bot", "--wait", "20", "--ack");
  const [request] = contract.participants.LeasedMessages.parse(fetched).items;
  const { id, conversation_id: conversation } = contract.messages.MessageReceipt.pick({
    id: true,
    conversation_id: true,
  }).parse(request?.message);
  const reply = ["--from", "billing-bot", "--to", "user", "--protocol", "fipa-request", "--conversation", conversation];
  await said("message", "send", ...reply, "-p", "inform", "--in-reply-to", id, "--data", '{"sum":4}');
  const asked = await asking.ended;
  expect(asked.code).toBe(0);
  expect(asked.stdout).toMatch(/inform from billing-bot\n\{\n +"sum": 4/);
  const shown = await said("conversation", "get", "last");
  expect(shown).toMatch(/state +completed \(done\)/);
  expect(shown).toMatch(/user → billing-bot +request\n +2 \+ 2\n.*billing-bot → user +inform/);
  expect(await program("conversation", "list")).toMatch(/completed +fipa-request +user +2/);
  await said("message", "send", "--to", "billing-bot", "and 3 + 3?", "--parent", "last", "--conversation", "branch-1");
  expect(await said("conversation", "get", conversation)).toMatch(/branches +branch-1/);
  expect(await said("conversation", "archive", conversation)).toContain("completed, archived");
  expect(await said("conversation", "list", "--archived", "-o", "name")).toBe(`${conversation}\n`);
  const long = `it's ${"long".repeat(60)}`;
  for (const talk of ["before", long])
    await said("message", "send", "--to", "billing-bot", "--conversation", talk, "more");
  const { stderr } = await ask("conversation", "list", "--limit", "1");
  const [, cursor = ""] = /others: --cursor (\S+)\n/.exec(stderr) ?? [];
  const older = await said("conversation", "list", "--cursor", cursor, "-o", "name");
  expect(older.split("\n")[0]).toBe("before");
  expect(await ask("conversation", "get", "before", "--cursor", cursor)).toMatchObject({ code: 2 });
});

test(
  "a tail shows messages as they come, a list conversations, until it is interrupted",
  { timeout: 60_000 },
  async () => {
    const list = start(["conversation", "list", "--follow", "-o", "jsonl", "--with", "billing-bot", "--limit", "1"], {
      server: server.url,
      cwd,
    });
    let listed = "";
    const followed = new Promise<void>((resolve) => {
      list.child.stdout.on("data", (data: Buffer) => {
        listed += data.toString("utf8");
        if (listed.split("\n").length > 2) resolve();
      });
    });
    const tail = start(["message", "tail", "--last", "0", "-o", "jsonl", "--to", "billing-bot"], {
      server: server.url,
      cwd,
    });
    const lines: string[] = [];
    tail.child.stdout.on("data", (data: Buffer) => lines.push(data.toString("utf8")));
    const sending = setInterval(() => void ask("message", "send", "--to", "billing-bot", "-p", "inform", "tick"), 500);
    await Promise.all([once(tail.child.stdout, "data"), followed]);
    clearInterval(sending);
    list.child.kill("SIGINT");
    expect(await list.ended).toMatchObject({ code: 130 });
    const [, changed] = listed.split("\n");
    expect(JSON.parse(changed ?? "")).toMatchObject({ state: "initiated", participants: [{ name: "billing-bot" }] });
    tail.child.kill("SIGINT");
    expect(await tail.ended).toMatchObject({ code: 130 });
    const event = contract.messages.MessageEvent.parse(JSON.parse(lines[0]?.split("\n")[0] ?? ""));
    expect(event).toMatchObject({ type: "message", message: { content: "tick" } });
  },
);

/** Takes what waits for picky, and refuses it for good. */
const reject = async () => {
  const { items } = contract.participants.LeasedMessages.parse(
    await json("participant", "fetch", "picky", "--wait", "10"),
  );
  const how = { rejected: items.map(({ handle }) => ({ handle, reason: "not my job" })) };
  const headers = { "content-type": "application/json" };
  const path = `${server.url}/api/v1/mailboxes/picky/settle`;
  expect((await fetch(path, { method: "POST", headers, body: JSON.stringify(how) })).status).toBe(200);
};

test("what could not be delivered is listed, exported, sent again and dropped", { timeout: 60_000 }, async () => {
  await said("participant", "register", "picky");
  await said("message", "send", "--to", "picky", "no thanks");
  await reject();
  expect(await said("message", "dead-letter", "list")).toMatch(
    /user +picky +request +1 .*DELIVERY_REJECTED +not my job/,
  );
  const id = (await said("message", "dead-letter", "list", "-o", "name")).trim();
  const shown = await said("message", "dead-letter", "get", id);
  expect(shown).toMatch(/cause +DELIVERY_REJECTED: not my job/);
  expect(shown).toMatch(/ATTEMPT +AT +REASON\n1 +\d{4}-\S+Z +not my job\n/);
  await said("message", "dead-letter", "export", "--file", "dead.jsonl");
  expect(contract.messages.DeadLetter.parse(JSON.parse(readFileSync(join(cwd, "dead.jsonl"), "utf8")))).toMatchObject({
    id,
    history: [{ attempt: 1, reason: "not my job" }],
  });
  expect(await said("message", "dead-letter", "retry", "--all", "--to", "picky")).toBe("1 sent again\n");
  await reject();
  expect(await ask("message", "dead-letter", "drop", "--all")).toMatchObject({ code: 2 });
  expect(await said("message", "dead-letter", "drop", "--all", "--yes")).toBe("1 forgotten\n");
  expect((await ask("message", "dead-letter", "list")).stderr).toContain("no dead letters");
});

test("protocols and capabilities are shown as tables", { timeout: 60_000 }, async () => {
  expect(await said("conversation", "protocols")).toMatch(/fipa-contract-net +cfp/);
  expect(await said("conversation", "protocols", "fipa-request")).toMatch(/start +initiator +request/);
  expect((await ask("conversation", "protocols", "fipa-dance")).stderr).toContain("there is no protocol");
  const registered = await said("capability", "register", "billing-bot", "invoicing", "--priority", "80");
  const id = registered.trim().split(" ").at(-1) ?? "";
  expect(await program("capability", "list")).toMatch(/invoicing +1 +1 +billing-bot/);
  expect(await said("capability", "get", "invoicing")).toMatch(
    /billing-bot +1\.0\.0 +active +80 +0\.\d\d +\d+\.\d +registration/,
  );
  expect(await said("capability", "update", id, "--status", "draining")).toContain("draining");
  expect((await ask("capability", "list", "--available")).stderr).toContain("no agent names a capability");
  await said("capability", "unregister", id);
  await said("participant", "register", "brief");
  await said("participant", "delete", "brief", "--yes");
  const added = await said("subscription", "add", "billing-bot", "orders.#", "--where", "message.content.price > 100");
  const publish = async (price: number) =>
    said("message", "send", "--topic", "orders.new", "-p", "inform", "--data", JSON.stringify({ price }));
  expect(await publish(120)).toContain("accepted for billing-bot");
  expect(await program("subscription", "list")).toMatch(/billing-bot +orders\.# +any +message\.content\.price > 100/);
  await said("subscription", "delete", added.trim().split(" ").at(-1) ?? "");
});

test("a program's token is printed once, when it is registered or replaced, and can be revoked", async () => {
  const first = await said("participant", "register", "cashier");
  expect(first).toMatch(/^cashier can receive messages\nexport CAXTON_TOKEN=cxp_[\w-]{43}\n$/u);
  expect(await said("participant", "register", "cashier")).toContain("the token is unchanged");
  const second = await said("participant", "token", "rotate", "cashier");
  expect(second).toMatch(/export CAXTON_TOKEN=cxp_/u);
  expect(second).not.toBe(first);
  expect(await said("participant", "token", "revoke", "cashier")).toBe("the token of cashier is revoked\n");
});

test("a benchmark sends messages over the API, and leaves none behind", { timeout: 60_000 }, async () => {
  const figures = await json("bench", "messages", "--seconds", "1", "--mailboxes", "3", "--rate", "40", "--batch", "4");
  const { sent, accepted, delivered } = Figures.parse(figures);
  expect(sent).toBeGreaterThan(0);
  expect(figures).toMatchObject({ refused: 0, delivery_ms: { p50: expect.any(Number), p99: expect.any(Number) } });
  expect([accepted, delivered]).toEqual([sent, sent]);
  expect(await said("participant", "list")).not.toContain("bench-");
  expect(await ask("bench", "messages", "--seconds", "0")).toMatchObject({ code: 2 });
});
