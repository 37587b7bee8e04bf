import { expect, test } from "vitest";
import { Receiving } from "../../src/api/operations/index.ts";
import { note, openWorld, to, until } from "./world.ts";

test("one who receives and settles nothing leaves some of the mailbox's window for whoever comes next", async () => {
  const window = 8;
  const { router, clock } = await openWorld({ options: { window } });
  const services = { router, clock, participants: { seen: () => {} }, messageLimits: { leaseMs: 30_000, window } };
  const gone = new AbortController();
  const receive = () => {
    const receiving = new Receiving(services, "outside-olga", { window: 100 });
    const got: number[] = [];
    const settle = (seqs: readonly number[]) =>
      router
        .settle(
          { workspace: "default", name: "outside-olga" },
          seqs.map((seq) => ({ seq, outcome: "done" })),
        )
        .then(() => receiving.settled(seqs));
    const over = (async () => {
      for await (const items of receiving.messages(gone.signal)) got.push(...items.map(({ seq }) => seq));
    })();
    return { got, settle, over };
  };
  for (let sent = 0; sent < 20; sent += 1) await router.submit(note("x", to("outside-olga")));
  const stalled = receive();
  await until(() => stalled.got.length === 6);
  const lively = receive();
  let settled = 0;
  while (settled < 14) {
    await until(() => lively.got.length > settled);
    const seqs = lively.got.slice(settled);
    settled += seqs.length;
    await lively.settle(seqs);
  }
  expect(stalled.got).toHaveLength(6);
  gone.abort();
  await Promise.all([stalled.over, lively.over]);
  expect(router.records.mailbox("default", "outside-olga")).toMatchObject({ messages: 6, leased: 0 });
  await router.close(0);
});
