import { expect, test } from "vitest";
import initWabt from "wabt";
import { FUEL_EXPORT, meter, START_EXPORT } from "../meter/index.ts";
import type { LoadSpec } from "../wire/index.ts";
import type { GuestAnswer, GuestExports, Opener } from "./abi.ts";
import { Instance } from "./instance.ts";
import { Turns } from "./turns.ts";

const SPEC: LoadSpec = {
  abi: "core",
  tools: ["work"],
  memoryBytesMax: 1_048_576,
  fuelPerCall: 1_000_000,
  startFuel: 1_000_000,
  resultBytesMax: 1_024,
  sharing: "run",
  instancesMax: 1,
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

test("modules of one guest live off one budget, and their fuel and memory count together", async () => {
  const instance = await instanceOf(3, 10_000);
  const one = await (await instanceOf(1, 10_000)).call("work", Buffer.from("{}"));
  const three = await instance.call("work", Buffer.from("{}"));
  expect(three).toMatchObject({ type: "answered", fuel: 3 * one.fuel, memoryBytes: 3 * one.memoryBytes });
  expect(await instance.call("work", Buffer.from("{}"))).toMatchObject({ type: "answered", fuel: three.fuel });
});

test("a call that went over its budget in several modules together is not done", async () => {
  const instance = await instanceOf(3, 100_000);
  const outcome = await instance.call("work", Buffer.from("{}"));
  expect(outcome).toMatchObject({ type: "ended", outcome: "fuel", fuel: SPEC.fuelPerCall });
  expect(instance.ending).toMatchObject({ outcome: "fuel" });
});

test("each module alone goes no further than the budget", async () => {
  const instance = await instanceOf(1, 2_000_000_000);
  expect(await instance.call("work", Buffer.from("{}"))).toMatchObject({ type: "ended", outcome: "fuel" });
});
