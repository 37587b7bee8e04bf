import { expect, test } from "vitest";
import { Receiving, settlementsOf } from "../../../src/api/operations/index.ts";
import { note, openWorld, to, until } from "./world.ts";

const done = (handles: readonly string[]) => settlementsOf({ done: [...handles], failed: [], rejected: [] });

test("one who receives and settles nothing leaves some of the mailbox's in-flight limit to the next one", async () => {
  const window = 8;
  const { router, clock } = await openWorld({ options: { window } });
  const messaging = { router, participants: { seen: () => {} }, limits: { leaseMs: 30_000, window } };
  const services = { messaging, server: { clock } };
  const gone = new AbortController();
  const receive = () => {
    const receiving = new Receiving(services, { workspace: "default", name: "outside-olga" }, { window: 100 });
    const got: string[] = [];
    const settle = async (handles: readonly string[]) => {
      const settlements = done(handles);
      await router.settle({ workspace: "default", name: "outside-olga" }, settlements);
      receiving.settled(settlements);
    };
    const over = (async () => {
      for await (const items of receiving.messages(gone.signal)) got.push(...items.map(({ handle }) => handle));
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
    const handles = lively.got.slice(settled);
    settled += handles.length;
    await lively.settle(handles);
  }
  expect(stalled.got).toHaveLength(6);
  gone.abort();
  await Promise.all([stalled.over, lively.over]);
  expect(router.records.mailbox("default", "outside-olga")).toMatchObject({ messages: 6, leased: 0 });
  await router.close(0);
});

test("one who fetches all it gets and settles nothing leaves some for who fetches next, and for who receives", async () => {
  const window = 16;
  const { router, clock } = await openWorld({ options: { window } });
  const olga = { workspace: "default", name: "outside-olga" };
  for (let sent = 0; sent < 60; sent += 1) await router.submit(note("x", to("outside-olga")));
  const { signal } = new AbortController();
  const fetchAll = async () =>
    (await router.lease(olga, { max: 100, leaseMs: 30_000, waitMs: 0 }, signal)).map(({ seq }) => seq);
  expect(await fetchAll()).toHaveLength(12);
  const second = await fetchAll();
  expect(second).toHaveLength(3);
  await router.settle(
    olga,
    second.map((seq) => ({ seq, outcome: "done" })),
  );

  const messaging = { router, participants: { seen: () => {} }, limits: { leaseMs: 30_000, window } };
  const services = { messaging, server: { clock } };
  const gone = new AbortController();
  const receiving = new Receiving(services, { workspace: "default", name: "outside-olga" }, { window: 100 });
  const got: string[] = [];
  const over = (async () => {
    for await (const items of receiving.messages(gone.signal)) got.push(...items.map(({ handle }) => handle));
  })();
  await until(() => got.length === 4);
  // While a client receives, those that fetch have a quarter between them, and had more before.
  expect(await fetchAll()).toEqual([]);
  for (let settled = 0; settled < 20;) {
    await until(() => got.length > settled);
    const settlements = done(got.slice(settled));
    settled += settlements.length;
    await router.settle(olga, settlements);
    receiving.settled(settlements);
  }
  gone.abort();
  await over;
  await router.close(0);
});

test("of several who wait each gets what comes, also while another takes", async () => {
  const { router } = await openWorld();
  const fetchOne = () =>
    router.lease(
      { workspace: "default", name: "outside-olga" },
      { max: 1, leaseMs: 30_000, waitMs: 20_000 },
      new AbortController().signal,
    );
  const waiting = [fetchOne(), fetchOne(), fetchOne()];
  await Promise.all(waiting.map(() => router.submit(note("x", to("outside-olga")))));
  const got = await Promise.all(waiting);
  expect(got.flat().map(({ seq }) => seq)).toHaveLength(3);
  await router.close(0);
});
