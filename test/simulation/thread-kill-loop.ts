import { strict as assert } from "node:assert";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import * as contract from "../../src/api/contract/index.ts";
import { Chance } from "../fuzz/chance.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { PAUSE_MS, post, serve } from "./killed-server.ts";

const THREADS = 4;
/** Turns of a thread that have not ended. */
const OPEN_MAX = 3;
const KILL_AFTER_MS = 900;
const ENDED = new Set(["completed", "failed", "cancelled"]);

const agent = (name: string, more: string): string =>
  `name = "${name}"\nversion = "1.0.0"\ncapabilities = ["${name}"]\nsystem_prompt = "Work."\n${more}`;
const TALKS = `tools = ["file_system"]\nagents = ["helper"]\nhandoffs = ["talker", "finisher"]\n`;
const AGENTS = {
  talker: agent("talker", `${TALKS}model = "scripted/talker.json"\n`),
  finisher: agent("finisher", `${TALKS}model = "scripted/finisher.json"\n`),
  helper: agent("helper", `tools = ["file_system"]\nmodel = "scripted/helper.json"\n`),
  ticker: agent("ticker", `model = "scripted/ticker.json"\n`),
};
const CONFIG = `[server]\nport = 0\n[models]\nscripted_directory = "scripts"\n`;

const append = (file: string, line: string) => ({
  name: "file_system__append_file",
  arguments: { path: `output/${file}`, content: `${line}\n` },
});
const HELPER = [{ toolCalls: [append("helper.txt", "helped")], delayMs: 20 }, { text: "helped" }];
const handOff = (to: string) => ({ name: `handoff_${to}`, arguments: { reason: "its turn" } });
/** Scripts of the runs that continue: the message is handed off to the finisher, which hands it back. */
const FINISHER = [{ toolCalls: [append("finisher.txt", "finished")], delayMs: 20 }, { toolCalls: [handOff("talker")] }];
const TALKER = [{ text: "closed", delayMs: 20 }];
const TICKER = [{ text: "tick" }];

type Message = {
  readonly key: string;
  readonly text: string;
  readonly file: string;
  readonly delegates: boolean;
  readonly handsOff: boolean;
};
/** A thread as the observer knows it. A message is `next` until the server has said that it has it. */
type Dialogue = {
  id: string | undefined;
  readonly accepted: (Message & { readonly run: string })[];
  next: Message | undefined;
};

type Observer = {
  readonly url: string;
  readonly cwd: string;
  readonly chance: Chance;
  readonly dialogues: readonly Dialogue[];
  /** Decisions to call again, by call. */
  readonly retries: Map<string, number>;
};

export type ThreadKillReport = {
  readonly kills: number;
  readonly turns: number;
  readonly delegations: number;
  readonly handoffs: number;
  readonly fires: number;
  readonly decided: number;
};

/**
 * Kills a real server repeatedly with SIGKILL while an observer, who survives, talks in several threads whose turns append
 * lines to files, delegate to another agent and are handed off, and a trigger fires each second; then lets it end what it accepted. Throws
 * what does not hold: a turn that is missing, twice, or not in its order; a line, a child or a run after a hand-off that is missing or there twice; a
 * slot of the trigger without its run, or with two.
 */
export async function threadKillLoop(
  kills: number,
  seed: number,
  onKill = (_done: number): void => {},
): Promise<ThreadKillReport> {
  using directory = tempDirectory();
  const cwd = directory.path;
  for (const name of ["agents", "scripts", "output"]) mkdirSync(join(cwd, name));
  for (const [name, text] of Object.entries(AGENTS)) writeFileSync(join(cwd, "agents", `${name}.toml`), text);
  writeFileSync(join(cwd, "caxton.toml"), CONFIG);
  writeFileSync(join(cwd, "scripts/helper.json"), JSON.stringify(HELPER));
  writeFileSync(join(cwd, "scripts/ticker.json"), JSON.stringify(TICKER));
  writeFileSync(join(cwd, "scripts/finisher.json"), JSON.stringify(FINISHER));
  writeFileSync(join(cwd, "scripts/talker.json"), JSON.stringify(TALKER));
  const dialogues = Array.from({ length: THREADS }, (): Dialogue => ({ id: undefined, accepted: [], next: undefined }));
  const common = { cwd, chance: new Chance(seed), dialogues, retries: new Map<string, number>() };
  for (let done = 0; done < kills; done += 1) {
    await using server = await serve(cwd);
    const observer = { ...common, url: server.url };
    if (done === 0) await createTrigger(observer);
    const untilMs = performance.now() + 100 + common.chance.below(KILL_AFTER_MS);
    while (performance.now() < untilMs) {
      await tolerant(() => observe(observer));
      await new Promise((resolve) => setTimeout(resolve, common.chance.below(PAUSE_MS)));
    }
    server.process.kill("SIGKILL");
    onKill(done + 1);
  }
  await using server = await serve(cwd);
  const observer = { ...common, url: server.url };
  await finish(observer);
  return { kills, ...(await judge(observer)) };
}

async function createTrigger({ url }: Observer): Promise<void> {
  const every = {
    agent: "ticker",
    name: "tick",
    kind: "every",
    every: "1s",
    catch_up: "all",
    parallel: 100,
    input: "tick",
  };
  const response = await post(`${url}/api/v1/triggers`, every);
  assert.equal(response.status, 200, await response.text());
}

/** A server that dies during a request is tolerated; what does not hold is not. */
async function tolerant(ask: () => Promise<void>): Promise<void> {
  try {
    await ask();
  } catch (error) {
    if (error instanceof assert.AssertionError || error instanceof z.ZodError) throw error;
  }
}

async function observe(observer: Observer): Promise<void> {
  await decideAll(observer);
  const index = observer.chance.below(THREADS);
  const dialogue = observer.dialogues[index];
  if (dialogue === undefined) return;
  dialogue.next ??= messageOf(observer, index, dialogue.accepted.length);
  if (await hasRoom(observer, dialogue)) await send(observer, index, dialogue);
}

async function hasRoom({ url }: Observer, { accepted }: Dialogue): Promise<boolean> {
  const last = accepted.slice(-OPEN_MAX);
  const states = await Promise.all(last.map(async ({ run }) => (await runOf(url, run)).state));
  return states.filter((state) => !ENDED.has(state)).length < OPEN_MAX;
}

function messageOf({ cwd, chance }: Observer, thread: number, number: number): Message {
  const name = `${thread}-${number}`;
  const message = {
    key: `message-${name}`,
    text: `message ${name}`,
    file: `${name}.txt`,
    delegates: chance.below(3) === 0,
    handsOff: chance.below(3) === 0,
  };
  const delegation = { name: "agent_helper", arguments: { request: `help with ${name}` } };
  const script = [
    { toolCalls: [append(message.file, "a"), append(message.file, "b")], delayMs: chance.below(40) },
    ...(message.delegates ? [{ toolCalls: [delegation], delayMs: chance.below(20) }] : []),
    message.handsOff
      ? { toolCalls: [handOff("finisher")], delayMs: chance.below(40) }
      : { text: `answer ${name}`, delayMs: chance.below(80) },
  ];
  writeFileSync(join(cwd, "scripts", `${name}.json`), JSON.stringify(script));
  return message;
}

/** Repeated with the same keys until the server answers. */
async function send({ url }: Observer, index: number, dialogue: Dialogue): Promise<void> {
  const { next } = dialogue;
  if (next === undefined) return;
  if (dialogue.id === undefined) {
    const key = { "idempotency-key": `thread-${index}` };
    const created = await post(`${url}/api/v1/threads`, { agent: "talker" }, key);
    const body: unknown = await created.json();
    assert.equal(created.status, 201, JSON.stringify(body));
    dialogue.id = contract.threads.Thread.parse(body).id;
  }
  const message = { input: next.text, model: `scripted/${next.key.replace("message-", "")}.json` };
  const sent = await post(`${url}/api/v1/threads/${dialogue.id}/messages`, message, { "idempotency-key": next.key });
  const body: unknown = await sent.json();
  assert.equal(sent.status, 202, JSON.stringify(body));
  dialogue.accepted.push({ ...next, run: contract.threads.Sent.parse(body).run.id });
  dialogue.next = undefined;
}

async function runOf(url: string, id: string): Promise<contract.RunDetail> {
  const response = await fetch(`${url}/api/v1/runs/${id}`);
  const body: unknown = await response.json();
  assert.equal(response.status, 200, `run ${id} was accepted and is gone: ${JSON.stringify(body)}`);
  return contract.runs.RunDetail.parse(body);
}

type Page<Item> = { readonly items: readonly Item[]; readonly next: string | null };

/** All items of a list. */
async function all<Item>(url: string, Schema: { parse(body: unknown): Page<Item> }): Promise<readonly Item[]> {
  const items: Item[] = [];
  const address = new URL(url);
  address.searchParams.set("limit", "200");
  for (let isMore = true; isMore;) {
    const page = Schema.parse(await (await fetch(address)).json());
    items.push(...page.items);
    isMore = page.next !== null;
    address.searchParams.set("cursor", page.next ?? "");
  }
  return items;
}

const runsIn = (url: string, query: string): Promise<readonly contract.RunSummary[]> =>
  all(`${url}/api/v1/runs?${query}`, contract.runs.RunPage);

/** Decides on calls of which the server does not know whether they were made. */
async function decideAll({ url, chance, retries }: Observer): Promise<void> {
  for (const { id } of await runsIn(url, "state=needs-decision")) {
    const run = await runOf(url, id);
    const decision = chance.pick(["retry", "skip"] as const);
    // Counted before it is sent: it may be obeyed although the answer is lost.
    for (const call of run.waiting_calls)
      if (decision === "retry") retries.set(call, (retries.get(call) ?? 0) + 1);
      else retries.set(call, retries.get(call) ?? 0);
    await post(`${url}/api/v1/runs/${id}/decide`, { decision });
  }
}

/** Sends the messages whose fate is unknown, stops the trigger, and waits until every run has ended. */
async function finish(observer: Observer): Promise<void> {
  const { url, dialogues } = observer;
  for (const [index, dialogue] of dialogues.entries()) await send(observer, index, dialogue);
  const stopped = await fetch(`${url}/api/v1/triggers/ticker%2Ftick`, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ enabled: false }),
  });
  assert.equal(stopped.status, 200, await stopped.text());
  for (;;) {
    await decideAll(observer);
    const runs = await runsIn(url, "");
    if (runs.every(({ state }) => ENDED.has(state))) return;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * 4));
  }
}

const linesOf = (cwd: string, file: string): readonly string[] => {
  const path = join(cwd, "output", file);
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
};

async function judge(observer: Observer): Promise<Omit<ThreadKillReport, "kills">> {
  const { url, cwd, dialogues, retries } = observer;
  const again = (calls: readonly { readonly call_id: string }[]): number =>
    calls.reduce((sum, { call_id: id }) => sum + (retries.get(id) ?? 0), 0);
  for (const dialogue of dialogues) {
    assert.deepEqual(
      await inputsOf(url, dialogue),
      dialogue.accepted.map(({ text }) => text),
    );
    for (const { run: id, file } of dialogue.accepted) {
      const run = await runOf(url, id);
      assert.equal(run.state, "completed", `run ${id} is ${run.state}: ${run.failure?.message ?? ""}`);
      const calls = run.step_list.filter((step) => step.kind === "tool");
      checkLines(
        linesOf(cwd, file),
        calls.filter(({ tool }) => tool === "file_system.append_file"),
        again(calls),
        id,
      );
    }
  }
  const asked = dialogues.flatMap(({ accepted }) => accepted.filter(({ delegates }) => delegates));
  const delegations = await judgeChildren(observer, asked);
  const handedOff = dialogues.flatMap(({ accepted }) => accepted.filter(({ handsOff }) => handsOff));
  const handoffs = await judgeHandoffs(observer, handedOff);
  const turns = dialogues.reduce((sum, { accepted }) => sum + accepted.length, 0);
  return { turns, delegations, handoffs, fires: await judgeFires(url), decided: retries.size };
}

type Made = Extract<contract.RunDetail["step_list"][number], { kind: "tool" }>;

/** Each call that is done wrote its line once, or once more for each decision to call again. */
function checkLines(lines: readonly string[], calls: readonly Made[], again: number, run: string): void {
  const done = calls.filter(({ outcome }) => outcome === "done").length;
  assert(lines.length >= done, `run ${run}: ${lines.length} lines of ${done} calls that are done`);
  assert(lines.length <= calls.length + again, `run ${run}: ${lines.length} lines of ${calls.length} calls`);
}

/** What the users said in a thread, in its order. */
async function inputsOf(url: string, { id }: Dialogue): Promise<readonly string[]> {
  if (id === undefined) return [];
  const turns = await all(`${url}/api/v1/threads/${id}/turns`, contract.threads.TurnPage);
  const messages = turns.toReversed().flatMap((turn) => turn.messages);
  return messages.flatMap((message) => (message.role === "user" ? [message.text] : []));
}

/** Every delegation has one run, which ended, and no run is without its parent. */
async function judgeChildren({ url, cwd, retries }: Observer, asked: Dialogue["accepted"]): Promise<number> {
  const parents = new Map<string, number>();
  const calls: Made[] = [];
  for (const { id } of await runsIn(url, "agent=helper")) {
    const run = await runOf(url, id);
    assert.equal(run.state, "completed", `child ${id} is ${run.state}: ${run.failure?.message ?? ""}`);
    assert(run.parent, `child ${id} has no parent`);
    parents.set(run.parent, (parents.get(run.parent) ?? 0) + 1);
    calls.push(...run.step_list.filter((step) => step.kind === "tool"));
  }
  for (const { run } of asked) assert.equal(parents.get(run), 1, `run ${run} delegated once`);
  assert.equal(parents.size, asked.length, "each child has a parent that delegated");
  const again = calls.reduce((sum, { call_id: id }) => sum + (retries.get(id) ?? 0), 0);
  checkLines(linesOf(cwd, "helper.txt"), calls, again, "helper");
  return asked.length;
}

/** Every message that is handed off has three runs, one after the other, and no other run continues one. */
async function judgeHandoffs({ url, cwd, retries }: Observer, asked: Dialogue["accepted"]): Promise<number> {
  const successors = (await runsIn(url, "")).filter(({ handed_from: from }) => from !== null);
  const from = new Set(successors.map((run) => run.handed_from));
  assert.equal(from.size, successors.length, "a run is continued once");
  assert.equal(successors.length, asked.length * 2, "each hand-off has its run, and no other run has one");
  const calls: Made[] = [];
  for (const { run: first } of asked) {
    const chain = [await runOf(url, first)];
    for (let next = chain[0]?.handed_to; next; next = chain.at(-1)?.handed_to) chain.push(await runOf(url, next));
    const notified = chain.map(({ state, agent: name }) => [name, state]).slice(1);
    assert.deepEqual(notified, [
      ["finisher", "completed"],
      ["talker", "completed"],
    ]);
    assert.equal(chain.at(-1)?.output, "closed");
    calls.push(...(chain[1]?.step_list ?? []).filter((step) => step.kind === "tool"));
  }
  const made = calls.filter(({ tool }) => tool === "file_system.append_file");
  const again = made.reduce((sum, { call_id: id }) => sum + (retries.get(id) ?? 0), 0);
  checkLines(linesOf(cwd, "finisher.txt"), made, again, "finisher");
  return successors.length;
}

/** Every slot of the trigger fired once, and its run completed. */
async function judgeFires(url: string): Promise<number> {
  const fires = await all(`${url}/api/v1/triggers/ticker%2Ftick/fires`, contract.triggers.TriggerFirePage);
  const started = fires.filter(({ outcome }) => outcome === "started");
  assert.equal(new Set(fires.map(({ key }) => key)).size, fires.length, "a slot fired twice");
  assert.equal(started.length, fires.length, JSON.stringify(fires.find(({ outcome }) => outcome !== "started")));
  const slots = fires.map(({ at }) => Date.parse(at)).toSorted((one, other) => one - other);
  for (const [index, slot] of slots.entries())
    assert.equal(slot, (slots[0] ?? 0) + index * 1_000, `slot ${index} of the trigger is missing`);
  const runs = new Set((await runsIn(url, "agent=ticker&state=completed")).map(({ id }) => id));
  assert.equal(runs.size, started.length, "each slot has one run");
  for (const { run } of started) assert(run && runs.has(run), `the run ${run} of a slot is missing`);
  return started.length;
}
