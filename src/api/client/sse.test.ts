import * as fc from "fast-check";
import { expect, test } from "vitest";
import { EventStreamReader, type ServerSentEvent } from "./sse.ts";

const readAll = (pieces: readonly string[]): ServerSentEvent[] => {
  const reader = new EventStreamReader();
  return pieces.flatMap((piece) => reader.push(piece));
};

test("events have their kind, data and the last id named", () => {
  const text = 'id: 7\nevent: step\ndata: {"a":1}\n\n: still here\n\ndata: two\ndata:  lines\n\n';
  expect(readAll([text])).toEqual([
    { event: "step", data: '{"a":1}', id: "7" },
    { event: "message", data: "two\n lines", id: "7" },
  ]);
});

test("ignores events without data and unfinished events", () => {
  expect(readAll(["event: x\nid: 3\n\ndata: never ended\n"])).toEqual([]);
});

test("an id with a null character is not taken", () => {
  const reader = new EventStreamReader("5");
  reader.push("id: 6\0\ndata: x\n\n");
  expect(reader.lastEventId).toBe("5");
});

test("an id counts once its event is whole: a stream cut within it is resumed before it", () => {
  const reader = new EventStreamReader("5");
  expect(reader.push("id: 6\nevent: x\n")).toEqual([]);
  expect(reader.lastEventId).toBe("5");
  reader.push("data: y\n\n");
  expect(reader.lastEventId).toBe("6");
});

test("a byte order mark at the beginning is passed over", () => {
  expect(readAll(["\uFEFFdata: x\n\n"])).toEqual([{ event: "message", data: "x", id: "" }]);
});

const oneEvent = fc.record({
  id: fc.option(fc.stringMatching(/^[0-9]{1,6}$/), { nil: undefined }),
  event: fc.option(fc.stringMatching(/^[a-z-]{1,10}$/), { nil: undefined }),
  data: fc.array(fc.stringMatching(/^[^\r\n\0]*$/), { minLength: 1, maxLength: 3 }),
  comment: fc.boolean(),
  end: fc.constantFrom("\n", "\r", "\r\n"),
});

test("what is read does not depend on where the stream is cut", () => {
  fc.assert(
    fc.property(fc.array(oneEvent, { maxLength: 5 }), fc.array(fc.nat(400), { maxLength: 12 }), (events, places) => {
      const text = events
        .map(({ id, event, data, comment, end }) =>
          [
            ...(comment ? [": here"] : []),
            ...(id === undefined ? [] : [`id: ${id}`]),
            ...(event === undefined ? [] : [`event: ${event}`]),
            ...data.map((line) => `data: ${line}`),
            "",
            "",
          ].join(end),
        )
        .join("");
      const cuts = [0, ...places.map((place) => Math.min(place, text.length)).toSorted((a, b) => a - b), text.length];
      const pieces = cuts.slice(1).map((cut, index) => text.slice(cuts[index], cut));
      const expected: ServerSentEvent[] = [];
      let id = "";
      for (const each of events) {
        id = each.id ?? id;
        expected.push({ event: each.event ?? "message", data: each.data.join("\n"), id });
      }
      expect(readAll(pieces)).toEqual(expected);
      expect(readAll(text.split(""))).toEqual(expected);
    }),
  );
});
