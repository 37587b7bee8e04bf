// What following a run by server-sent events costs the server: a model that says two thousand pieces, with no, one, a hundred and a thousand
// who follow, and one who takes nothing of it. Followers are in a process of their own. Run it alone with `node bench/following.ts`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { scripted } from "../src/models/vendors/index.ts";
import * as contract from "../src/api/contract/index.ts";
import { RunId } from "../src/kernel/ids.ts";
import type { LanguageModel } from "../src/models/port/language-model.ts";
import { startServer, type TestServer } from "../test/helpers/server.ts";
import { models } from "../test/helpers/engine.ts";
import { row, sleep } from "./stage.ts";
import { ms, type Row, table } from "./table.ts";

const PIECES = 2_000;
const PIECE = "A piece of text. ";
const FOLLOWERS = [0, 1, 100, 1_000] as const;
const RATIO_MAX = 2;
const ROUNDS = 3;

/** A model that waits until it is released, and then says one piece in each turn of the event loop, or in each millisecond. */
class HeldModel implements LanguageModel {
  readonly id = "scripted/held";
  readonly limits = undefined;
  readonly #said = scripted([{ text: PIECE.repeat(PIECES), chunkChars: PIECE.length }]);
  isPaced = false;
  #gate = Promise.withResolvers<void>();

  async *stream(...request: Parameters<LanguageModel["stream"]>) {
    await this.#gate.promise;
    for await (const part of this.#said.stream(...request)) {
      yield part;
      await (this.isPaced ? sleep(1) : setImmediate());
    }
  }

  hold(): void {
    this.#gate = Promise.withResolvers();
  }

  go(): void {
    this.#gate.resolve();
  }
}

type Cost = { readonly cpuMs: number; readonly tookMs: number };

/** One run that so many follow; the CPU time of the server for it, and how long it took. */
async function followed(server: TestServer, model: HeldModel, followers: number, slow = false): Promise<Cost> {
  model.hold();
  const started = await server.ask("POST", "/api/v1/runs", { agent: "greeter", input: "hello" });
  const { id } = contract.runs.RunDetail.parse(started.body);
  const url = `${server.url}/api/v1/runs/${id}/events`;
  const words = [join(import.meta.dirname, "followers.ts"), url, String(followers), slow ? "slow" : "quick"];
  const child = followers === 0 ? undefined : spawn(process.execPath, words, { stdio: ["pipe", "pipe", "inherit"] });
  const over = child && once(child, "exit");
  if (child) await once(child.stdout, "data");
  const cpu = process.cpuUsage();
  const begunMs = performance.now();
  model.go();
  while (server.started.services.runs.stores.journal.summary(RunId.parse(id))?.state !== "completed") await sleep(2);
  const tookMs = performance.now() - begunMs;
  child?.stdin.write("read\n");
  if (!slow) await over;
  const { user, system } = process.cpuUsage(cpu);
  await over;
  return { cpuMs: (user + system) / 1_000, tookMs };
}

async function least(measured: () => Promise<Cost>): Promise<Cost> {
  const costs: Cost[] = [];
  for (let round = 0; round < ROUNDS; round += 1) costs.push(await measured());
  return { cpuMs: Math.min(...costs.map((cost) => cost.cpuMs)), tookMs: Math.min(...costs.map((cost) => cost.tookMs)) };
}

/** A duration with followers beside that without. */
function beside(what: string, tookMs: number, noneMs: number): Row {
  const ratio = tookMs / noneMs;
  const target = `≤ ${RATIO_MAX}×`;
  return {
    what,
    caxton: ms(tookMs),
    peer: `${ms(noneMs)} (none following)`,
    ratio: `${ratio.toFixed(1)}×`,
    target,
    met: ratio <= RATIO_MAX,
  };
}

export async function run(): Promise<readonly Row[]> {
  const model = new HeldModel();
  const settings = { "server.limits.streams.address": 2_000, "server.limits.streams.server": 2_000 };
  await using server = await startServer({ settings, overrides: { models: models(model) } });
  await followed(server, model, 1);
  const costs: Cost[] = [];
  for (const count of FOLLOWERS) costs.push(await least(() => followed(server, model, count)));
  model.isPaced = true;
  const paced: Cost[] = [];
  for (const count of [0, 1_000]) paced.push(await least(() => followed(server, model, count)));
  model.isPaced = false;
  const slow = await least(() => followed(server, model, 1, true));
  const [none, one, hundred, thousand] = costs;
  if (!none || !one || !hundred || !thousand) throw new Error("something was not measured");
  const what = `run of ${PIECES.toLocaleString("en")} streamed pieces`;
  const micros = (cpuMs: number, followers: number) => `${((cpuMs * 1_000) / PIECES / followers).toFixed(1)} µs`;
  return [
    ...[none, one, hundred].map(({ tookMs }, index) => row(`${what}, ${FOLLOWERS[index]} following`, ms(tookMs))),
    beside(`${what}, 1,000 following`, thousand.tookMs, none.tookMs),
    beside(
      `the same, a piece in each millisecond, 1,000 following`,
      paced[1]?.tookMs ?? Infinity,
      paced[0]?.tookMs ?? 0,
    ),
    row(`${what}, one following that takes nothing`, ms(slow.tookMs)),
    row("CPU for a piece, no followers", micros(none.cpuMs, 1)),
    row("the same more for one who follows", micros(Math.max(0, one.cpuMs - none.cpuMs), 1)),
    row("the same more for each of a hundred", micros(Math.max(0, hundred.cpuMs - none.cpuMs), 100)),
    row("the same more for each of a thousand", micros(Math.max(0, thousand.cpuMs - none.cpuMs), 1_000)),
  ];
}

if (import.meta.main) process.stdout.write(`${table(await run())}\n`);
