import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { repository, startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";
import { type GrpcClient, grpcClient } from "./client.ts";

verifies("api.grpc");

let server: TestServer;
let client: GrpcClient;
beforeAll(async () => {
  server = await startServer();
  client = await grpcClient(server.url);
});
afterAll(async () => {
  client?.close();
  await server?.[Symbol.asyncDispose]();
});

const source = (version: string) =>
  `name = "porter"\nversion = "${version}"\ncapabilities = ["opening"]\nsystem_prompt = "Open."\n[llm]\nmodel = "mock"\n`;
const Agent = z.object({ revision: z.number() });
const Receipt = z.object({
  status: z.string(),
  conversation_id: z.string(),
  reply: z.object({ fields: z.looseObject({ performative: z.object({ stringValue: z.string() }) }) }),
});
const Event = z.object({ event: z.looseObject({ type: z.string() }) });
/** A google.protobuf.Struct. */
const struct = (fields: Readonly<Record<string, string>>) => ({
  fields: Object.fromEntries(Object.entries(fields).map(([name, stringValue]) => [name, { stringValue }])),
});
const WAITING = {
  body: struct({ receiver: "porter", performative: "request", content: "Open the door." }),
  wait: 20,
};

test("each method that the guide names in place of one of the original services does its task", async () => {
  const called = new Set<string>();
  const call = (service: string, method: string, request: object) => {
    called.add(`${service}.${method}`);
    return client.call(service, method, request);
  };
  const stream = (service: string, method: string, request: object) => {
    called.add(`${service}.${method}`);
    return client.open(service, method, request);
  };
  for (const version of ["1.0.0", "2.0.0"]) await call("AgentService", "DeployAgent", { source: source(version) });
  expect(Agent.parse(await call("AgentService", "RollbackAgent", { name: "porter" })).revision).toBe(1);
  const activated = await call("AgentService", "ActivateAgent", { name: "porter", revision: 2 });
  expect(Agent.parse(activated).revision).toBe(2);
  expect(JSON.stringify(await call("AgentService", "ListAgents", {}))).toContain("porter");

  const messages = stream("MessageService", "WatchMessage", {});
  const heard = new Promise<string>((resolve, reject) => {
    messages.on("data", (each: unknown) => {
      const text = JSON.stringify(each);
      if (text.includes("Open the door.")) resolve(text);
    });
    messages.on("error", reject);
  });
  const receipt = Receipt.parse(await call("MessageService", "SendMessage", WAITING));
  expect(receipt).toMatchObject({
    status: "accepted",
    reply: { fields: { performative: { stringValue: "inform" } } },
  });
  expect(await heard).toContain(receipt.conversation_id);
  messages.removeAllListeners("error").on("error", () => undefined);
  messages.cancel();

  expect(await call("RunService", "StartRun", { agent: "porter", input: "Open", wait: true })).toMatchObject({
    state: "completed",
  });
  const events: string[] = [];
  for await (const each of stream("RunService", "StartAndWatchRun", { agent: "porter", input: "Open" }))
    events.push(Event.parse(each).event.type);
  expect(events.at(-1)).toBe("end");

  await server.ask("POST", "/api/v1/participants", { name: "bot" });
  await server.ask("POST", "/api/v1/messages", { receiver: ["bot"], performative: "inform", content: "For the bot." });
  expect(JSON.stringify(await call("MailboxService", "FetchMailbox", { name: "bot" }))).toContain("For the bot.");
  await call("ServerService", "GetServerStatus", {});
  expect(JSON.stringify(await call("ServerService", "GetServerMetrics", {}))).not.toBe("{}");
  await call("AgentService", "DeleteAgent", { name: "porter" });
  expect(JSON.stringify(await call("AgentService", "ListAgents", {}))).not.toContain("porter");

  const guide = readFileSync(join(repository, "docs/guides/grpc.md"), "utf8");
  const section = guide.split("\n## ").find((part) => part.startsWith("Methods of the original")) ?? "";
  const cells = section.split("\n").map((line) => line.split(" | ")[1] ?? "");
  const named = cells.flatMap((cell) => [...cell.matchAll(/`([A-Z]\w+Service\.\w+)`/g)].map(([, name]) => name));
  expect(named.filter((name) => !called.has(name ?? ""))).toEqual([]);
  expect(named.length).toBeGreaterThan(12);
});
