import { expect, test } from "vitest";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { BEAT_MS, Progress, REPORT_MS } from "../../../src/api/mcp/tools/progress.ts";

type Sent = { readonly progress: number; readonly total?: number; readonly message: string };

function progressOf({ token }: { readonly token?: string } = { token: "one" }) {
  const clock = new ManualClock();
  const sent: Sent[] = [];
  const request = {
    _meta: token === undefined ? {} : { progressToken: token },
    notify: async ({ params }: { readonly params?: object | undefined }) =>
      void sent.push({ progress: 0, message: "", ...params }),
  };
  return { clock, sent, progress: new Progress(request, clock) };
}

test("a call that reports nothing has heartbeats until it ends", async () => {
  const { clock, sent, progress } = progressOf();
  const end = Promise.withResolvers<void>();
  const call = progress.during(() => end.promise);
  await clock.advance(3 * BEAT_MS);
  expect(sent.map((notice) => notice.progress)).toEqual([1, 2, 3]);
  end.resolve();
  await call;
  await clock.advance(3 * BEAT_MS);
  expect(sent).toHaveLength(3);
});

test("reports of a tool follow its heartbeats, only further, and replace them", async () => {
  const { clock, sent, progress } = progressOf();
  const end = Promise.withResolvers<void>();
  const call = progress.during(() => end.promise);
  await clock.advance(BEAT_MS);
  for (const done of [0, 50, 50, 20, 75]) {
    await clock.advance(REPORT_MS);
    progress.reportTool({ done, total: 100, message: "" });
  }
  progress.reportTool({ done: 80, total: 100, message: "too soon" });
  progress.reportTool({ done: 100, total: 100, message: "the last" });
  await clock.advance(3 * BEAT_MS);
  end.resolve();
  await call;
  expect(sent.map((notice) => [notice.progress, notice.total])).toEqual([
    [1, undefined],
    [51, 101],
    [76, 101],
    [101, 101],
  ]);
});

test("the first report may be of nothing done", () => {
  const { sent, progress } = progressOf();
  progress.reportTool({ done: 0, total: 100, message: "" });
  expect(sent).toMatchObject([{ progress: 0, total: 100 }]);
});

test("a client that asked for no progress gets none", async () => {
  const { clock, sent, progress } = progressOf({});
  const end = Promise.withResolvers<void>();
  const call = progress.during(() => end.promise);
  await clock.advance(3 * BEAT_MS);
  progress.reportTool({ done: 1, message: "" });
  end.resolve();
  await call;
  expect(sent).toEqual([]);
});
