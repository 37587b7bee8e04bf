import type { Log } from "../../../kernel/log.ts";
import { SandboxUnconfinedError } from "../errors.ts";
import { activeOf, type Confinement, type ConfinementMode, FROM_CHILD, MECHANISMS, missingOf } from "../wire/index.ts";
import { GuestProcess } from "./guest-process.ts";
import type { SandboxOptions } from "../sandbox-options.ts";
import type { Isolation } from "./sandbox-child.ts";

/** What the operating system confines a sandbox child by, and what is missing and why. */
export type ConfinementReport = { readonly active: readonly string[]; readonly missing: readonly string[] };

const reportOf = (confinement: Confinement): ConfinementReport => ({
  active: activeOf(confinement),
  missing: missingOf(confinement),
});

/** Starts a sandbox child, asks how it is confined, and ends it. */
export async function probeConfinement(): Promise<ConfinementReport> {
  const { promise, resolve } = Promise.withResolvers<ConfinementReport>();
  const child: GuestProcess = new GuestProcess({
    use: "run",
    payloadBytesMax: 65_536,
    kinds: FROM_CHILD,
    onConfined: (confinement) => resolve(reportOf(confinement)),
    onReady: () => {},
    onFrame: () => {},
    onExit: (reason) => resolve({ active: [], missing: MECHANISMS.map((name) => `${name}: ${reason}`) }),
  });
  try {
    return await promise;
  } finally {
    child.kill("it has reported its confinement");
    await child.exited;
  }
}

/** Holds a sandbox to its configured confinement. */
export class ConfinementCheck {
  readonly mode: ConfinementMode;
  readonly #isolation: Isolation;
  readonly #log: Log;
  #probed: Promise<ConfinementReport> | undefined;
  #isLogged = false;

  constructor({ confinement = "auto", isolation = "process" }: SandboxOptions, log: Log) {
    this.mode = confinement;
    this.#isolation = isolation;
    this.#log = log;
  }

  /** Throws SandboxUnconfinedError if children have to be confined and are not. */
  async require(): Promise<void> {
    if (this.mode !== "required") return;
    if (this.#isolation === "worker") throw new SandboxUnconfinedError(['isolation is "worker"']);
    this.#probed ??= probeConfinement();
    const { missing } = await this.#probed;
    if (missing.length === 0) return;
    this.#probed = undefined;
    throw new SandboxUnconfinedError(missing);
  }

  /** Logs once what is missing. */
  readonly report = (confinement: Confinement): void => {
    const { active, missing } = reportOf(confinement);
    if (this.#isLogged || this.mode === "off" || missing.length === 0) return;
    this.#isLogged = true;
    this.#log.info({ active, missing }, "the operating system does not fully confine sandbox children");
  };
}
