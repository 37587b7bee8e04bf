import { expect, test } from "vitest";
import { RunDetail, RunTree } from "../../src/api/contract/runs/runs.ts";
import { caxton } from "../cli/caxton.ts";
import { startServer } from "../helpers/server.ts";

const CLERK = `name = "clerk"
version = "1.0.0"
capabilities = ["clerical-work"]
agents = ["data-analyzer"]
system_prompt = "Delegate questions about tables."
`;
const chart = (by: string) =>
  `Ask the agent data-analyzer to chart the mean body mass per ${by} in examples/data/penguins.csv`;

test("files that a delegate creates are files of the run that delegated, each under a name of its own", async () => {
  await using server = await startServer({ files: { "examples/agents/clerk.toml": CLERK } });
  const { body } = await server.ask("POST", "/api/v1/runs", {
    agent: "clerk",
    input: `${chart("species")} and ${chart("island")}`,
    wait: true,
  });
  const run = RunDetail.parse(body);
  expect(run.state).toBe("completed");
  expect(run.artifacts).toHaveLength(2);
  expect(new Set(run.artifacts.map(({ name }) => name)).size).toBe(2);
  const calls = run.step_list.flatMap((step) => (step.kind === "tool" ? [step] : []));
  expect(calls.flatMap(({ artifacts }) => artifacts.map(({ id }) => id)).toSorted()).toEqual(
    run.artifacts.map(({ id }) => id).toSorted(),
  );
  expect(run.output).not.toContain("shown to the user");
  for (const { artifacts, text } of calls) expect(text).toContain(`(file ${artifacts[0]?.name},`);
  const bytesOf = async (url: string) => (await fetch(`${server.url}${url}`)).text();
  const tree = RunTree.parse((await server.ask("GET", `/api/v1/runs/${run.id}/tree`)).body);
  const below = await Promise.all(
    tree.items.slice(1).map(async ({ id }) => RunDetail.parse((await server.ask("GET", `/api/v1/runs/${id}`)).body)),
  );
  const original = await Promise.all(below.flatMap(({ artifacts }) => artifacts.map(({ url }) => bytesOf(url))));
  const copied = await Promise.all(run.artifacts.map(({ url }) => bytesOf(url)));
  expect(copied.toSorted()).toEqual(original.toSorted());
  expect(copied.every((svg) => svg.includes("<svg"))).toBe(true);
  // The copies stay when the runs below are deleted.
  for (const { id } of below) await server.ask("DELETE", `/api/v1/runs/${id}`);
  expect(await Promise.all(run.artifacts.map(({ url }) => bytesOf(url)))).toEqual(copied);
  const replayed = await caxton(["run", "replay", run.id], { server: server.url, cwd: server.directory });
  expect(replayed).toMatchObject({ code: 0 });
});
