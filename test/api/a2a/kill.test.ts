import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StreamResponse, TaskState } from "@a2a-js/sdk";
import { expect, test } from "vitest";
import { CaxtonProcess } from "../../helpers/process.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { verifies } from "../../helpers/verifies.ts";
import { answerOk, type Received, startReceiver } from "../../webhooks/receiver.ts";
import { connect, request } from "./clients.ts";

verifies("api.a2a-push");

const AGENT = `name = "clerk"\nversion = "1.0.0"\ncapabilities = ["writing"]\nsystem_prompt = "Repeat the request."\n`;
const KILLS = 3;
const TASKS = 4;

async function serve(cwd: string) {
  const server = new CaxtonProcess(["serve", "-o", "json"], { cwd });
  const [, url = ""] = await server.printed(/"url":"(http:[^"]+)"/);
  await expect.poll(async () => (await fetch(`${url}/ready`)).status).toBe(200);
  return { server, url, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** The task that a notification is of, and whether the task has completed. */
function read({ body }: Received): { readonly task: string; readonly isEnd: boolean } {
  const { payload } = StreamResponse.fromJSON(JSON.parse(body));
  if (payload?.$case === "task")
    return { task: payload.value.id, isEnd: payload.value.status?.state === TaskState.TASK_STATE_COMPLETED };
  if (payload?.$case !== "statusUpdate") throw new Error(`${payload?.$case} is not expected`);
  return { task: payload.value.taskId, isEnd: false };
}

test("a server that is killed between a state of a task and its notification sends it after the restart", async () => {
  using place = tempDirectory();
  await using receiver = await startReceiver();
  mkdirSync(join(place.path, "agents"));
  writeFileSync(join(place.path, "agents/clerk.toml"), AGENT);
  const config = `[server]\nport = 0\n[models]\ndefault = "mock"\n[webhooks]\nprivate_origins = ["${receiver.origin}"]\n`;
  writeFileSync(join(place.path, "caxton.toml"), config);
  const taskPushNotificationConfig = {
    tenant: "",
    taskId: "",
    id: "",
    url: receiver.url,
    token: "token",
    authentication: undefined,
  };
  const configuration = {
    acceptedOutputModes: [],
    taskPushNotificationConfig,
    historyLength: undefined,
    returnImmediately: true,
  };
  const tasks: string[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    await using running = await serve(place.path);
    const a2a = await connect(running.url, "clerk");
    // The receiver has a notification, and the server is killed before it gets the response; others are not sent yet.
    const hit = Promise.withResolvers<void>();
    receiver.answer(() => hit.resolve());
    for (let count = 0; count < TASKS; count += 1) {
      const sent = await a2a.sendMessage({ ...request(`Say ${kill}-${count}`), configuration });
      if ("messageId" in sent) throw new Error("the answer is a message");
      tasks.push(sent.id);
    }
    await hit.promise;
    running.server.kill("SIGKILL");
    await running.server.ended();
  }
  receiver.answer(answerOk);
  await using running = await serve(place.path);
  const ended = () => new Set(receiver.received.map(read).flatMap(({ task, isEnd }) => (isEnd ? [task] : [])));
  await expect.poll(() => [...ended()].toSorted(), { timeout: 60_000 }).toEqual(tasks.toSorted());
  const pending = async () => {
    const counts = tasks.map(async (task) => {
      const { items } = Object(await (await fetch(`${running.url}/api/v1/runs/${task}/notifications`)).json());
      const webhook = await (await fetch(`${running.url}/api/v1/webhooks/${items[0].webhook}`)).json();
      return Object(webhook).pending;
    });
    return (await Promise.all(counts)).filter((count) => count !== 0);
  };
  await expect.poll(pending, { timeout: 60_000 }).toEqual([]);
  // A repeated notification has its id again: each task has one that says its end.
  const endsOf = new Map<string, Set<unknown>>();
  for (const received of receiver.received) {
    const { task, isEnd } = read(received);
    if (isEnd) endsOf.getOrInsertComputed(task, () => new Set()).add(received.headers["webhook-id"]);
  }
  expect([...endsOf.values()].map(({ size }) => size)).toEqual(tasks.map(() => 1));
  expect(receiver.received.every(({ headers }) => headers["x-a2a-notification-token"] === "token")).toBe(true);
}, 300_000);
