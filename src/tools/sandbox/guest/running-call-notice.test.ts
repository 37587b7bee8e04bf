import { expect, test } from "vitest";
import { RunningCallNotice } from "./running-call-notice.ts";

const LONG = 1_000_000_000_000;
const ORDINARY = 100_000_000;

function notice() {
  const said: string[] = [];
  const told = new RunningCallNotice({
    send: (server, call) => said.push(`${server}:${call}`),
    flush: () => said.push("sent"),
  });
  return { told, said };
}

// guest.running-call-notice.N2
test("turns that cannot be long are not told", () => {
  const { told, said } = notice();
  for (let call = 1; call < 10; call += 1) told.begins(1, call, ORDINARY);
  told.clear();
  expect(said).toEqual([]);
});

test("a turn that may be long is told before it begins, once while it stays the same guest's", () => {
  const { told, said } = notice();
  told.begins(7, 1, LONG);
  told.begins(7, 1, LONG);
  told.begins(7, 2, LONG);
  expect(said).toEqual(["7:1", "sent", "7:2", "sent"]);
});

// guest.running-call-notice.N1
test("the turn of another ends what was told, and that need not hurry when the other is soon done", () => {
  const { told, said } = notice();
  told.begins(7, 1, LONG);
  told.begins(8, 2, ORDINARY);
  told.begins(8, 3, ORDINARY);
  told.begins(7, 1, LONG);
  told.clear();
  expect(said).toEqual(["7:1", "sent", "0:0", "7:1", "sent", "0:0", "sent"]);
});
