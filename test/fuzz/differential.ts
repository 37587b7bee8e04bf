import { meter, METER_LIMITS, type MeterLimits, START_EXPORT } from "../../src/tools/sandbox/meter/index.ts";
import { withOracle } from "../../src/tools/sandbox/meter/test-kits/oracle.kit.ts";
import { assemble } from "../../src/tools/sandbox/meter/test-kits/wat.kit.ts";
import { Chance } from "./chance.ts";
import { type ModuleText, moduleText } from "./module-text.ts";
import type { Type } from "./operations.ts";
import { type Ending, PLENTY, Subject } from "./subject.ts";

/** What went wrong, and with which module. */
export type Failure = { readonly what: string; readonly bytes: Uint8Array<ArrayBuffer> };
/** What a case has shown, for the figures. */
export type Tally = { calls: number; traps: number; exceptions: number; exact: number; stopped: number };

const LIMITS: MeterLimits = { ...METER_LIMITS, memoryPagesMax: 3, tableSlotsMax: 20 };
const ROUNDS = 3;

function argument(type: Type, chance: Chance): unknown {
  const word = chance.is(0.7) ? chance.below(9) - 2 : chance.word() | 0;
  if (type === "i64") return BigInt(word);
  if (type === "externref") return chance.pick([null, "one", 2]);
  return type === "funcref" ? null : chance.is(0.1) ? Number.NaN : word;
}

const same = (left: Ending, right: Ending): boolean => left.type === right.type && left.text === right.text;
const shown = ({ type, text }: Ending): string => `${type} ${text.slice(0, 200)}`;

/** The three instances of one module: as it is, metered, and counting each instruction separately. */
class Trial {
  readonly #source: ModuleText;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #metered: WebAssembly.Module;
  readonly #tally: Tally;
  readonly #chance: Chance;
  readonly #hasStart: boolean;

  constructor(source: ModuleText, chance: Chance, tally: Tally) {
    const bytes = assemble(source.wat);
    const { bytes: metered, shape } = meter(bytes, LIMITS);
    this.#source = source;
    this.#bytes = bytes;
    this.#metered = new WebAssembly.Module(metered);
    this.#tally = tally;
    this.#chance = chance;
    this.#hasStart = shape.hasStart;
  }

  #fresh(): Subject {
    return new Subject(this.#metered, this.#source.throws);
  }

  #failure = (what: string): Failure => ({ what, bytes: this.#bytes });

  run(): Failure | null {
    const guest = this.#fresh();
    if (this.#hasStart) guest.fuel = PLENTY;
    const begun: Ending = this.#hasStart ? guest.call(START_EXPORT, []) : { type: "value", text: "undefined" };
    if (begun.type !== "value") return this.#notBegun();
    const { throws } = this.#source;
    const plain = new Subject(new WebAssembly.Module(this.#bytes), throws);
    const counting = new WebAssembly.Module(assemble(withOracle(this.#bytes, LIMITS)));
    const oracle = new Subject(counting, throws);
    const thrown = [plain, guest, oracle].map((each) => each.hasThrown()).includes(true);
    const count = oracle.take("oracle");
    const used = this.#hasStart ? PLENTY - guest.fuel : 0n;
    if (!thrown && used !== count) return this.#failure(`the start used ${used} instead of ${count}`);
    if (guest.state() !== plain.state()) return this.#failure("the state differs after the start");
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const { name, params } of this.#source.exports) {
        const values = params.map((type) => argument(type, this.#chance));
        const found = this.#compare({ plain, guest, oracle }, name, values);
        if (found !== null) return this.#failure(`round ${round}, ${name}(${values.map(String).join(", ")}): ${found}`);
      }
    }
    const short = this.#starve();
    return short === null ? null : this.#failure(short);
  }

  /** A start that does not end well must not end well without the meter either. */
  #notBegun(): Failure | null {
    try {
      void new Subject(new WebAssembly.Module(this.#bytes), this.#source.throws);
    } catch {
      return null;
    }
    return this.#failure("the start function fails only when it is metered");
  }

  #compare(
    { plain, guest, oracle }: { readonly [Name in "plain" | "guest" | "oracle"]: Subject },
    name: string,
    values: readonly unknown[],
  ): string | null {
    const expected = plain.call(name, values);
    guest.fuel = PLENTY;
    const ending = guest.call(name, values);
    const used = PLENTY - guest.fuel;
    const counted = oracle.call(name, values);
    const thrown = [plain, guest, oracle].map((each) => each.hasThrown()).includes(true);
    const count = oracle.take("oracle");
    this.#tally.calls += 1;
    if (expected.type === "trap") this.#tally.traps += 1;
    if (thrown) this.#tally.exceptions += 1;
    if (!same(ending, expected)) return `ends with ${shown(ending)}, unmetered with ${shown(expected)}`;
    if (!same(counted, expected)) return `the oracle ends with ${shown(counted)} instead of ${shown(expected)}`;
    if (guest.state() !== plain.state()) return "the state differs";
    if (used < count) return `used ${used}, and ${count} were executed`;
    // What a trap or an exception leaves undone of its stretch is not given back.
    if (expected.type !== "value" || thrown) return null;
    this.#tally.exact += 1;
    return used === count ? null : `used ${used} instead of ${count}`;
  }

  /** With too little fuel it stops, at the same place each time; with just enough it does not. */
  #starve(): string | null {
    const run = (fuel: bigint) => {
      const guest = this.#fresh();
      guest.fuel = fuel;
      const ending = guest.call("f0", [3]);
      return { ending, left: guest.fuel, state: guest.state() };
    };
    const whole = run(PLENTY);
    const used = PLENTY - whole.left;
    const enough = run(used);
    if (!same(enough.ending, whole.ending) || enough.state !== whole.state || enough.left !== 0n)
      return `fuel of ${used} is not enough, though no more is used`;
    const given = (used * BigInt(this.#chance.below(1_000_000))) / 1_000_000n;
    const [one, two] = [run(given), run(given)];
    if (!same(one.ending, two.ending) || one.left !== two.left || one.state !== two.state)
      return `stops at another place the second time, given ${given}`;
    if (one.left >= 0n) return `given ${given} of ${used}, ${one.left} is left`;
    const isStopped = one.ending.type === "trap" && one.ending.text === "unreachable";
    if (isStopped) this.#tally.stopped += 1;
    return isStopped || same(one.ending, whole.ending) ? null : `given ${given}, ends with ${shown(one.ending)}`;
  }
}

/** Makes the module of that seed and compares it with and without fuel. Null when there is nothing to complain of. */
export function compareProgram(seed: number, tally: Tally): Failure | null {
  const chance = new Chance(seed);
  return new Trial(moduleText(chance), chance, tally).run();
}
