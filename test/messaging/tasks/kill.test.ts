import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";
import { tasks } from "../../../src/api/contract/index.ts";
import { CaxtonProcess } from "../../helpers/process.ts";
import { Program } from "../../helpers/program.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("task.crash");

const TOKENS = { CAXTON_MESSAGES__PARTICIPANT_TOKENS: "true" };

async function serve(cwd: string) {
  const server = new CaxtonProcess(["serve", "-o", "json"], { cwd, environment: TOKENS });
  const [, url = ""] = await server.printed(/"url":"(http:[^"]+)"/);
  return { server, url, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

async function ask(url: string, path: string, body?: unknown) {
  const headers = { "content-type": "application/json" };
  const init = body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) };
  return tasks.Task.parse(await (await fetch(`${url}/api/v1/tasks${path}`, init)).json());
}

async function until(url: string, id: string, isSo: (task: tasks.Task) => boolean): Promise<tasks.Task> {
  let task = await ask(url, `/${id}`);
  while (!isSo(task)) task = await ask(url, `/${id}?after_version=${task.version}&wait_seconds=10`);
  return task;
}

const Called = z.object({ price: z.number() });
const propose = (content: object) => ({ performative: "propose", content });

test("a task and an auction in flight resume after kill -9: no agent is asked twice, and each has one winner", async () => {
  using place = tempDirectory();
  writeFileSync(join(place.path, "caxton.toml"), '[server]\nport = 0\n[agents]\ndirectory = "none"\n');
  let programs: readonly Program[] = [];
  const ids: string[] = [];
  {
    await using running = await serve(place.path);
    const { server, url } = running;
    programs = await Promise.all(["ann", "bob", "cid"].map((name) => Program.register(url, name)));
    const [ann, bob] = programs;
    const work = await ask(url, "", { name: "count", participants: ["ann"], max_wait_seconds: 60, distribute: true });
    const auction = { start: 10, step: 5 };
    const named = { name: "a slot", protocol: "auction-english", auction, participants: ["bob", "cid"] };
    const slot = await ask(url, "", { ...named, max_wait_seconds: 60, distribute: true });
    ids.push(work.id, slot.id);
    const call = await ann?.await("cfp");
    if (call !== undefined) await ann?.answer(call, propose({ cost: 1 }));
    await until(url, work.id, ({ status }) => status === "working");
    const price = await bob?.await("cfp");
    if (price !== undefined) await bob?.answer(price, propose({ price: 10 }));
    await until(url, slot.id, (task) => task.auction?.leader === "bob");
    server.kill("SIGKILL");
    await server.ended();
  }
  await using again = await serve(place.path);
  for (const program of programs) program.moveTo(again.url);
  const [ann, bob, cid] = programs;
  const [work = "", slot = ""] = ids;
  const order = await ann?.await("accept-proposal");
  if (order !== undefined) await ann?.answer(order, { performative: "inform", content: { rows: 7 } });
  expect(await until(again.url, work, ({ status }) => status === "done")).toMatchObject({
    assigned_to: "ann",
    awards: 1,
    result: { rows: 7 },
  });
  // The price that was called before the crash is over for cid; the next one is 15, which it outbids bob with.
  const heard: number[] = [];
  for (;;) {
    const taken = await cid?.await("cfp");
    if (taken === undefined) break;
    const { price } = Called.parse(taken.message["content"]);
    heard.push(price);
    await cid?.answer(taken, propose({ price }));
    if (price === 15) break;
  }
  const refused = await bob?.await("cfp");
  if (refused !== undefined) await bob?.answer(refused, { performative: "refuse", content: "too dear" });
  const award = await cid?.await("inform");
  await cid?.settle(award?.handle ?? "");
  const sold = await until(again.url, slot, ({ status }) => status === "done");
  expect(sold.auction).toMatchObject({ leader: "cid", price: 15 });
  expect(sold.auction?.calls.map((call) => call.price)).toEqual([10, 15, 20]);
  expect(new Set(heard).size).toBe(heard.length);
}, 60_000);

const Said = z.object({ id: z.string(), performative: z.string(), content: z.unknown() });
const Ended = z.object({ ended: z.literal(true) });

/** Answers as a bidder with that limit. */
async function bid(program: Program, taken: NonNullable<Awaited<ReturnType<Program["take"]>>>, limit: number) {
  const called = Called.safeParse(taken.message["content"]);
  if (taken.message["performative"] !== "cfp" || !called.success) return program.settle(taken.handle);
  const { price } = called.data;
  const refusal = { performative: "refuse", content: "too dear" };
  return program.answer(taken, price <= limit ? propose({ price }) : refusal);
}

test("two auctions at once end with one winner each, with kill -9 of the server while a bidder reads a message", async () => {
  using place = tempDirectory();
  writeFileSync(join(place.path, "caxton.toml"), '[server]\nport = 0\n[agents]\ndirectory = "none"\n');
  let running = await serve(place.path);
  const bidders = await Promise.all(
    [20, 15].map(async (limit, at) => ({
      limit,
      program: await Program.register(running.url, ["bob", "cid"][at] ?? ""),
    })),
  );
  const auctions = [
    { protocol: "auction-english", auction: { start: 10, step: 5 } },
    { protocol: "auction-dutch", auction: { start: 20, step: 5 } },
  ];
  const shared = { name: "a slot", participants: ["bob", "cid"], max_wait_seconds: 90, distribute: true };
  const ids: string[] = [];
  for (const auction of auctions) ids.push((await ask(running.url, "", { ...shared, ...auction })).id);
  const read = new Map<string, string>();
  const isRead = () => [...read.values()].filter((line) => line.endsWith(" end")).length === 3;
  while (!isRead()) {
    for (const { program, limit } of bidders) {
      const taken = await program.take(0);
      if (taken === undefined) continue;
      const said = Said.parse(taken.message);
      // Each start takes a second or more: every third message is one that is being read when the server is killed.
      const isKilled = !read.has(said.id) && read.size % 3 === 0;
      read.set(said.id, `${program.name} ${Ended.safeParse(said.content).success ? "end" : said.performative}`);
      if (!isKilled) {
        await bid(program, taken, limit);
        continue;
      }
      running.server.kill("SIGKILL");
      await running.server.ended();
      running = await serve(place.path);
      for (const each of bidders) each.program.moveTo(running.url);
    }
  }
  await using _ = running;
  const get = async (path: string) =>
    z.looseObject({}).parse(await (await fetch(`${running.url}/api/v1${path}`)).json());
  for (const id of ids) {
    const task = await until(running.url, id, ({ status }) => status === "done");
    expect(task.awards).toBe(1);
    expect(await get(`/conversations/${id}`)).toMatchObject({ state: "completed" });
  }
  expect(await get("/dead-letters")).toMatchObject({ items: [] });
  const lines = [...read.values()];
  expect(new Set(lines.filter((line) => line.endsWith(" end")))).toEqual(new Set(["bob end", "cid end"]));
}, 240_000);
