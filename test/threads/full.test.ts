import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { mint, RunId } from "../../src/kernel/ids.ts";
import { LIMITS } from "../../src/kernel/quantities.ts";
import { codeOf, WorkspaceServer } from "../helpers/workspaces.ts";

/** Puts copies of the first turn of a thread before it; returns the oldest. */
function lengthen(file: string, first: string, turns: number): RunId {
  using database = new DatabaseSync(file, { timeout: 5_000 });
  database.exec("BEGIN IMMEDIATE");
  database.prepare("CREATE TEMP TABLE turn AS SELECT * FROM runs WHERE id = ?").run(first);
  const change = database.prepare("UPDATE turn SET id = ?, thread_parent = ?");
  const add = database.prepare("INSERT INTO runs SELECT * FROM turn");
  const events = database.prepare(
    "INSERT INTO journal (run_id, at_ms, body) SELECT ?, at_ms, body FROM journal WHERE run_id = ? ORDER BY seq",
  );
  const runs = Array.from({ length: turns }, () => mint(RunId));
  for (const [at, run] of runs.entries()) {
    change.run(run, runs[at - 1] ?? null);
    add.run();
    events.run(run, first);
  }
  database.prepare("UPDATE runs SET thread_parent = ? WHERE id = ?").run(runs.at(-1) ?? null, first);
  database.exec("COMMIT");
  const [oldest] = runs;
  if (oldest === undefined) throw new Error("there are turns");
  return oldest;
}

test(`a thread of ${LIMITS.threadTurnsMax} turns is full, and all turns of a fork that has more can be exported and shown`, async () => {
  await using server = await WorkspaceServer.start({ script: [{ text: "answer" }] });
  const ask = (method: string, path: string, body?: object) =>
    server.ask("default", method, `/api/v1/threads${path}`, body);
  const { id } = contract.threads.Thread.parse((await ask("POST", "", { agent: "greeter" })).body);
  const say = (thread: string, more: object = {}) =>
    ask("POST", `/${thread}/messages`, { input: "hello", wait: true, ...more });
  const { run } = contract.threads.Sent.parse((await say(id)).body);
  // The next turn stores what the first one left, and so the turns put before it are not read for it.
  await say(id);
  const oldest = lengthen(join(server.server.directory, ".caxton/caxton.db"), run.id, LIMITS.threadTurnsMax - 1);

  const refused = await say(id);
  expect([refused.status, codeOf(refused)]).toEqual([409, "THREAD_FULL"]);
  expect(refused.body).toMatchObject({ hint: `Continue in a fork: caxton thread fork ${id}` });

  const fork = contract.threads.Thread.parse((await ask("POST", `/${id}/fork`)).body);
  const response = await fetch(`${server.url}/api/v1/threads/${fork.id}/export`, {
    headers: { "x-api-key": server.admin },
  });
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += part.value;
    if (text.split("\n").length > 2) break;
  }
  await reader.cancel();
  expect(JSON.parse(text.split("\n")[1] ?? "")).toMatchObject({ type: "turn", turn: { run: oldest } });

  const shown = await ask("PATCH", `/${fork.id}`, { head: oldest });
  expect(shown.body).toMatchObject({ head: oldest });
}, 60_000);
