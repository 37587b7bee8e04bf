// What following a run by server-sent events costs the server: a model that says two thousand pieces, with no, one and a hundred
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
const FOLLOWERS = [0, 1, 100] as const;
const ROUNDS = 3;

/** A model that waits until it is let go, and then says one piece in each turn of the event loop. */
class HeldModel implements LanguageModel {
  readonly id = "scripted/held";
  readonly limits = undefined;
  readonly #said = scripted([{ text: PIECE.repeat(PIECES), chunkChars: PIECE.length }]);
  #gate = Promise.withResolvers<void>();

  async *stream(...request: Parameters<LanguageModel["stream"]>) {
    await this.#gate.promise;
    for await (const part of this.#said.stream(...request)) {
      yield part;
      await setImmediate();
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

export async function run(): Promise<readonly Row[]> {
  const model = new HeldModel();
  const settings = { "server.limits.streams.address": 1_000, "server.limits.streams.server": 1_000 };
  await using server = await startServer({ settings, overrides: { models: models(model) } });
  await followed(server, model, 1);
  const costs: Cost[] = [];
  for (const count of FOLLOWERS) costs.push(await least(() => followed(server, model, count)));
  const slow = await least(() => followed(server, model, 1, true));
  const [none, one, hundred] = costs;
  if (!none || !one || !hundred) throw new Error("something was not measured");
  const what = `run of ${PIECES.toLocaleString("en")} streamed pieces`;
  const micros = (cpuMs: number, followers: number) => `${((cpuMs * 1_000) / PIECES / followers).toFixed(1)} µs`;
  return [
    ...[none, one, hundred].map(({ tookMs }, index) => row(`${what}, ${FOLLOWERS[index]} following`, ms(tookMs))),
    row(`${what}, one following that takes nothing`, ms(slow.tookMs)),
    row("CPU for a piece, no followers", micros(none.cpuMs, 1)),
    row("the same more for one who follows", micros(Math.max(0, one.cpuMs - none.cpuMs), 1)),
    row("the same more for each of a hundred", micros(Math.max(0, hundred.cpuMs - none.cpuMs), 100)),
  ];
}

if (import.meta.main) process.stdout.write(`${table(await run())}\n`);
