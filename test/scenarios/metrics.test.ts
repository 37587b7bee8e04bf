import { expect, test } from "vitest";
import * as z from "zod";
import { systemClock } from "../../src/kernel/clock.ts";
import { Scraped } from "../helpers/prometheus.ts";
import { startServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("metrics.format", "metrics.no-negative");

const Task = z.looseObject({ id: z.string(), version: z.int(), progress: z.number() });

test("what happens to messages, tasks and memory is read from /metrics, in a format that scrapers understand", async () => {
  await using server = await startServer();
  const before = await Scraped.from(server);
  expect(before.value("caxton_memory_entity_count"), "an empty memory is reported, too").toBe(0);
  expect(before.value("caxton_task_success_rate"), "of no task there is no share").toBeUndefined();

  await server.ask("POST", "/api/v1/participants", { name: "ann" });
  await server.ask("POST", "/api/v1/capabilities", { agent: "ann", capability: "counting" });
  const send = (message: object) => server.ask("POST", "/api/v1/messages", { performative: "inform", ...message });
  const sent = await send({ id: "01890000-0000-7000-8000-000000000001", capability: "counting", content: 1 });
  expect(sent.status).toBeLessThan(300);
  await send({ id: "01890000-0000-7000-8000-000000000001", capability: "counting", content: 1 });
  await send({ receiver: "nonexistent", content: 2 });
  await send({ capability: 'no "such"\nthing', content: 3 });
  await server.ask("POST", "/api/v1/mailboxes/ann/fetch");

  const created = await server.ask("POST", "/api/v1/tasks", {
    name: "x",
    participants: ["nonexistent"],
    distribute: true,
  });
  let task = Task.parse(created.body);
  while (task.progress < 1) {
    const path = `/api/v1/tasks/${task.id}?after_version=${task.version}&wait_seconds=20`;
    task = Task.parse((await server.ask("GET", path)).body);
  }

  const relations = [{ from: "Ada", to: "Bo", type: "knows" }];
  await server.ask("POST", "/api/v1/memory/entities", { entities: [{ name: "Ada" }, { name: "Bo" }] });
  await server.ask("POST", "/api/v1/memory/relations", { relations });
  await server.ask("POST", "/api/v1/memory/search", { query: "Ada", mode: "keyword" });

  // What there is was counted before, and is counted again after a while only.
  let figures = before;
  await expect.poll(async () => (figures = await Scraped.from(server)).value("caxton_memory_entity_count")).toBe(2);
  expect(figures.value("caxton_messages_total", { status: "accepted" })).toBeGreaterThanOrEqual(1);
  expect(figures.value("caxton_messages_total", { status: "duplicate" })).toBe(1);
  expect(figures.value("caxton_messages_total", { status: "answered" })).toBeGreaterThanOrEqual(1);
  expect(figures.value("caxton_message_latency_seconds_count")).toBeGreaterThanOrEqual(1);
  const routed = figures.all("caxton_message_routing_duration_seconds_count");
  expect(routed.map(({ labels, value }) => [labels, value])).toEqual([[{ capability: "counting" }, 1]]);
  expect(figures.value("caxton_tasks_total", { protocol: "contract-net", status: "failed" })).toBe(1);
  expect(figures.value("caxton_task_success_rate")).toBe(0);
  expect(figures.value("caxton_memory_entities_created_total")).toBe(2);
  expect(figures.value("caxton_memory_relations_created_total")).toBe(1);
  expect(figures.value("caxton_memory_entities_limit")).toBe(100_000);
  expect(figures.value("caxton_memory_vector_count")).toBeGreaterThanOrEqual(2);
  expect(figures.value("caxton_memory_vectors_limit")).toBeGreaterThan(1_000_000);
  expect(figures.value("caxton_memory_search_queries_total")).toBe(1);
  expect(figures.value("caxton_memory_search_duration_seconds_count")).toBe(1);
  expect(figures.value("caxton_memory_search_results_sum")).toBeGreaterThanOrEqual(1);
  expect(figures.value("caxton_memory_embedding_duration_seconds_count")).toBeGreaterThanOrEqual(1);
});

test("without a bound of entities no limit is reported", async () => {
  await using server = await startServer({ settings: { "memory.max_entities": 0 } });
  await server.ask("POST", "/api/v1/memory/entities", { entities: [{ name: "Ada" }] });
  const figures = await Scraped.from(server);
  expect(figures.value("caxton_memory_entity_count")).toBe(1);
  expect(figures.value("caxton_memory_entities_limit")).toBeUndefined();
});

test("no duration is negative after the system's clock was set back", async () => {
  let backMs = 0;
  const clock = { ...systemClock, nowMs: () => Date.now() - backMs };
  await using server = await startServer({ overrides: { clock } });
  const { body: started } = await server.ask("POST", "/api/v1/runs", { agent: "greeter", input: "hello" });
  backMs = 3 * 86_400_000;
  const { id } = z.object({ id: z.string() }).parse(started);
  const run = async () => (await server.ask("GET", `/api/v1/runs/${id}`)).body;
  await expect.poll(run).toMatchObject({ state: "completed" });
  const Ended = z.looseObject({
    duration_ms: z.number().min(0),
    step_list: z.array(z.looseObject({ duration_ms: z.number().min(0) })),
  });
  Ended.parse(await run());
  const { body: calculator } = await server.ask("GET", "/api/v1/tool-servers/calculator");
  z.looseObject({ health: z.looseObject({ uptime_ms: z.number().min(0) }) }).parse(calculator);
  z.looseObject({ uptime_ms: z.number().min(0) }).parse((await server.ask("GET", "/api/v1/status")).body);
  expect((await Scraped.from(server)).value("caxton_server_uptime_seconds")).toBeGreaterThanOrEqual(0);
});
