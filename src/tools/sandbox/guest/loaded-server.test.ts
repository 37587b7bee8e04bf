import { afterEach, expect, test, vi } from "vitest";
import type { LoadSpec } from "../wire/index.ts";
import type { GuestAnswer, Opener } from "./abis/abi.ts";
import { LoadedServer, START_MS_MAX } from "./loaded-server.ts";
import { Turns } from "./turns.ts";

const SPEC: LoadSpec = {
  abi: "core",
  tools: ["work"],
  memoryBytesMax: 1_048_576,
  fuelPerCall: 1_000_000,
  startFuel: 1_000_000,
  resultBytesMax: 1_024,
  instancesMax: 1,
  startsAhead: true,
  environment: [],
  clock: false,
  random: false,
  fuelExport: "fuel",
  startExport: "start",
};
const DONE: GuestAnswer = { type: "done", content: [], structured: undefined };
const NOTHING = new Uint8Array(0);

afterEach(() => void vi.useRealTimers());

/** A server whose guests' starts end when the test says so, and what it answered, by call. */
function server(changes: Partial<LoadSpec> = {}) {
  const starts: PromiseWithResolvers<void>[] = [];
  const answers: [number, string][] = [];
  const room = { count: 0, max: 10 };
  const open: Opener = () => ({
    start: () => {
      const started = Promise.withResolvers<void>();
      starts.push(started);
      return started.promise;
    },
    listTools: () => Promise.resolve([]),
    call: () => Promise.resolve(DONE),
    endCall: () => {},
  });
  const loaded = new LoadedServer(
    {
      turns: new Turns(() => {}),
      open,
      room,
      send: (call, outcome) => answers.push([call, outcome.type === "ended" ? outcome.outcome : outcome.type]),
      requestFile: () => {},
      log: () => {},
    },
    { ...SPEC, ...changes },
  );
  return { loaded, starts, answers, room };
}

const call = (loaded: LoadedServer, id: number, session: number): void => loaded.call(id, session, 0, NOTHING);
const settled = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

// guest.loaded-server.L4
test.each(["deadline", "cancelled"] as const)(
  "a start that never ends is over with its call (%s), and its place is free",
  async (why) => {
    const { loaded, starts, answers, room } = server();
    call(loaded, 1, 1);
    expect([starts.length, room.count]).toEqual([1, 1]);
    loaded.cancel(1, why);
    call(loaded, 2, 2);
    await settled(() => starts.length === 2);
    expect(room.count).toBe(1);
    starts[1]?.resolve();
    await settled(() => answers.length === 2);
    expect(answers).toEqual([
      [1, why],
      [2, "answered"],
    ]);
  },
);

// guest.loaded-server.L4
test("what is being started when the server is unloaded is ended, for a call or for none", async () => {
  const { loaded, starts, answers, room } = server({ instancesMax: 5 });
  await settled(() => starts.length === 1);
  call(loaded, 1, 1);
  expect(room.count).toBe(2);
  loaded.unload();
  expect(room.count).toBe(0);
  expect(answers).toEqual([[1, "cancelled"]]);
});

// guest.loaded-server.L4
test("a session that ends after its call was given up leaves nothing behind", async () => {
  const { loaded, starts, answers } = server();
  call(loaded, 1, 1);
  loaded.cancel(1, "cancelled");
  loaded.endSession(1);
  await settled(() => starts.length === 2);
  starts[1]?.resolve();
  call(loaded, 2, 2);
  await settled(() => answers.length === 2);
  expect(answers[1]).toEqual([2, "answered"]);
  expect(loaded.live).toBe(1);
});

// guest.loaded-server.L4
test("the start of an instance without a waiting call ends in time, and a call that waits for its place begins", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { loaded, starts, answers, room } = server();
  await settled(() => starts.length === 1);
  call(loaded, 1, 1);
  expect(starts).toHaveLength(1);
  vi.advanceTimersByTime(START_MS_MAX);
  await settled(() => starts.length === 2);
  expect(room.count).toBe(1);
  starts[1]?.resolve();
  await settled(() => answers.length === 1);
  expect(answers).toEqual([[1, "answered"]]);
});

test("a call that waits while the only instance is started ahead of it is given that one", async () => {
  const { loaded, starts, answers } = server();
  await settled(() => starts.length === 1);
  call(loaded, 1, 1);
  starts[0]?.resolve();
  await settled(() => answers.length === 1);
  expect(answers).toEqual([[1, "answered"]]);
  expect(starts).toHaveLength(1);
});
