import { expect, test } from "vitest";
import * as z from "zod";
import { tempDirectory } from "../helpers/temp.ts";
import { Scraped } from "../helpers/prometheus.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("task.contract-net");

const Leased = z.object({
  items: z.array(z.object({ handle: z.string(), message: z.record(z.string(), z.unknown()) })),
});
type Answer = { readonly performative: string; readonly content: unknown };

/** A program outside that answers what comes to its mailbox, until the signal. */
async function takePart(
  server: TestServer,
  name: string,
  react: (performative: string) => Answer | undefined,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const got = Leased.parse((await server.ask("POST", `/api/v1/mailboxes/${name}/fetch?wait=1`)).body);
    for (const { handle, message } of got.items) {
      const answer = react(String(message["performative"]));
      const rest = { sender: name, receiver: message["reply_to"] ?? message["sender"] };
      const place = { conversation_id: message["conversation_id"], protocol: message["protocol"] };
      if (answer !== undefined) {
        await server.ask("POST", "/api/v1/messages", {
          ...answer,
          ...rest,
          ...place,
          in_reply_to: message["reply_with"],
        });
      }
      await server.ask("POST", `/api/v1/mailboxes/${name}/settle`, { done: [handle] });
    }
  }
}

const bidder = (cost: number, outcome: Answer) => (performative: string) => {
  if (performative === "cfp") return { performative: "propose", content: { cost, estimated_time: 2, confidence: 0.9 } };
  return performative === "accept-proposal" ? outcome : undefined;
};

/** Two programs that provide a capability, both running. */
async function withBidders(server: TestServer, work: () => Promise<void>): Promise<void> {
  const stopping = new AbortController();
  for (const name of ["cheap", "sound"]) {
    await server.ask("POST", "/api/v1/participants", { name });
    const registered = await server.ask("POST", "/api/v1/capabilities", { agent: name, capability: "counting" });
    expect(registered.status, JSON.stringify(registered.body)).toBeLessThan(300);
  }
  const running = [
    takePart(server, "cheap", bidder(1, { performative: "failure", content: "out of memory" }), stopping.signal),
    takePart(server, "sound", bidder(5, { performative: "inform", content: { rows: 344 } }), stopping.signal),
  ];
  try {
    await work();
  } finally {
    stopping.abort();
    await Promise.all(running);
  }
}

test("a task goes to the cheapest, then to the next when that one fails; it is listed, measured and kept", async () => {
  using directory = tempDirectory();
  let id = "";
  {
    await using server = await startServer({ directory: directory.path });
    await withBidders(server, async () => {
      const created = await server.ask("POST", "/api/v1/tasks", {
        name: "count",
        requirements: { capabilities: ["counting"] },
        timeout_seconds: 60,
      });
      expect([created.status, created.body]).toMatchObject([201, { status: "created", progress: 0 }]);
      id = z.object({ task_id: z.string() }).parse(created.body).task_id;
      const given = await server.ask("POST", `/api/v1/tasks/${id}/distribute`, {
        minimize: "bid.cost",
        max_wait_seconds: 20,
      });
      expect(given).toMatchObject({ status: 200, body: { assigned_to: "cheap", proposals_received: 2 } });
      expect(given.body).toMatchObject({
        winning_bid: { agent_id: "cheap", estimated_time: 2, confidence: 0.9, cost: 1 },
      });
      let task = await server.ask("GET", `/api/v1/tasks/${id}`);
      for (
        const Version = z.object({ version: z.int(), progress: z.number() });
        Version.parse(task.body).progress < 1;
      ) {
        const { version } = Version.parse(task.body);
        task = await server.ask("GET", `/api/v1/tasks/${id}?after_version=${version}&wait_seconds=20`);
      }
      expect(task.body).toMatchObject({ status: "done", assigned_to: "sound", awards: 2, result: { rows: 344 } });
      const again = await server.ask("POST", `/api/v1/tasks/${id}/distribute`);
      expect(again).toMatchObject({ status: 409, body: { code: "TASK_STATE" } });
      const figures = await Scraped.from(server);
      const protocol = { protocol: "contract-net" };
      expect(figures.value("caxton_tasks_total", { ...protocol, status: "done" })).toBe(1);
      expect(figures.value("caxton_tasks_total", { ...protocol, status: "failed" })).toBe(0);
      expect(figures.value("caxton_task_success_rate")).toBe(1);
      expect(figures.value("caxton_task_duration_seconds_count", protocol)).toBe(1);
      expect(figures.value("caxton_message_latency_seconds_count")).toBeGreaterThan(3);
    });
    const bad = await server.ask("POST", "/api/v1/tasks", { name: "x", participants: ["a1"], minimize: "bid.cost +" });
    expect(bad).toMatchObject({ status: 400, body: { code: "EXPRESSION_INVALID" } });
    const two = await server.ask("POST", "/api/v1/tasks", { name: "x", minimize: "1", judge: "a1" });
    expect(two).toMatchObject({ status: 400, body: { code: "REQUEST_INVALID" } });
    const empty = await server.ask("POST", "/api/v1/tasks", { name: "x" });
    expect(empty).toMatchObject({ status: 422, body: { code: "TASK_INVALID" } });
  }
  await using server = await startServer({ directory: directory.path });
  expect((await server.ask("GET", "/api/v1/tasks?status=done")).body).toMatchObject({
    items: [{ id, status: "done" }],
  });
  const { items } = z
    .object({ items: z.array(z.object({ provider: z.string(), success_rate: z.number() })) })
    .parse((await server.ask("GET", "/api/v1/performance")).body);
  const rates = Object.fromEntries(items.map(({ provider, success_rate: rate }) => [provider, rate]));
  expect(rates["sound"]).toBeGreaterThan(rates["cheap"] ?? 1);
  expect(await server.ask("GET", `/api/v1/tasks/${id.replace(/.$/u, "0").replace(/^./u, "1")}`)).toMatchObject({
    status: 404,
  });
});

const agent = (name: string, capability: string) =>
  `name = "${name}"\nversion = "1.0.0"\ncapabilities = ["${capability}"]\nsystem_prompt = "You are ${name}."\n`;

const SAID = 'I can do that:\n```json\n{"cost": 2, "confidence": 0.8}\n```';

test("a deployed agent bids with its model and does the work, on behalf of another agent", async () => {
  await using server = await startServer({
    // Said by each run: to the call and to the award.
    script: [{ text: SAID }],
    files: {
      "examples/agents/tally.toml": agent("tally", "tallying"),
      "examples/agents/boss.toml": agent("boss", "bossing"),
    },
  });
  const created = await server.ask("POST", "/api/v1/tasks", {
    name: "count rows",
    owner: "boss",
    requirements: { capabilities: ["tallying"] },
    distribute: true,
  });
  const Seen = z.looseObject({ id: z.string(), version: z.int(), progress: z.number() });
  let task = Seen.parse(created.body);
  while (task.progress < 1) {
    const path = `/api/v1/tasks/${task.id}?after_version=${task.version}&wait_seconds=20`;
    task = Seen.parse((await server.ask("GET", path)).body);
  }
  expect(task).toMatchObject({ status: "done", assigned_to: "tally", result: SAID });
  expect(task).toMatchObject({ bidders: [{ name: "tally", bid: { cost: 2, confidence: 0.8 } }] });
  expect(
    (await server.ask("GET", "/api/v1/runs?agent=boss")).body,
    "its answers start no runs of the owner",
  ).toMatchObject({
    items: [],
  });
});
