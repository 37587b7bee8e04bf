import { describe, expect, test } from "vitest";
import { scripted, type ScriptedTurnInput } from "../../src/models/vendors/index.ts";
import type { LanguageModel } from "../../src/models/port/language-model.ts";
import { done, freshEngine } from "../helpers/engine.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("run.loop-detection");

const call = (name: string, args: Record<string, string> = {}) => ({ name: `fake__${name}`, arguments: args });
const times = (count: number, ...turns: readonly ScriptedTurnInput[]): readonly ScriptedTurnInput[] =>
  Array.from({ length: count }, () => turns).flat();
const same = { name: "look", run: () => done("nothing new") };
const other = { name: "peek", run: () => done("nothing here") };

describe("a model that repeats a call", () => {
  test("receives a warning at the second time, and is stopped at the fourth", async () => {
    await using made = freshEngine({
      model: scripted([...times(9, { toolCalls: [call("look", { text: "x" })] }), { text: "never" }]),
      tools: [same],
    });
    const { view } = await made.run("go");
    expect(view).toMatchObject({ state: "failed", failure: { code: "LOOP_REPEATED_CALL" } });
    expect(view.failure?.message).toContain("fake.look 3 times");
    expect(made.tools.calls).toHaveLength(3);
    const warned = view.steps.flatMap((step) => (step.kind === "model" ? [step.context?.warnings.length] : []));
    expect(warned).toEqual([0, 0, 1, 1]);
  });

  test("by alternating calls is stopped as well, by another name", async () => {
    await using made = freshEngine({
      model: scripted([...times(9, { toolCalls: [call("look")] }, { toolCalls: [call("peek")] }), { text: "never" }]),
      tools: [same, other],
    });
    const { view } = await made.run("go");
    expect(view).toMatchObject({ state: "failed", failure: { code: "LOOP_PING_PONG" } });
    expect(made.tools.calls).toHaveLength(6);
  });

  test("is let be when the result changes, when the arguments do, and when the tool may repeat", async () => {
    let count = 0;
    const polls = { name: "look", run: () => done(`${(count += 1)} of 6 done`) };
    const script = [...times(6, { toolCalls: [call("look")] }), { text: "done" }];
    await using changing = freshEngine({ model: scripted(script), tools: [polls] });
    expect((await changing.run("go")).view.state).toBe("completed");
    const asked = [
      ...Array.from({ length: 6 }, (_, at) => ({ toolCalls: [call("look", { text: `${at}` })] })),
      { text: "done" },
    ];
    await using different = freshEngine({ model: scripted(asked), tools: [same] });
    expect((await different.run("go")).view.state).toBe("completed");
    const loops = { repeatedCalls: 3, pingPong: 3, repeatAllowed: ["fake.look"] };
    await using allowed = freshEngine({ model: scripted(script), tools: [same], plan: { loops } });
    expect((await allowed.run("go")).view.state).toBe("completed");
    await using off = freshEngine({
      model: scripted(script),
      tools: [same],
      plan: { loops: { repeatedCalls: 0, pingPong: 0, repeatAllowed: [] } },
    });
    expect((await off.run("go")).view.state).toBe("completed");
  });
});

describe("an answer", () => {
  test("that is empty is asked for once more, and then fails the run", async () => {
    await using again = freshEngine({ model: scripted([{ text: " " }, { text: "Here." }]) });
    expect((await again.run("go")).view).toMatchObject({ state: "completed", output: "Here." });
    await using never = freshEngine({ model: scripted([{ text: "" }, { text: "" }, { text: "late" }]) });
    expect((await never.run("go")).view).toMatchObject({ state: "failed", failure: { code: "EMPTY_ANSWER" } });
  });

  test("without an end is broken off at its limit, and its provider stopped", async () => {
    let stopped = false;
    let sent = 0;
    const endless: LanguageModel = {
      id: "test/endless",
      limits: undefined,
      async *stream(_request, signal) {
        try {
          for (;;) {
            sent += 1;
            yield { type: "text-delta", text: "x".repeat(1_000) };
          }
        } finally {
          stopped = true;
          expect(signal.aborted).toBe(false);
        }
      },
    };
    await using made = freshEngine({
      model: endless,
      plan: { sizes: { outputBytesMax: 10_000, argumentBytesMax: 1_000 } },
    });
    expect((await made.run("go")).view).toMatchObject({ state: "failed", failure: { code: "OUTPUT_TOO_LARGE" } });
    expect(stopped).toBe(true);
    expect(sent).toBe(11);
  });

  test("after calls that all failed says so, and one after a call that worked does not", async () => {
    const breaks = {
      name: "look",
      run: () =>
        ({
          type: "failed",
          reason: "tool-error",
          message: "no",
          usage: { fuel: 0, durationMs: 0, memoryBytes: 0 },
        }) as const,
    };
    await using failed = freshEngine({
      model: scripted([{ toolCalls: [call("look")] }, { text: "It is blue." }]),
      tools: [breaks],
    });
    expect((await failed.run("go")).view).toMatchObject({
      state: "completed",
      endNotices: [{ code: "tools_failed", message: "The last tool call before the answer failed: fake.look." }],
    });
    await using worked = freshEngine({
      model: scripted([{ toolCalls: [call("look"), call("peek")] }, { text: "It is blue." }]),
      tools: [breaks, other],
    });
    expect((await worked.run("go")).view.endNotices).toEqual([]);
  });
});

test("arguments that are too long are refused, reported to the model, and not stored", async () => {
  await using made = freshEngine({
    model: scripted([{ toolCalls: [call("look", { text: "y".repeat(5_000) })] }, { text: "sorry" }]),
    tools: [same],
    plan: { sizes: { outputBytesMax: 100_000, argumentBytesMax: 1_000 } },
  });
  const { id, view } = await made.run("go");
  expect(view.state).toBe("completed");
  expect(made.tools.calls).toEqual([]);
  expect(view.steps[1]).toMatchObject({ end: { outcome: "invalid-arguments", text: expect.stringContaining("1000") } });
  expect(JSON.stringify(made.journal.read(id, 0))).not.toContain("yyyyyyyyyy");
});
