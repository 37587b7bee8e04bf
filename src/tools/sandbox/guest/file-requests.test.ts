import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { IoReply, IoRequest } from "../wire/index.ts";
import { FileRequests, RUNNING_MAX } from "./file-requests.ts";

const GRANTED: IoReply = { type: "granted", body: Buffer.alloc(0) };
const close = (handle: number): IoRequest => ({ op: "close", handle });

/** Requests of one child: those sent, by handle, and those running, by id. */
function handler() {
  const left: number[] = [];
  const running: number[] = [];
  const requests = new FileRequests((id, { request }) => {
    if (request.op === "close") left.push(request.handle);
    running.push(id);
  });
  return { left, running, requests };
}

// guest.file-requests.F1, guest.file-requests.F2
test("whatever comes when, requests leave in order, few at a time, and each is settled once", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (steps) => {
      const { left, running, requests } = handler();
      const settled: number[] = [];
      let made = 0;
      for (const isAsked of steps) {
        if (isAsked) {
          const handle = made;
          made += 1;
          requests.ask({ call: 1, server: 1, request: close(handle) }, () => settled.push(handle));
        } else requests.answered(running.shift() ?? 0, GRANTED);
        expect(running.length).toBeLessThanOrEqual(RUNNING_MAX);
      }
      while (running.length > 0) requests.answered(running.shift() ?? 0, GRANTED);
      expect(left).toEqual(Array.from({ length: made }, (_, index) => index));
      expect(settled).toEqual(left);
    }),
  );
});

// guest.file-requests.F1, guest.file-requests.F3
test("at its end what a call has waiting leaves, and no reply to it is heard any more", () => {
  const { left, running, requests } = handler();
  let settled = 0;
  for (let handle = 0; handle < 3 * RUNNING_MAX; handle += 1) {
    requests.ask({ call: 1, server: 1, request: close(handle) }, () => (settled += 1));
  }
  expect(left).toHaveLength(RUNNING_MAX);
  requests.end(1);
  expect(left).toEqual(Array.from({ length: 3 * RUNNING_MAX }, (_, index) => index));
  for (const id of running) requests.answered(id, GRANTED);
  expect(settled).toBe(0);
});

test("one call's requests do not wait for another's", () => {
  const { left, requests } = handler();
  for (let handle = 0; handle < 2 * RUNNING_MAX; handle += 1) {
    requests.ask({ call: 1, server: 1, request: close(handle) }, () => {});
  }
  requests.ask({ call: 2, server: 1, request: close(99) }, () => {});
  expect(left.at(-1)).toBe(99);
});
