import { FUEL_EXPORT, meter, METER_LIMITS, type MeterLimits, START_EXPORT } from "../index.ts";
import { withOracle } from "./oracle.kit.ts";
import { assemble } from "./wat.kit.ts";

/** How a call ended, in a form that can be compared: values as text, so that -0, NaN and 64 bits keep apart. */
export type Ending = { readonly type: "value" | "trap" | "exception" | "stack"; readonly text: string };

export const PLENTY = 1n << 60n;

const textOf = (value: unknown): string => {
  if (Array.isArray(value)) return value.map(textOf).join(" ");
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  return typeof value;
};

/** An instance with its fuel and its calls made easy. */
export class Guest {
  readonly #instance: WebAssembly.Instance;

  constructor(bytes: Uint8Array<ArrayBuffer>, imports: WebAssembly.Imports = {}) {
    this.#instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
  }

  global(name: string): WebAssembly.Global {
    const found = this.#instance.exports[name];
    if (!(found instanceof WebAssembly.Global)) throw new Error(`no global ${name}`);
    return found;
  }

  memory(): Uint8Array {
    const found = this.#instance.exports["memory"];
    return found instanceof WebAssembly.Memory ? new Uint8Array(found.buffer) : new Uint8Array();
  }

  get fuel(): bigint {
    return BigInt(String(this.global(FUEL_EXPORT).value));
  }

  set fuel(value: bigint) {
    this.global(FUEL_EXPORT).value = value;
  }

  call(name: string, ...values: readonly unknown[]): Ending {
    const found = this.#instance.exports[name];
    if (typeof found !== "function") throw new Error(`no function ${name}`);
    try {
      return { type: "value", text: textOf(found(...values)) };
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) return { type: "trap", text: error.message };
      if (error instanceof RangeError) return { type: "stack", text: "" };
      return { type: "exception", text: "" };
    }
  }

  /** Calls with plenty of fuel and says how much of it was used. */
  spend(name: string, ...values: readonly unknown[]): { readonly ending: Ending; readonly used: bigint } {
    this.fuel = PLENTY;
    const ending = this.call(name, ...values);
    return { ending, used: PLENTY - this.fuel };
  }
}

/** A module in text form as three instances: as it is, metered, and with the oracle's own accounting. */
export function trio(wat: string, limits: MeterLimits = METER_LIMITS, imports: () => WebAssembly.Imports = () => ({})) {
  const bytes = assemble(wat);
  const metered = meter(bytes, limits);
  const guest = new Guest(metered.bytes, imports());
  const oracle = new Guest(assemble(withOracle(bytes, limits)), imports());
  if (metered.shape.hasStart) guest.spend(START_EXPORT);
  return { plain: new Guest(bytes, imports()), guest, oracle, metered };
}

/** What the oracle counted since it was last asked. */
export function counted(oracle: Guest): bigint {
  const counter = oracle.global("oracle");
  const value = BigInt(String(counter.value));
  counter.value = 0n;
  return value;
}
