import { expect, test } from "vitest";
import initWabt from "wabt";
import { FUEL_EXPORT, meter, START_EXPORT } from "../meter/index.ts";
import type { LoadSpec } from "../wire/index.ts";
import type { GuestAnswer, GuestExports, GuestHost, Opener } from "./abis/abi.ts";
import { Instance } from "./instance.ts";
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
  fuelExport: FUEL_EXPORT,
  startExport: START_EXPORT,
};
const DONE: GuestAnswer = { type: "done", content: [], structured: undefined };

/** A module whose `work` counts down from what it is given. */
async function worker(): Promise<WebAssembly.Module> {
  const wabt = await initWabt();
  const text = `(module (memory (export "memory") 1) (func (export "work") (param i32)
    (loop (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if 0 (local.get 0)))))`;
  return new WebAssembly.Module(meter(new Uint8Array(wabt.parseWat("w", text).toBinary({}).buffer)).bytes);
}

/** A guest of so many modules, each of which works in turn. */
async function instanceOf(modules: number, rounds: number): Promise<Instance> {
  const module = await worker();
  const open: Opener = (host) => {
    const exports: GuestExports[] = [];
    return {
      start: async () => {
        for (let made = 0; made < modules; made += 1) exports.push(host.instantiate(module, {}));
      },
      listTools: async () => [],
      call: async () => {
        for (const each of exports) await host.run(each["work"], rounds);
        return DONE;
      },
      endCall: () => {},
    };
  };
  const deps = { turns: new Turns(() => {}), open, files: () => {}, log: () => {} };
  const instance = new Instance(deps, SPEC);
  await instance.start();
  return instance;
}

// guest.instance.I4
test("modules of one guest live off one budget, and their fuel and memory count together", async () => {
  const instance = await instanceOf(3, 10_000);
  const one = await (await instanceOf(1, 10_000)).call("work", Buffer.from("{}"));
  const three = await instance.call("work", Buffer.from("{}"));
  expect(three).toMatchObject({ type: "answered", fuel: 3 * one.fuel, memoryBytes: 3 * one.memoryBytes });
  expect(await instance.call("work", Buffer.from("{}"))).toMatchObject({ type: "answered", fuel: three.fuel });
});

test("a call that exceeded its budget in several modules together is not done", async () => {
  const instance = await instanceOf(3, 100_000);
  const outcome = await instance.call("work", Buffer.from("{}"));
  expect(outcome).toMatchObject({ type: "ended", outcome: "fuel", fuel: SPEC.fuelPerCall });
  expect(instance.ending).toMatchObject({ outcome: "fuel" });
});

// guest.instance.I1
test("each module alone goes no further than the budget", async () => {
  const instance = await instanceOf(1, 2_000_000_000);
  expect(await instance.call("work", Buffer.from("{}"))).toMatchObject({ type: "ended", outcome: "fuel" });
});

/** A guest that continues after a host function has thrown, and then calls one that ends it. */
async function stubborn(): Promise<WebAssembly.Module> {
  const wabt = await initWabt();
  const text = `(module (import "host" "begin" (func $begin)) (import "host" "end" (func $end))
    (global (export "${FUEL_EXPORT}") (mut i64) (i64.const 0))
    (func (export "work") (try (do (call $begin)) (catch_all)) (call $end)))`;
  const parsed = wabt.parseWat("stubborn", text, { exceptions: true });
  return new WebAssembly.Module(new Uint8Array(parsed.toBinary({}).buffer));
}

/** How a wait can fail to begin: at once, or when it was settled or its guest was ended before. */
const BEGINNINGS: readonly [string, (settle: (value: number) => void, host: GuestHost) => void][] = [
  ["at once", () => {}],
  ["after it was settled", (settle) => settle(1)],
  ["after its guest was ended", (_settle, host) => void host.end("trap", "a bad handle")],
];

test.each(BEGINNINGS)("a wait that fails to begin, %s, keeps no other guest from its turn", async (_when, before) => {
  const turns = new Turns(() => {});
  const module = await stubborn();
  let exports: GuestExports = {};
  const open: Opener = (host) => ({
    start: async () => {
      const begin = async (): Promise<unknown> =>
        host.suspend<number, number>(
          (settle) => {
            before(settle, host);
            throw new RangeError("out of range");
          },
          (value) => value,
        );
      const end = (): never => {
        throw host.end("trap", "a bad handle");
      };
      exports = host.instantiate(module, { host: { begin: new WebAssembly.Suspending(begin), end } });
    },
    listTools: async () => [],
    call: async () => {
      await host.run(exports["work"]);
      return DONE;
    },
    endCall: () => {},
  });
  const instance = new Instance({ turns, open, files: () => {}, log: () => {} }, SPEC);
  await instance.start();
  expect(await instance.call("work", Buffer.from("{}"))).toMatchObject({ type: "ended", outcome: "trap" });
  const { promise, resolve } = Promise.withResolvers<string>();
  turns.enter(() => resolve("its turn"));
  expect(await promise).toBe("its turn");
});
