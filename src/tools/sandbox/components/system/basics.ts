import { getRandomValues } from "node:crypto";
import { isTagged, NONE, ok, some } from "../index.ts";
import { type HostBridge, SeededStream, type Streams, type SystemSettings } from "../../wasi/index.ts";
import { HostFault, type HostInterface, syncFunction, textOf, wholeOf } from "./host-function.ts";
import { Timer } from "./pollable.ts";
import { StandardInput, StandardOutput } from "./streams.ts";

/** `wasi:cli`, `wasi:clocks`, `wasi:random`, `wasi:config`, `wasi:logging`. */
export type Basics = {
  readonly host: HostBridge & {
    readonly settings: SystemSettings;
    log(bytes: Uint8Array): void;
  };
  readonly streams: Streams;
  /** Ends the guest from inside an import. */
  readonly exit: (code: number) => never;
};

const FROZEN_REAL_MS = 946_684_800_000;
const FROZEN_MONOTONIC_MS = 1_000;
const MILLISECONDS = 1_000;
const NANOSECONDS = 1_000_000n;
const RANDOM_BYTES_MAX = 1024 * 1024;
const RANDOM_CHUNK_BYTES = 65_536;
const RANDOM_SHIFT = 1;
const EXIT_MAX = 255;

export function basicInterfaces(basics: Basics): { readonly [name: string]: HostInterface } {
  return { ...cli(basics), ...clocks(basics), ...random(basics), ...config(basics) };
}

function cli({ host, streams, exit }: Basics): { readonly [name: string]: HostInterface } {
  const none = syncFunction(() => NONE);
  return {
    "wasi:cli/environment": {
      "get-environment": syncFunction(() => host.settings.environment),
      "get-arguments": syncFunction(() => host.settings.arguments),
      "initial-cwd": none,
    },
    "wasi:cli/exit": {
      exit: syncFunction((status) => exit(isTagged(status) && status.tag === "ok" ? 0 : 1)),
      "exit-with-code": syncFunction((code) => exit(typeof code === "number" ? code & EXIT_MAX : 1)),
    },
    "wasi:cli/stdin": { "get-stdin": syncFunction(() => new StandardInput(streams)) },
    "wasi:cli/stdout": {
      "get-stdout": syncFunction(() => new StandardOutput((bytes) => streams.write(bytes, 0, bytes.length))),
    },
    "wasi:cli/stderr": { "get-stderr": syncFunction(() => new StandardOutput((bytes) => streams.writeError(bytes))) },
    "wasi:cli/terminal-stdin": { "get-terminal-stdin": none },
    "wasi:cli/terminal-stdout": { "get-terminal-stdout": none },
    "wasi:cli/terminal-stderr": { "get-terminal-stderr": none },
    "wasi:logging/logging": {
      log: syncFunction((level, context, message) =>
        host.log(Buffer.from(`${textOf(level)}: ${textOf(context)}${context === "" ? "" : " "}${textOf(message)}\n`)),
      ),
    },
  };
}

const timer = (nanoseconds: bigint): Timer => new Timer(Math.max(0, Number(nanoseconds) / Number(NANOSECONDS)));

function clocks({ host: { settings } }: Basics): { readonly [name: string]: HostInterface } {
  const realMs = (): number => (settings.clock ? Date.now() : FROZEN_REAL_MS);
  const monotonic = (): bigint =>
    BigInt(settings.clock ? Math.floor(performance.now()) : FROZEN_MONOTONIC_MS) * NANOSECONDS;
  return {
    "wasi:clocks/wall-clock": {
      now: syncFunction(() => ({
        seconds: BigInt(Math.floor(realMs() / MILLISECONDS)),
        nanoseconds: (realMs() % MILLISECONDS) * Number(NANOSECONDS),
      })),
      resolution: syncFunction(() => ({ seconds: 0n, nanoseconds: Number(NANOSECONDS) })),
    },
    "wasi:clocks/monotonic-clock": {
      now: syncFunction(monotonic),
      resolution: syncFunction(() => NANOSECONDS),
      "subscribe-duration": syncFunction((duration) => timer(wholeOf(duration))),
      "subscribe-instant": syncFunction((instant) => timer(wholeOf(instant) - monotonic())),
    },
  };
}

function random({ host }: Basics): { readonly [name: string]: HostInterface } {
  let seeded: SeededStream | undefined;
  const bytes = (length: number): Uint8Array<ArrayBuffer> => {
    if (length > RANDOM_BYTES_MAX)
      throw new HostFault(`it asks for more than ${RANDOM_BYTES_MAX} random bytes at once`);
    host.charge(length >>> RANDOM_SHIFT);
    const made = new Uint8Array(length);
    if (host.settings.random) {
      for (let from = 0; from < length; from += RANDOM_CHUNK_BYTES) {
        getRandomValues(made.subarray(from, from + RANDOM_CHUNK_BYTES));
      }
    } else {
      seeded ??= new SeededStream();
      // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- it is no array
      seeded.fill(made);
    }
    return made;
  };
  const word = (): bigint => Buffer.from(bytes(8)).readBigUInt64LE();
  const many = syncFunction((length) => bytes(Number(wholeOf(length))));
  return {
    "wasi:random/random": { "get-random-bytes": many, "get-random-u64": syncFunction(word) },
    "wasi:random/insecure": { "get-insecure-random-bytes": many, "get-insecure-random-u64": syncFunction(word) },
    "wasi:random/insecure-seed": { "insecure-seed": syncFunction(() => [word(), word()]) },
  };
}

/** Configuration is the granted environment. */
function config({ host: { settings } }: Basics): { readonly [name: string]: HostInterface } {
  const store: HostInterface = {
    get: syncFunction((key) => {
      const name = textOf(key);
      const found = settings.environment.find(([known]) => known === name);
      return ok(found === undefined ? NONE : some(found[1]));
    }),
    "get-all": syncFunction(() => ok(settings.environment)),
  };
  return { "wasi:config/store": store, "wasi:config/runtime": store };
}
