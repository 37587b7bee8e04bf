import { FUEL_EXPORT } from "../../src/tools/sandbox/meter/index.ts";

/** How a call ended, as text that can be compared. */
export type Ending = { readonly type: "value" | "trap" | "exception" | "stack"; readonly text: string };

export const PLENTY = 1n << 60n;

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(" ");
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "function") return `function ${value.name}`;
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

export class HostError extends Error {}

/** What the host gives to every random module. It answers, and at times throws, by its own count of calls. */
class Host {
  calls = 0;
  hasThrown = false;

  constructor(throws: boolean) {
    this.imports = {
      host: {
        base: 11,
        number: (value: unknown) => {
          this.calls += 1;
          if (throws && this.calls % 13 === 0) {
            this.hasThrown = true;
            throw new HostError("host");
          }
          return Number(value) + this.calls;
        },
      },
    };
  }

  readonly imports: WebAssembly.Imports;
}

/** An instance of a random module, and all that can be seen of it from outside. */
export class Subject {
  readonly #host: Host;
  readonly #instance: WebAssembly.Instance;

  constructor(module: WebAssembly.Module, throws: boolean) {
    this.#host = new Host(throws);
    this.#instance = new WebAssembly.Instance(module, this.#host.imports);
  }

  #global(name: string): WebAssembly.Global {
    const found = this.#instance.exports[name];
    if (!(found instanceof WebAssembly.Global)) throw new Error(`no global ${name}`);
    return found;
  }

  /** The value of a global, and zero in its place. */
  take(name: string): bigint {
    const global = this.#global(name);
    const value = BigInt(String(global.value));
    global.value = typeof global.value === "bigint" ? 0n : 0;
    return value;
  }

  /** Whether an exception was thrown since it was last asked. */
  hasThrown(): boolean {
    const thrown = this.#host.hasThrown || this.take("thrown") !== 0n;
    this.#host.hasThrown = false;
    return thrown;
  }

  get fuel(): bigint {
    return BigInt(String(this.#global(FUEL_EXPORT).value));
  }

  set fuel(value: bigint) {
    this.#global(FUEL_EXPORT).value = value;
  }

  /** Calls the function that is exported by that name, or that the global of that name refers to. */
  call(name: string, values: readonly unknown[]): Ending {
    const exported = this.#instance.exports[name];
    const found = exported instanceof WebAssembly.Global ? exported.value : exported;
    if (typeof found !== "function") throw new Error(`no function ${name}`);
    try {
      return { type: "value", text: textOf(found(...values)) };
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) return { type: "trap", text: error.message };
      if (error instanceof RangeError) return { type: "stack", text: "" };
      if (error instanceof WebAssembly.Exception || error instanceof HostError) return { type: "exception", text: "" };
      throw error;
    }
  }

  /** Everything the guest can be seen to have changed, but for the meter's and the oracle's counters. */
  state(): string {
    const parts = Object.entries(this.#instance.exports).flatMap(([name, value]) => {
      if (name === FUEL_EXPORT || name === "oracle" || typeof value === "function") return [];
      if (value instanceof WebAssembly.Memory) return `${name} ${Buffer.from(value.buffer).toString("latin1")}`;
      if (value instanceof WebAssembly.Global) return `${name} ${textOf(value.value)}`;
      if (!(value instanceof WebAssembly.Table)) return name;
      return `${name} ${Array.from({ length: value.length }, (_, slot) => textOf(value.get(slot))).join(" ")}`;
    });
    return [...parts, `host ${this.#host.calls}`].join("\n");
  }
}
