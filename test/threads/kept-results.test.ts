import { expect, test } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { mint, RunId } from "../../src/kernel/ids.ts";
import { scripted } from "../../src/models/vendors/index.ts";
import { replayRun } from "../../src/runs/replay/index.ts";
import { Threads } from "../../src/runs/threads/threads.ts";
import { Contents, SqliteRunArchive, SqliteThreadStore } from "../../src/storage/index.ts";
import { ToolCatalogues } from "../../src/tools/catalogue/index.ts";
import { done, freshEngine, models, testPlan } from "../helpers/engine.ts";

const big = { name: "big", run: () => done("0123456789".repeat(10_000)) };
const read = (name: string) => ({
  toolCalls: [{ name: "caxton__read_result", arguments: { name, offset: 99_995 } }],
});
const model = () =>
  scripted([
    { when: { userIncludes: "fetch" }, toolCalls: [{ name: "fake__big", arguments: {} }] },
    { when: { userIncludes: "read it" }, ...read("fake__big-result.txt") },
    { when: { userIncludes: "read another" }, ...read("other.txt") },
    { text: "done" },
  ]);

test.each([undefined, {}])(
  "a later turn reads on in a kept result of an earlier one, with workers %o",
  async (workers) => {
    await using made = freshEngine({ model: model(), tools: [big], ...(workers && { workers }) });
    const { database, runs, replies, journal, artifacts } = made;
    const archive = new SqliteRunArchive(database, new Contents(database));
    const threads = new Threads({
      redact: (message) => message,
      store: new SqliteThreadStore(database),
      runs,
      replies,
      journal,
      archive,
      clock: systemClock,
    });
    const about = { workspace: "default", agent: "tester", revision: 1, owner: "ann", title: "", tags: [] };
    const { id } = await threads.create({ ...about, expiresAfterMs: null });
    const ask = async (input: string) => {
      const message = {
        input,
        author: "ann",
        whenBusy: "queue",
        isRepeated: false,
        model: undefined,
        files: [],
      } as const;
      const sent = await threads.send(id, { id: mint(RunId), ...message });
      await sent.ended;
      return runs.view(sent.run);
    };
    const first = await ask("fetch");
    const second = await ask("read it");
    expect(second.steps[1]).toMatchObject({
      end: { text: "56789\n(characters 99995 to 100000 of 100000; this is its end)" },
    });
    const third = await ask("read another");
    expect(third.steps[1]).toMatchObject({
      end: { outcome: "tool-error", text: 'no result is kept as "other.txt"; kept are: fake__big-result.txt.' },
    });
    const recording = {
      entries: journal.read(second.id, 0),
      artifacts: [],
      read: artifacts.read.bind(artifacts),
      past: (run: RunId) => journal.past(run),
      find: artifacts.find.bind(artifacts),
    };
    const plans = { admit: async () => {}, plan: async () => testPlan() };
    const tools = new ToolCatalogues(() => made.tools);
    const report = await replayRun(recording, { plans, models: models(model()), tools, clock: systemClock });
    expect(report).toMatchObject({ same: true, divergences: [] });
    await artifacts.discard(first.id);
    expect((await ask("read it")).steps[1]).toMatchObject({
      end: { outcome: "tool-error", text: expect.stringContaining("kept are: none") },
    });
  },
);
