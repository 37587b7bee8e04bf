import { expect, test } from "vitest";
import { RunningCallNotice } from "./running-call-notice.ts";

const LONG = 1_000_000_000_000;
const ORDINARY = 100_000_000;

function notice() {
  const said: string[] = [];
  const announcer = new RunningCallNotice({
    send: (server, call) => said.push(`${server}:${call}`),
    flush: () => said.push("sent"),
  });
  return { announcer, said };
}

// guest.running-call-notice.N2
test("short turns are not announced", () => {
  const { announcer, said } = notice();
  for (let call = 1; call < 10; call += 1) announcer.begins(1, call, ORDINARY);
  announcer.clear();
  expect(said).toEqual([]);
});

test("a potentially long turn is announced before it begins, once per guest", () => {
  const { announcer, said } = notice();
  announcer.begins(7, 1, LONG);
  announcer.begins(7, 1, LONG);
  announcer.begins(7, 2, LONG);
  expect(said).toEqual(["7:1", "sent", "7:2", "sent"]);
});

// guest.running-call-notice.N1
test("another guest's turn ends the announcement, without hurry if that turn is short", () => {
  const { announcer, said } = notice();
  announcer.begins(7, 1, LONG);
  announcer.begins(8, 2, ORDINARY);
  announcer.begins(8, 3, ORDINARY);
  announcer.begins(7, 1, LONG);
  announcer.clear();
  expect(said).toEqual(["7:1", "sent", "0:0", "7:1", "sent", "0:0", "sent"]);
});
