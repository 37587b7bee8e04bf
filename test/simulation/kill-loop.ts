import { strict as assert } from "node:assert";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import * as contract from "../../src/api/contract/index.ts";
import { Chance } from "../fuzz/chance.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { get, PAUSE_MS, post, serve } from "./killed-server.ts";

const Appended = z.object({ content: z.string() });
const AGENT = `name = "writer"
version = "1.0.0"
capabilities = ["writing"]
tools = ["file_system", "text_tools"]
system_prompt = "Write."

[performance]
concurrent_tools = 2

`;
const CONFIG = `[server]
port = 0
[models]
scripted_directory = "scripts"
`;
/** Runs that the observer keeps going. */
const OPEN_MAX = 12;
const KILL_AFTER_MS = 700;

export type KillReport = {
  readonly kills: number;
  readonly accepted: number;
  readonly completed: number;
  /** Lines that calls wrote into files, each of them an effect that may not be doubled unasked. */
  readonly lines: number;
  /** Calls that needed a decision. */
  readonly decided: number;
};

type Decided = { readonly retries: Map<string, number>; decided: number };

/**
 * Kills a real server repeatedly with SIGKILL while an observer, who survives, sends it runs whose tools append lines to
 * files; then lets it end what it accepted. Throws what does not hold: a run that was accepted and is gone, or does not end;
 * a line that is missing, or there more often than the call was made.
 */
export async function killLoop(kills: number, seed: number, onKill = (_done: number): void => {}): Promise<KillReport> {
  using directory = tempDirectory();
  const cwd = directory.path;
  for (const name of ["agents", "scripts", "output"]) mkdirSync(join(cwd, name));
  writeFileSync(join(cwd, "agents/writer.toml"), AGENT);
  writeFileSync(join(cwd, "caxton.toml"), CONFIG);
  const chance = new Chance(seed);
  const accepted: string[] = [];
  const decisions: Decided = { retries: new Map(), decided: 0 };
  for (let done = 0; done < kills; done += 1) {
    await using server = await serve(cwd);
    const untilMs = performance.now() + 100 + chance.below(KILL_AFTER_MS);
    while (performance.now() < untilMs) {
      await observe({ url: server.url, cwd, accepted, decisions, chance }, true);
      await new Promise((resolve) => setTimeout(resolve, chance.below(PAUSE_MS)));
    }
    server.process.kill("SIGKILL");
    onKill(done + 1);
  }
  await using server = await serve(cwd);
  const observer = { url: server.url, cwd, accepted, decisions, chance };
  while ((await observe(observer, false)) > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  return await judge(observer, kills);
}

type Observer = {
  readonly url: string;
  readonly cwd: string;
  readonly accepted: string[];
  readonly decisions: Decided;
  readonly chance: Chance;
};

/** Reads the open runs, decides on waiting calls and sends more runs; returns how many have not ended. It tolerates a server that dies. */
async function observe(observer: Observer, sends: boolean): Promise<number> {
  const { url, accepted } = observer;
  try {
    const open = await page(url, ["queued", "running", "awaiting-approval"]);
    const waiting = await page(url, ["needs-decision"]);
    for (const { id } of waiting) await decide(observer, id);
    if (sends && open.length < OPEN_MAX) accepted.push(await send(observer, accepted.length));
    return open.length + waiting.length;
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    return 1;
  }
}

async function page(url: string, states: readonly string[]): Promise<readonly contract.RunSummary[]> {
  const pages = await Promise.all(
    states.map(async (state) => {
      const response = await fetch(`${url}/api/v1/runs?state=${state}&limit=200`);
      return contract.runs.RunPage.parse(await response.json()).items;
    }),
  );
  return pages.flat();
}

const append = (file: string, line: string) => ({
  name: "file_system__append_file",
  arguments: { path: `output/${file}`, content: `${line}\n` },
});

/** A run with a file and a script of its own. The id is remembered only when the server has said that it has it. */
async function send({ url, cwd, chance }: Observer, number: number): Promise<string> {
  const file = `run-${number}-${chance.word()}.txt`;
  const script = [
    { toolCalls: ["a", "b", "c"].map((line) => append(file, line)), delayMs: chance.below(40) },
    { toolCalls: [append(file, "d"), { name: "text_tools__count", arguments: { text: "one two" } }] },
    { text: file, delayMs: chance.below(80) },
  ];
  writeFileSync(join(cwd, "scripts", `${file}.json`), JSON.stringify(script));
  const response = await post(`${url}/api/v1/runs`, { agent: "writer", input: file, model: `scripted/${file}.json` });
  const body: unknown = await response.json();
  assert.equal(response.status, 202, `${response.status}: ${JSON.stringify(body)}`);
  return contract.runs.RunDetail.parse(body).id;
}

async function decide({ url, decisions, chance }: Observer, id: string): Promise<void> {
  const run = contract.runs.RunDetail.parse(await (await fetch(`${url}/api/v1/runs/${id}`)).json());
  const decision = chance.pick(["retry", "skip"] as const);
  // Counted before it is sent: it may be obeyed although the answer is lost.
  for (const call of run.waiting_calls) {
    decisions.decided += 1;
    if (decision === "retry") decisions.retries.set(call, (decisions.retries.get(call) ?? 0) + 1);
  }
  await post(`${url}/api/v1/runs/${id}/decide`, { decision });
}

async function judge({ url, cwd, accepted, decisions }: Observer, kills: number): Promise<KillReport> {
  let lines = 0;
  for (const id of accepted) {
    const response = await get(`${url}/api/v1/runs/${id}`);
    assert.equal(response.status, 200, `run ${id} was accepted and is gone`);
    const run = contract.runs.RunDetail.parse(await response.json());
    assert.equal(run.state, "completed", `run ${id} is ${run.state}: ${run.failure?.message ?? ""}`);
    const path = join(cwd, "output", run.output);
    const written = existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
    lines += written.length;
    const calls = run.step_list.filter((step) => step.kind === "tool");
    assert.equal(calls.length, 5, `run ${id} made ${calls.length} calls`);
    for (const call of calls.filter(({ tool }) => tool === "file_system.append_file")) {
      const { content } = Appended.parse(call.arguments);
      const count = written.filter((line) => `${line}\n` === content).length;
      const most = 1 + (decisions.retries.get(call.call_id) ?? 0);
      assert(count <= most, `run ${id} wrote ${content.trim()} ${count} times; ${most} would be right`);
      if (call.outcome === "done") assert(count >= 1, `run ${id}: ${content.trim()} is done and not in the file`);
    }
  }
  return { kills, accepted: accepted.length, completed: accepted.length, lines, decided: decisions.decided };
}
