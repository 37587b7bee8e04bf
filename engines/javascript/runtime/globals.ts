import { AbortController, AbortSignal } from "./abort.ts";
import { structuredClone } from "./clone.ts";
import { inspect } from "./describe.ts";
import { fetch, Headers, Request, Response } from "./fetch.ts";
import { host } from "./host.ts";
import { bytesOf, TextDecoder, TextEncoder } from "./text.ts";
import { clearTimer, setInterval, setTimeout } from "./timers.ts";
import { URL, URLSearchParams } from "./url.ts";

const RANDOM_BYTES_MAX = 65_536;
const TWO_TO_32 = 2 ** 32;
const TWO_TO_21 = 2 ** 21;

const crypto = {
  getRandomValues<View extends ArrayBufferView>(view: View): View {
    if (view.byteLength > RANDOM_BYTES_MAX) {
      throw new DOMException(`at most ${RANDOM_BYTES_MAX} bytes at a time`, "QuotaExceededError");
    }
    host.random(bytesOf(view));
    return view;
  },
  randomUUID(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  },
};

/** The engine's own is seeded once, while the engine is built: every tool would draw the same numbers. */
function random(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high * TWO_TO_21 + (low >>> 11)) / (TWO_TO_32 * TWO_TO_21);
}

let originMs: number | undefined;
const performance = {
  timeOrigin: 0,
  /** Milliseconds since the instance first asked. */
  now: (): number => {
    const nowMs = host.now();
    originMs ??= nowMs;
    return nowMs - originMs;
  },
};

const log = (...values: unknown[]): void => host.write(2, `${values.map((value) => inspect(value)).join(" ")}\n`);
const console = { log, info: log, debug: log, warn: log, error: log, trace: log };

/** Puts what the language itself does not bring where authors look for it. */
export function installGlobals(): void {
  const made = {
    AbortController,
    AbortSignal,
    clearInterval: clearTimer,
    clearTimeout: clearTimer,
    console,
    crypto,
    fetch,
    Headers,
    performance,
    Request,
    Response,
    setInterval,
    setTimeout,
    structuredClone,
    TextDecoder,
    TextEncoder,
    URL,
    URLSearchParams,
  };
  for (const [name, value] of Object.entries(made)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  }
  Math.random = random;
}
