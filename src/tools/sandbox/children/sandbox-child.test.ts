import { expect, test } from "vitest";
import { frameTaker } from "./sandbox-child.ts";
import { type Frame, KIND } from "../wire/index.ts";

const frame = (kind: number): Frame => ({ kind, id: 1, server: 1, bytes: Buffer.alloc(0), start: 0, end: 0 });

// sandbox.guest-process.P2
test("a frame that cannot be dealt with ends the child it came from, and nothing else", () => {
  const killed: string[] = [];
  const heard: string[] = [];
  const take = frameTaker(
    {
      use: "run",
      payloadBytesMax: 1,
      kinds: new Set(),
      onReady: () => heard.push("ready"),
      onFrame: () => {
        throw new RangeError("Invalid string length");
      },
      onExit: () => {},
    },
    (reason) => killed.push(reason),
  );
  take(frame(KIND.ready));
  expect([heard, killed]).toEqual([["ready"], []]);
  take(frame(KIND.result));
  expect(killed).toEqual([expect.stringContaining("Invalid string length")]);
});
