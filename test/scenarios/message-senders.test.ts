import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { sendMessage } from "../../src/api/operations/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { Socket } from "../helpers/socket.ts";
import { openWorld } from "../messaging/router/world.ts";

const { LeasedMessages, Participant } = contract.participants;

/** Little room, and a short default lease. */
const settings = { "agents.directory": "none", "messages.mailbox_messages_max": 2, "messages.lease": "150ms" };
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ settings });
}, 60_000);
afterAll(async () => server[Symbol.asyncDispose]());

const program = async (prefix: string): Promise<string> => {
  const name = `${prefix}-${randomUUID().slice(0, 8)}`;
  expect(await server.ask("POST", "/api/v1/participants", { name })).toMatchObject({ status: 200 });
  return name;
};
const inform = (receiver: string, more: object = {}) => ({ performative: "inform", receiver, content: "x", ...more });
const seenAt = async (name: string) =>
  Participant.parse((await server.ask("GET", `/api/v1/participants/${name}`)).body).seen_at;

test("a refusal that passes says when to try again, in the header and in the problem", async () => {
  const full = await program("full");
  for (const _ of [1, 2]) await server.ask("POST", "/api/v1/messages", inform(full));
  const response = await fetch(`${server.url}/api/v1/messages`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(inform(full)),
  });
  expect(response.status).toBe(429);
  const problem = contract.problems.ProblemDetails.parse(await response.json());
  expect(problem).toMatchObject({ code: "MAILBOX_FULL", retry_after_ms: expect.any(Number) });
  expect(response.headers.get("retry-after")).toBe(
    String(Math.max(1, Math.ceil((problem.retry_after_ms ?? 0) / 1_000))),
  );
});

test("who asks for no lease has the configured one: what it does not settle comes again after it", async () => {
  const slow = await program("slow");
  await server.ask("POST", "/api/v1/messages", inform(slow));
  const fetchOnce = async () =>
    LeasedMessages.parse((await server.ask("POST", `/api/v1/mailboxes/${slow}/fetch?wait=20`)).body).items;
  expect(await fetchOnce()).toMatchObject([{ attempt: 1 }]);
  expect(await fetchOnce()).toMatchObject([{ attempt: 2 }]);
  await using socket = await Socket.open(`${server.url.replace("http", "ws")}/api/v1/messages/socket`);
  socket.say({ op: "receive", mailbox: slow });
  expect(await socket.heard("messages")).toMatchObject({ items: [{ attempt: 3 }] });
  expect(await socket.heard("messages")).toMatchObject({ items: [{ attempt: 4 }] });
});

test("a program is seen when it sends, and when it receives over a WebSocket", async () => {
  const [sender, listener] = [await program("sender"), await program("listener")];
  expect([await seenAt(sender), await seenAt(listener)]).toEqual([null, null]);
  await server.ask("POST", "/api/v1/messages", inform(listener, { sender }));
  expect(await seenAt(sender)).not.toBeNull();
  expect(await seenAt(listener)).toBeNull();
  await using socket = await Socket.open(`${server.url.replace("http", "ws")}/api/v1/messages/socket`);
  socket.say({ op: "receive", mailbox: listener });
  await socket.heard("messages");
  expect(await seenAt(listener)).not.toBeNull();
});

test("only who waits for an answer is listened for", async () => {
  const { router, clock } = await openWorld();
  const watch = vi.spyOn(router, "watch");
  const messaging = { router, participants: { seen: () => {} }, limits: { contentBytesMax: 1_000 } };
  const services = { messaging, server: { clock } };
  const gone = new AbortController();
  const call = { signal: gone.signal, asked: undefined };
  const message = { performative: "inform", sender: "ann", receiver: "bob", content: "x" };
  expect(await sendMessage(services, message, { wait: 0, workspace: "default" }, call)).toMatchObject({
    status: "accepted",
    reply: null,
  });
  expect(watch).not.toHaveBeenCalled();
  const waiting = sendMessage(services, message, { wait: 10, workspace: "default" }, call);
  expect(watch).toHaveBeenCalledOnce();
  gone.abort();
  expect(await waiting).toMatchObject({ status: "accepted", reply: null });
});
