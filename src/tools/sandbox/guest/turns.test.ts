import * as fc from "fast-check";
import { expect, test, vi } from "vitest";
import { Turns } from "./turns.ts";

// guest.turns.T1, guest.turns.T2
test("guests run one at a time, in the order in which they asked", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(3), { minLength: 1, maxLength: 20 }), async (hops) => {
      const turns = new Turns(() => {});
      const ran: number[] = [];
      let running = 0;
      const done = hops.map(
        (count, index) =>
          new Promise<void>((resolve) => {
            turns.enter(() => {
              running += 1;
              expect(running).toBe(1);
              ran.push(index);
              void (async () => {
                for (let hop = 0; hop < count; hop += 1) await Promise.resolve();
                running -= 1;
                resolve();
                turns.parked();
              })();
            });
          }),
      );
      await Promise.all(done);
      expect(ran).toEqual(hops.map((_, index) => index));
    }),
  );
});

// guest.turns.T3
test("while guests run, results are flushed periodically, the event loop gets a turn, and the guests continue", async () => {
  let flushes = 0;
  const turns = new Turns(() => {
    flushes += 1;
  });
  let ran = 0;
  let ranAtTurn = 0;
  const busy = (): void => {
    const until = performance.now() + 2;
    while (performance.now() < until);
    ran += 1;
    queueMicrotask(() => turns.parked());
  };
  for (let index = 0; index < 12; index += 1) turns.enter(busy);
  setImmediate(() => {
    ranAtTurn = ran;
  });
  await vi.waitFor(() => expect(ran).toBe(12), { interval: 1 });
  expect(ranAtTurn).toBeLessThan(12);
  expect(flushes).toBeGreaterThanOrEqual(4);
});

test("entries that keep coming are all made", async () => {
  const turns = new Turns(() => {});
  let made = 0;
  const again = (): void => {
    made += 1;
    if (made < 5_000) {
      turns.enter(again);
      turns.enter(() => queueMicrotask(() => turns.parked()));
    }
    queueMicrotask(() => turns.parked());
  };
  turns.enter(again);
  await vi.waitFor(() => expect(made).toBe(5_000));
});
