import { execFileSync } from "node:child_process";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RunSummary, Step } from "../../src/api/contract/index.ts";
import { type Logs, withDelta, withLines } from "../../dashboard/src/api/live/live-text.ts";
import { placeRun } from "../../dashboard/src/api/live/place-run.ts";
import { ago, bytes, calendarDay, duration } from "../../dashboard/src/parts/format/format.ts";
import { lineDiff } from "../../dashboard/src/parts/content/line-diff.ts";
import { amount, usd } from "../../dashboard/src/parts/format/money.ts";
import { plainWords, requestTitle } from "../../dashboard/src/parts/messages/plain-words.ts";
import { quoted, runCommand, runCurl } from "../../dashboard/src/parts/content/shell-command.ts";
import { filteredSteps } from "../../dashboard/src/pages/run/steps/step-filter.ts";
import { span, stretchOf, ticksOf, timeScale } from "../../dashboard/src/pages/run/steps/time-scale.ts";
import {
  agentSearch,
  parseSearch,
  runSearch,
  runsSearch,
  stringifySearch,
  toolSearch,
  toolsSearch,
} from "../../dashboard/src/search/search.ts";

const atSecond = (second: number): string =>
  new Date(Date.parse("2026-11-21T10:00:00.000Z") + second * 1_000).toISOString();

type ModelStep = Extract<Step, { kind: "model" }>;
const TURN: ModelStep = {
  kind: "model",
  index: 1,
  turn: 1,
  state: "done",
  started_at: "",
  resumed_at: "",
  duration_ms: 0,
  model: "mock",
  text: "",
  reasoning: "",
  tool_calls: [],
  finish: "stop",
  first_part_ms: 1,
  input_tokens: 1,
  output_tokens: 1,
  cost: null,
  limited: null,
  offered_tools: null,
  offered_tools_tokens: null,
  attempts: [],
  queued_ms: 0,
  waits_for: null,
  output_problems: [],
  context: null,
};

const logged = (text: string) => ({ type: "tool-log" as const, turn: 1, call_id: "a", lines: [{ at: "", text }] });

describe("the text of a running turn", () => {
  test("is whole however often the stream begins it again, and whatever part was known before", () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(40), fc.nat(40), (whole, known, sent) => {
        const before = whole.slice(0, known);
        const soFar = withDelta(before, { turn: 1, offset: 0, text: whole.slice(0, sent) });
        const rest = { turn: 1, offset: Math.min(sent, whole.length), text: whole.slice(sent) };
        expect(withDelta(soFar, rest)).toBe(whole);
      }),
    );
  });

  test("is left as it was where a piece is missing", () => {
    expect(withDelta("One, ", { turn: 1, offset: 9, text: "three" })).toBe("One, ");
  });

  test("of a call's log the last lines are kept", () => {
    const logs = Array.from({ length: 60 }, (_, index) => logged(`${index}`)).reduce<Logs>(withLines, {});
    expect([logs["a"]?.length, logs["a"]?.at(-1)]).toEqual([50, "59"]);
  });
});

describe("the line diff", () => {
  const text = fc.array(fc.constantFrom("a", "b", "c", ""), { maxLength: 14 }).map((lines) => lines.join("\n"));

  test("without what was added it is the old text, without what was removed the new one, numbered through", () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = lineDiff(before, after);
        const old = lines.filter(({ type }) => type !== "added");
        const next = lines.filter(({ type }) => type !== "removed");
        expect(old.map((line) => line.text).join("\n")).toBe(before);
        expect(next.map((line) => line.text).join("\n")).toBe(after);
        expect(old.map((line) => line.before)).toEqual(old.map((_line, index) => index + 1));
        expect(next.map((line) => line.after)).toEqual(next.map((_line, index) => index + 1));
      }),
    );
  });

  test("changes no more lines than the longest common part leaves", () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const changed = lineDiff(before, after).filter(({ type }) => type !== "same").length;
        expect(changed).toBe(leastChanges(before.split("\n"), after.split("\n")));
      }),
    );
  });
});

/** By the textbook, for texts of a few lines. */
function leastChanges(old: readonly string[], next: readonly string[]): number {
  if (old.length === 0 || next.length === 0) return old.length + next.length;
  let row = Array.from({ length: next.length + 1 }, (_, index) => index);
  for (const [at, line] of old.entries()) {
    const below = [at + 1];
    for (const [index, other] of next.entries()) {
      const kept = (row[index] ?? 0) + (line === other ? 0 : 2);
      below.push(Math.min(kept, (row[index + 1] ?? 0) + 1, (below[index] ?? 0) + 1));
    }
    row = below;
  }
  return row.at(-1) ?? 0;
}

describe("commands to copy", () => {
  const word = fc.string({ unit: fc.constantFrom("a", " ", "'", '"', "$", "\\", "\n", "!", "*", "é"), minLength: 1 });

  test("a shell reads a quoted word unchanged", () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (words) => {
        const script = `printf '%s\\0' ${words.map(quoted).join(" ")}`;
        const heard = execFileSync("/bin/sh", ["-c", script], { encoding: "utf8" });
        expect(heard.split("\0").slice(0, -1)).toEqual(words);
      }),
      { numRuns: 30 },
    );
  });

  test("a run names its files and its model", () => {
    const request = { agent: "data-analyzer", input: "What now?", files: ["my sales.csv"], model: "openai/x" };
    const command = "caxton run data-analyzer 'What now?' --file 'my sales.csv' --model openai/x";
    expect(runCommand(request)).toBe(command);
    expect(runCommand({ ...request, workspace: "red" })).toBe(`${command} --workspace red`);
  });

  test("with curl, the file's id goes into the run and the body is JSON", () => {
    fc.assert(
      fc.property(word, (input) => {
        const command = runCurl("http://127.0.0.1:1", {
          agent: "a",
          input,
          files: ["sales.csv"],
          model: undefined,
          workspace: "red",
        });
        // A curl that answers an upload with its id, and a run with the body it was given.
        const curl = `curl() { case "$*" in *uploads?name*) echo '{"id":"0198-up","name":"sales.csv"}';; *) for last; do :; done; printf %s "$last";; esac; }`;
        const heard = execFileSync("/bin/sh", ["-c", `${curl}\n${command}`], { encoding: "utf8" });
        expect(JSON.parse(heard)).toEqual({ agent: "a", input, wait: true, uploads: ["0198-up"] });
      }),
      { numRuns: 15 },
    );
  });
});

describe("addresses", () => {
  test("what a page writes after the question mark it reads again", () => {
    const search = { tab: "revisions" as const, run: "a b&c=d", revision: 12, against: 3 };
    expect(agentSearch(parseSearch(stringifySearch(search)))).toEqual(search);
    const list = { q: "csv", state: "paused" as const, origin: "uploaded" as const, deploy: true as const };
    expect(toolsSearch(parseSearch(stringifySearch(list)))).toEqual(list);
    const server = { tab: "grants" as const, uses: "denied" as const, kind: "file" as const };
    expect(toolSearch(parseSearch(stringifySearch(server)))).toMatchObject(server);
  });

  test("what means nothing is left out", () => {
    expect(runsSearch(parseSearch("?state=sleeping&agent="))).toEqual({ state: undefined, agent: undefined });
    expect(runSearch(parseSearch("?step=-1&view=upside-down"))).toEqual({ step: undefined, view: undefined });
    expect(stringifySearch({ agent: undefined })).toBe("");
  });
});

const summary = (change: Partial<RunSummary>): RunSummary => ({
  id: "r",
  workspace: "default",
  agent: "a",
  revision: 1,
  model: null,
  state: "running",
  resting: false,
  input_preview: "",
  output_preview: "",
  created_at: "2026-11-21T10:00:00.000Z",
  started_at: null,
  ended_at: null,
  duration_ms: null,
  steps: 0,
  tool_calls: 0,
  input_tokens: 0,
  output_tokens: 0,
  cost: { usd: 0, unpriced_calls: 0, estimated_calls: 0 },
  failure: null,
  origin: null,
  message: null,
  thread: null,
  tags: [],
  parent: null,
  handed_from: null,
  handed_to: null,
  notices: [],
  ...change,
});

const ids = (found: ReturnType<typeof placeRun>) => found.map((page) => page.items.map(({ id }) => id));

describe("a list of runs that receives a change", () => {
  const old = summary({ id: "old", created_at: "2026-11-21T09:00:00.000Z" });
  const older = summary({ id: "older", created_at: "2026-11-21T08:00:00.000Z", state: "completed" });
  const pages = [
    { items: [old], next: "old" },
    { items: [older], next: null },
  ];

  test("puts a new run first, and changes a known one where it stands", () => {
    const fresh = summary({ id: "new", created_at: "2026-11-21T09:00:01.000Z" });
    expect(ids(placeRun(pages, fresh, {}))).toEqual([["new", "old"], ["older"]]);
    const done = placeRun(pages, { ...older, state: "failed" }, {});
    expect(done[1]?.items[0]?.state).toBe("failed");
    expect(ids(done)).toEqual(ids(pages));
  });

  test("lets go a run that no longer fits the filter, and takes none that never did", () => {
    expect(ids(placeRun(pages, { ...old, state: "completed" }, { state: "running" }))).toEqual([[], ["older"]]);
    expect(placeRun(pages, summary({ id: "new", agent: "b" }), { agent: "a" })).toBe(pages);
  });

  test("takes no run that belongs on a page not loaded yet", () => {
    expect(placeRun(pages, summary({ id: "x", created_at: "2026-11-20T00:00:00.000Z" }), {})).toBe(pages);
  });
});

describe("the time scale of a run", () => {
  test("every stretch lies within it, in its order, and its marks are at most six", () => {
    const ms = fc.nat({ max: 10_000_000 });
    fc.assert(
      fc.property(ms, ms, ms, (from, took, now) => {
        const start = Date.parse("2026-11-21T10:00:00.000Z");
        const run = {
          created_at: new Date(start).toISOString(),
          ended_at: null,
          step_list: [],
          resting: false,
          origin: null,
        };
        const scale = timeScale(run, start + now);
        const { left, width } = span(scale, start + from, start + from + took);
        expect(left).toBeGreaterThanOrEqual(0);
        expect(left + width).toBeLessThanOrEqual(100.000_1);
        const ticks = ticksOf(scale);
        expect(ticks.length).toBeLessThanOrEqual(6);
        expect(ticks[0]).toEqual({ at: 0, label: "0" });
      }),
    );
  });

  test("a resumed turn took its time since it resumed, and a failed one since its first start", () => {
    const step = { ...TURN, started_at: atSecond(1), resumed_at: atSecond(61), duration_ms: 2_000 };
    const stretch = (more: Partial<ModelStep>) => {
      const { beganMs, from, to } = stretchOf({ ...step, ...more }, Date.parse(atSecond(70)));
      return [beganMs, from, to].map((ms) => (ms - Date.parse(atSecond(0))) / 1_000);
    };
    expect(stretch({})).toEqual([1, 61, 63]);
    expect(stretch({ state: "running", duration_ms: null })).toEqual([1, 61, 70]);
    expect(stretch({ state: "failed", duration_ms: 61_500 })).toEqual([1, 1, 62.5]);
    const run = { created_at: atSecond(0), ended_at: null, step_list: [step], resting: false, origin: null };
    expect(timeScale(run, Date.parse(atSecond(5))).endMs).toBe(Date.parse(atSecond(63)));
  });

  test("stands still while a run waits for a person", () => {
    const run = {
      created_at: "2026-11-21T10:00:00.000Z",
      ended_at: null,
      step_list: [],
      resting: true,
      origin: null,
    };
    const hour = Date.parse("2026-11-21T11:00:00.000Z");
    expect(timeScale(run, hour)).toEqual(timeScale(run, hour + 1_000));
  });
});

test("times and sizes are formatted in few characters", () => {
  expect([0, 0.42, 83, 999.7, 1_240, 12_345, 187_000, 7_440_000].map(duration)).toEqual([
    "0 ms",
    "0.4 ms",
    "83 ms",
    "1.00 s",
    "1.24 s",
    "12.3 s",
    "3 m 07 s",
    "2 h 04 m",
  ]);
  expect([0, 999, 1_024, 1_500_000, 5e12].map(bytes)).toEqual(["0 B", "999 B", "1 KB", "1.4 MB", "4.5 TB"]);
  const now = Date.parse("2026-11-21T10:00:00.000Z");
  expect(
    ["2026-11-21T09:59:58.000Z", "2026-11-21T09:58:00.000Z", "2026-11-18T10:00:00.000Z"].map((at) => ago(at, now)),
  ).toEqual(["just now", "2 m ago", "3 d ago"]);
});

const titleOf = (content: object, performative: string) =>
  requestTitle(JSON.stringify(content).slice(0, 200), { performative });

describe("requests as titles", () => {
  const id = "01a2049a-9f0d-7dab-9d61-b0a9a013b0c4";

  test("a request of a task has the name of the task and its price, also where the JSON is cut off", () => {
    const task = { id, name: 'Count the "species"', description: "All of them, ".repeat(30) };
    expect(titleOf({ task }, "request")).toBe('Task: Count the "species"');
    expect(titleOf({ task: { id, name: "é".repeat(200) } }, "cfp")).toMatch(/^Call for proposals: é{100,}$/u);
    expect(titleOf({ accepted: { price: 245 }, task }, "accept-proposal")).toBe(
      'Award: Count the "species", price: 245',
    );
  });

  test("other JSON is a readable line, and text stays as it is", () => {
    const bid = { price: 245, remark: 'We say "soon"\nor later', more: [true, null, { a: 1 }] };
    expect(plainWords(JSON.stringify(bid, null, 2))).toBe(
      'price: 245, remark: We say "soon" or later, more: true, null, a: 1',
    );
    expect(plainWords('{"price":245,"remark":"We can sta')).toBe("price: 245, remark: We can sta");
    for (const text of ["[1] as a footnote: see below", "{} or", "Plain: text, here", "{}", ""])
      expect(requestTitle(text, null)).toBe(text);
    fc.assert(fc.property(fc.string(), (text) => plainWords(`x${text}`) === `x${text}`));
  });
});

const FAILED_ATTEMPT: ModelStep["attempts"][number] = {
  model: "mock",
  class: "timeout",
  message: "too late",
  retry_in_ms: 10,
  next: null,
  cost: null,
};

test("steps are filtered by failure, by duration and by all words in them", () => {
  const turns = Array.from({ length: 30 }, (_, at): Step => ({
    ...TURN,
    index: at + 1,
    turn: at + 1,
    duration_ms: at,
  }));
  const retried = { ...TURN, index: 31, turn: 31, text: "The Needle, after all", attempts: [FAILED_ATTEMPT] };
  const steps = [...turns, retried, { ...TURN, index: 32, turn: 32, state: "failed" as const }];
  const indexes = (filter: Parameters<typeof filteredSteps>[1]) =>
    filteredSteps(steps, filter).map(({ index }) => index);
  expect(indexes({})).toHaveLength(32);
  expect(indexes({ only: "failed" })).toEqual([31, 32]);
  expect(indexes({ only: "slow" })).toEqual(Array.from({ length: 20 }, (_, at) => at + 11));
  expect(indexes({ find: "all needle" })).toEqual([31]);
  expect(indexes({ only: "failed", find: "turn 32" })).toEqual([32]);
});

test("costs have as many digits as say something, fuel its unit, and days one form", () => {
  expect([0, 12.5, 0.4, 0.25, 0.395715, 0.9996, 0.012_34, 0.002325, 0.002, 0.000006, 0.0000001].map(usd)).toEqual([
    "$0.00",
    "$12.50",
    "$0.40",
    "$0.25",
    "$0.396",
    "$1.00",
    "$0.012",
    "$0.0023",
    "$0.002",
    "$0.000006",
    "$0.00",
  ]);
  expect(amount("fuel", 289_655_008)).toBe("289.7M");
  expect(calendarDay("2026-11-22")).toBe("22 Nov 2026");
});
