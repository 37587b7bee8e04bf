import { join } from "node:path";
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { repository, startServer, type TestServer } from "../helpers/server.ts";

const definitions = join(repository, "examples/messages");

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    files: Object.fromEntries(
      readdirSync(definitions).map((file) => [`examples/agents/${file}`, readFileSync(join(definitions, file))]),
    ),
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const Task = z.looseObject({ task_id: z.string(), status: z.string(), version: z.int() });

test("a contract net: three propose, the cheapest counts, the others are rejected", async () => {
  const created = await server.ask("POST", "/api/v1/tasks", {
    name: "How many rows are in examples/data/penguins.csv?",
    requirements: { capabilities: ["table-reading"] },
    minimize: "bid.cost",
    distribute: true,
  });
  let task = Task.parse(created.body);
  while (!["done", "failed", "cancelled"].includes(task.status)) {
    const query = `after_version=${task.version}&wait_seconds=20`;
    task = Task.parse((await server.ask("GET", `/api/v1/tasks/${task.task_id}?${query}`)).body);
  }
  expect(task).toMatchObject({ status: "done" });
  expect(JSON.stringify(task)).toContain("344 rows");
  const { bidders } = z
    .object({ bidders: z.array(z.looseObject({ name: z.string(), state: z.string() })) })
    .parse(task);
  expect(bidders.map(({ name }) => name).toSorted()).toEqual(["careful-counter", "quick-counter", "thrifty-counter"]);
  expect(bidders.map(({ state }) => state).toSorted()).toEqual(["done", "rejected", "rejected"]);
  const winner = bidders.find(({ state }) => state === "done")?.name ?? "";
  const { items } = z
    .object({ items: z.array(z.object({ id: z.string() })) })
    .parse((await server.ask("GET", `/api/v1/runs?agent=${winner}`)).body);
  const seen = await Promise.all(
    items.map(async ({ id }) => (await server.ask("GET", `/api/v1/runs/${id}/export`)).body),
  );
  for (const rival of bidders.filter(({ name }) => name !== winner))
    expect(JSON.stringify(seen), "a bidder is not shown what its rivals said").not.toContain(rival.name);
});

test("auctions at the same time: each has one winner, ends its conversation, and starts one run a bidder besides the award", async () => {
  const wanted = [
    { protocol: "auction-english", auction: { start: 1, step: 1, deliver: true } },
    { protocol: "auction-english", auction: { start: 10, step: 5 } },
    { protocol: "auction-dutch", auction: { start: 10, step: 5 } },
    { protocol: "auction-sealed", auction: { second_price: true } },
  ];
  const begun = await Promise.all(
    wanted.map(async (auction) => {
      const shared = { name: "how many rows are in examples/data/penguins.csv", distribute: true };
      const requirements = { capabilities: ["table-reading"] };
      return Task.parse((await server.ask("POST", "/api/v1/tasks", { ...shared, requirements, ...auction })).body);
    }),
  );
  for (const { task_id: id } of begun) {
    const path = `/api/v1/tasks/${id}`;
    let task = Task.parse((await server.ask("GET", path)).body);
    while (!["done", "failed", "cancelled"].includes(task.status))
      task = Task.parse((await server.ask("GET", `${path}?after_version=${task.version}&wait_seconds=20`)).body);
    expect(task).toMatchObject({ status: "done", awards: 1 });
    await expect
      .poll(async () => (await server.ask("GET", `/api/v1/conversations/${id}`)).body)
      .toMatchObject({ state: "completed" });
    const { body } = await server.ask("GET", `/api/v1/runs?conversation=${id}`);
    const { items } = z.object({ items: z.array(z.unknown()) }).parse(body);
    expect(items.length).toBeLessThanOrEqual(4);
  }
  expect((await server.ask("GET", "/api/v1/dead-letters")).body).toMatchObject({ items: [] });
});

test("a subscription: an agent gets what is published, where its expression holds, and a run looks at it", async () => {
  const wish = { subscriber: "order-clerk", topic: "orders.*.created", where: "message.content.price > 100" };
  expect((await server.ask("POST", "/api/v1/subscriptions", wish)).status).toBe(200);
  const publish = (price: number) =>
    server.ask("POST", "/api/v1/messages", {
      performative: "inform",
      topic: "orders.eu.created",
      content: { item: "lamp", price },
    });
  expect((await publish(20)).body).toMatchObject({ status: "answered", error: { code: "NO_SUBSCRIBERS" } });
  const { body } = await publish(120);
  expect(body).toMatchObject({ status: "accepted", recipients: ["order-clerk"] });
  const { conversation_id: conversation } = z.looseObject({ conversation_id: z.string() }).parse(body);
  await expect
    .poll(async () => (await server.ask("GET", `/api/v1/runs?conversation=${conversation}`)).body, { timeout: 20_000 })
    .toMatchObject({ items: [{ agent: "order-clerk", state: "completed" }] });
});

test("a pipeline by capability: an agent asks a provider, is suspended, and passes the answer on", async () => {
  const sent = await server.ask("POST", "/api/v1/messages?wait=30", {
    performative: "request",
    receiver: "front-desk",
    content: "ask an agent with the capability arithmetic to calculate 6 * 7",
  });
  expect(sent.body).toMatchObject({
    status: "accepted",
    reply: { performative: "inform", sender: "front-desk", content: expect.stringMatching(/\b42\b/) },
  });
});
