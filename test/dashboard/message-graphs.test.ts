import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MessageRecord } from "../../src/api/contract/index.ts";
import { columnX, layOut, SEQUENCE } from "../../dashboard/src/pages/conversations/sequence.ts";
import { drawGraph, NODES_MAX } from "../../dashboard/src/pages/graph/layout.ts";
import { flowsOf } from "../../dashboard/src/pages/graph/traffic.ts";
import { messageOf, EMPTY_DRAFT } from "../../dashboard/src/pages/messages/draft.ts";

const AT = "2026-11-21T12:00:00.000Z";
const SINCE = Date.parse(AT) - 1_000;

function message(sender: string, recipients: readonly string[], more: Partial<MessageRecord> = {}): MessageRecord {
  return {
    id: "m",
    position: "mp1",
    at: AT,
    performative: "inform",
    sender,
    receiver: [...recipients],
    nearest: null,
    capability: null,
    topic: null,
    broadcast: false,
    conversation_id: "c",
    protocol: null,
    reply_with: null,
    in_reply_to: null,
    reply_by: null,
    priority: "normal",
    content: "",
    error: null,
    hops: 0,
    trace_id: "t",
    recipients: [...recipients],
    deliveries: [],
    message: {},
    ...more,
  };
}

describe("the diagram of a conversation", () => {
  test("has a line for each in the order they came in, and an arrow for each message from top to bottom", () => {
    const drawn = layOut(
      undefined,
      [message("ann", ["bob", "cem"]), message("cem", ["ann"]), message("dan", [])],
      2_000,
    );
    expect(drawn.names).toEqual(["ann", "bob", "cem", "dan"]);
    expect(drawn.arrows.map(({ fromX, toX }) => [fromX, toX])).toEqual([
      [columnX(0, drawn.column), [columnX(1, drawn.column), columnX(2, drawn.column)]],
      [columnX(2, drawn.column), [columnX(0, drawn.column)]],
      [columnX(3, drawn.column), []],
    ]);
    const heights = drawn.arrows.map(({ y }) => y);
    expect(heights).toEqual(heights.toSorted((one, other) => one - other));
    expect(Math.max(...heights)).toBeLessThan(drawn.height);
  });

  test("is as narrow as its container, down to a legible minimum", () => {
    const said = [message("ann", ["bob", "cem", "dan", "eve"])];
    const widths = [2_000, 700, 300].map((roomPx) => layOut(undefined, said, roomPx).width);
    expect(widths[0]).toBe(SEQUENCE.left + 5 * SEQUENCE.columnMax);
    expect(widths[1]).toBeLessThanOrEqual(700);
    expect(widths[2]).toBe(SEQUENCE.left + 5 * SEQUENCE.columnMin);
  });
});

describe("the graph", () => {
  test("counts pairs, what failed, and leaves out what is older", () => {
    const died = { recipient: "bob", state: "dead" as const, attempts: 5, at: AT, reason: "broken" };
    const flows = flowsOf(
      [
        message("ann", ["bob", "cem"]),
        message("ann", ["bob"], { deliveries: [died] }),
        message("bob", ["ann"], { performative: "failure" }),
        message("bob", [], { receiver: ["gone"] }),
        message("old", ["ann"], { at: "2026-11-21T10:00:00.000Z" }),
      ],
      SINCE,
    );
    expect(flows.map(({ from, to, messages, failures }) => [from, to, messages, failures])).toEqual([
      ["ann", "bob", 2, 1],
      ["ann", "cem", 1, 0],
      ["bob", "ann", 1, 1],
      ["bob", "gone", 1, 1],
    ]);
  });

  test("draws the busiest participants inside the image, each at its own position, the same every time", () => {
    const Name = fc.stringMatching(/^[a-z]{1,8}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(Name, Name), { maxLength: 60 }), fc.constantFrom(306, 1_000), (pairs, roomPx) => {
        const flows = flowsOf(
          pairs.map(([from, to]) => message(from, [to])),
          SINCE,
        );
        const drawn = drawGraph(["idle"], flows, roomPx);
        expect(drawn).toEqual(drawGraph(["idle"], flows, roomPx));
        expect(roomPx === 306 ? drawn.width : 0, "a telephone shows all of it").toBeLessThanOrEqual(roomPx);
        expect(drawn.nodes.length).toBeLessThanOrEqual(NODES_MAX);
        expect(new Set(drawn.nodes.map(({ x, y }) => `${x.toFixed(2)} ${y.toFixed(2)}`)).size).toBe(drawn.nodes.length);
        for (const { x, y } of drawn.nodes) {
          expect(x).toBeGreaterThan(0);
          expect(x).toBeLessThan(drawn.width);
          expect(y).toBeGreaterThan(0);
          expect(y).toBeLessThan(drawn.height);
        }
        expect(drawn.edges.every(({ path }) => !path.includes("NaN"))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

test("a message that is written is sent as it was meant: names apart, JSON as JSON, text as text", () => {
  expect(messageOf({ ...EMPTY_DRAFT, to: " ann, bob ,", content: '{"a":1}' })).toEqual({
    performative: "request",
    receiver: ["ann", "bob"],
    sender: "user",
    content: { a: 1 },
  });
  expect(messageOf({ ...EMPTY_DRAFT, way: "topic", to: "news", content: "{oops", from: "" })).toMatchObject({
    topic: "news",
    content: "{oops",
  });
  expect(messageOf({ ...EMPTY_DRAFT, way: "broadcast", content: "12" })).toMatchObject({
    broadcast: true,
    content: "12",
  });
});
