import { TaskState } from "@a2a-js/sdk";
import { expect, test } from "vitest";
import { CLERK, delegating } from "../delegating.ts";
import { runs } from "../../../src/api/contract/index.ts";
import { startServer } from "../../helpers/server.ts";
import { verifies } from "../../helpers/verifies.ts";
import { answerOf, asTask, collect, connect, request } from "./clients.ts";

verifies("api.a2a");

const INPUT = TaskState.TASK_STATE_INPUT_REQUIRED;

test("a task whose delegate needs a person is input-required, and a message to the task answers the delegate", async () => {
  await using server = await startServer(delegating(CLERK));
  const a2a = await connect(server.url, "buyer");
  const events = await collect(a2a.sendMessageStream(request("Buy.")));
  const [begun, last] = [events[0], events.at(-1)];
  if (begun?.$case !== "task" || last?.$case !== "statusUpdate") throw new Error("the stream has other events");
  const { id, contextId } = begun.value;
  expect(last.value.status).toMatchObject({
    state: INPUT,
    message: { parts: [{ content: { value: "Which drawer?" } }, {}] },
  });
  const listed = (status: TaskState) =>
    a2a.listTasks({ tenant: "", contextId, status, pageToken: "", statusTimestampAfter: undefined });
  expect(await listed(INPUT)).toMatchObject({ tasks: [{ id, status: { state: INPUT } }] });
  expect((await listed(TaskState.TASK_STATE_WORKING)).tasks).toEqual([]);

  const answered = asTask(await a2a.sendMessage(request("The upper one", { taskId: id, contextId })));
  expect(answered).toMatchObject({ id, status: { state: INPUT } });
  expect(JSON.stringify(answered.status?.message?.parts)).toContain("approve a call of calculator.evaluate");
  const { items } = runs.RunPage.parse((await server.ask("GET", "/api/v1/runs?agent=clerk")).body);
  const clerk = runs.RunDetail.parse((await server.ask("GET", `/api/v1/runs/${items[0]?.id}`)).body);
  expect(clerk.step_list).toContainEqual(expect.objectContaining({ tool: "user.ask_user", text: "The upper one" }));

  const followed = collect(a2a.resubscribeTask({ tenant: "", id }));
  await server.ask("POST", `/api/v1/approvals/${clerk.approvals[0]?.id}/approve`, { hash: clerk.approvals[0]?.hash });
  await followed;
  await expect
    .poll(async () => (await a2a.getTask({ tenant: "", id })).status?.state)
    .toBe(TaskState.TASK_STATE_COMPLETED);
  expect(answerOf(await a2a.getTask({ tenant: "", id }))).toEqual(["Passed on."]);
});
