import { getRandomValues } from "node:crypto";
import { ERRNO } from "./errno.ts";
import type { HostBridge } from "./host-bridge.ts";
import type { GuestMemory } from "./guest-memory.ts";
import { SeededStream } from "./seeded-stream.ts";

export type SystemSettings = {
  readonly arguments: readonly string[];
  readonly environment: readonly (readonly [string, string])[];
  /** Real time to the millisecond; otherwise the clocks stand still. */
  readonly clock: boolean;
  /** Real randomness; otherwise the same stream in each instance. */
  readonly random: boolean;
  /** Called each time the guest reads one of these, granted or not. */
  readonly used?: ((what: "clock" | "random" | "environment") => void) | undefined;
};

/** Where the clocks of a guest without the clock grant stand: 2000-01-01T00:00:00Z, and one second after the start. */
export const FROZEN_REAL_MS = 946_684_800_000;
const FROZEN_MONOTONIC_MS = 1_000;

const NANOSECONDS = 1_000_000n;
const CLOCK_REALTIME = 0;
export const CLOCKS = 4;
const RANDOM_CHUNK_BYTES = 65_536;
/** Fuel for each 16 bytes the host copies for the guest, as for the guest's own bulk copies. */
export const COPY_SHIFT = 4;
/** Randomness costs more than copying. */
const RANDOM_SHIFT = 1;

/** Arguments, environment, clocks and randomness. */
export class System {
  readonly #memory: GuestMemory;
  readonly #gate: HostBridge;
  readonly #settings: SystemSettings;
  readonly #arguments: readonly Buffer[];
  readonly #environment: readonly Buffer[];
  #stream: SeededStream | undefined;

  constructor(memory: GuestMemory, gate: HostBridge, settings: SystemSettings) {
    this.#memory = memory;
    this.#gate = gate;
    this.#settings = settings;
    this.#arguments = settings.arguments.map((text) => Buffer.from(`${text}\0`));
    this.#environment = settings.environment.map(([name, value]) => Buffer.from(`${name}=${value}\0`));
  }

  argumentSizes(count: number, bytes: number): number {
    return this.#sizes(this.#arguments, count, bytes);
  }

  arguments(pointers: number, bytes: number): number {
    return this.#strings(this.#arguments, pointers, bytes);
  }

  environmentSizes(count: number, bytes: number): number {
    return this.#sizes(this.#environment, count, bytes);
  }

  environment(pointers: number, bytes: number): number {
    this.#settings.used?.("environment");
    return this.#strings(this.#environment, pointers, bytes);
  }

  nowMs(clock: number): number {
    if (!this.#settings.clock) return clock === CLOCK_REALTIME ? FROZEN_REAL_MS : FROZEN_MONOTONIC_MS;
    return clock === CLOCK_REALTIME ? Date.now() : Math.floor(performance.now());
  }

  resolution(clock: number, out: number): number {
    if (clock >= CLOCKS) return ERRNO.invalid;
    return this.#memory.setU64(out, NANOSECONDS) ? ERRNO.success : ERRNO.fault;
  }

  time(clock: number, out: number): number {
    this.#settings.used?.("clock");
    if (clock >= CLOCKS) return ERRNO.invalid;
    return this.#memory.setU64(out, BigInt(this.nowMs(clock)) * NANOSECONDS) ? ERRNO.success : ERRNO.fault;
  }

  random(at: number, length: number): number {
    this.#settings.used?.("random");
    const target = this.#memory.slice(at, length);
    if (target === undefined) return ERRNO.fault;
    this.#gate.charge(length >>> RANDOM_SHIFT);
    if (this.#settings.random) {
      for (let from = 0; from < length; from += RANDOM_CHUNK_BYTES) {
        getRandomValues(target.subarray(from, from + RANDOM_CHUNK_BYTES));
      }
    } else {
      this.#stream ??= new SeededStream();
      this.#stream.fill(target);
    }
    return ERRNO.success;
  }

  #sizes(strings: readonly Buffer[], count: number, bytes: number): number {
    const total = strings.reduce((sum, { length }) => sum + length, 0);
    return this.#memory.setU32(count, strings.length) && this.#memory.setU32(bytes, total)
      ? ERRNO.success
      : ERRNO.fault;
  }

  #strings(strings: readonly Buffer[], pointers: number, bytes: number): number {
    let at = bytes;
    for (const [index, string] of strings.entries()) {
      const target = this.#memory.slice(at, string.length);
      if (target === undefined || !this.#memory.setU32(pointers + 4 * index, at)) return ERRNO.fault;
      target.set(string);
      at += string.length;
    }
    return ERRNO.success;
  }
}
