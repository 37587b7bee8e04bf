import { expect, test } from "vitest";
import { caxton, commandLine } from "../../cli/caxton.ts";
import { startServer } from "../../helpers/server.ts";

test("tasks are created, distributed, listed, shown and cancelled from the command line", async () => {
  await using server = await startServer();
  await server.ask("POST", "/api/v1/participants", { name: "outside" });
  const ask = (...args: string[]) => commandLine(["task", ...args], { server: server.url });
  const [created, none] = await Promise.all([
    ask("create", "count", "--to", "outside", "--data", '{"file":"a.csv"}', "--distribute"),
    ask("create", "count", "--capability", "alchemy", "--watch", "-o", "json"),
  ]);
  expect([created.code, created.stdout]).toEqual([0, expect.stringMatching(/status +collecting[^]*outside +called/u)]);
  expect(JSON.parse(none.stdout)).toMatchObject({ status: "failed", failure: { code: "NO_CANDIDATES" } });
  const [listed, wrong, unclear] = await Promise.all([
    ask("list", "--status", "collecting", "-o", "name"),
    ask("create", "count", "--to", "outside", "--minimize", "bid."),
    ask("get", "ffffffff"),
  ]);
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("EXPRESSION_INVALID") });
  expect(unclear).toMatchObject({ code: 3, stderr: expect.stringContaining("TASK_NOT_FOUND") });
  const id = listed.stdout.trim();
  expect(await caxton(["task", "cancel", id.slice(-8)], { server: server.url })).toMatchObject({
    code: 0,
    stdout: `${id}  cancelled\n`,
  });
  const [shown, again] = await Promise.all([ask("get", id), ask("distribute", id)]);
  expect(shown.stdout).toMatch(/status +cancelled/u);
  expect(again).toMatchObject({ code: 5, stderr: expect.stringContaining("TASK_STATE") });
});

test("an auction is held, followed and shown from the command line", async () => {
  await using server = await startServer();
  await server.ask("POST", "/api/v1/participants", { name: "outside" });
  const ask = (...args: string[]) => commandLine(["task", ...args], { server: server.url });
  const prices = ["--start", "10", "--step", "5"];
  const [begun, none, wrong] = await Promise.all([
    ask("auction", "a slot", "--to", "outside", ...prices),
    ask("auction", "a slot", "--capability", "alchemy", ...prices, "--watch", "-o", "json"),
    ask("auction", "a slot", "--to", "outside", "--dutch", ...prices, "--reserve", "20"),
  ]);
  expect([begun.code, begun.stdout]).toEqual([
    0,
    expect.stringMatching(/price +10 called, from 10 up in steps of 5, reserve 10[^]*outside +called/u),
  ]);
  expect(JSON.parse(none.stdout)).toMatchObject({ protocol: "auction-english", failure: { code: "NO_CANDIDATES" } });
  expect(wrong).toMatchObject({ code: 6, stderr: expect.stringContaining("TASK_INVALID") });
});
