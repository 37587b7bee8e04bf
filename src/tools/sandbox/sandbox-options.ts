import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import type { ToolManifest } from "../catalogue/index.ts";
import type { Broker } from "./host-calls/broker.ts";
import type { Isolation } from "./children/sandbox-child.ts";
import type { ConfinementMode } from "./wire/index.ts";
import type { TrustGroup } from "./children/child-pools.ts";

export type SandboxDeps = {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly log?: Log;
  /**
   * Reads a deployed module by its sha256; may throw. With it, a module whose cache entry is lost is prepared again;
   * without, its server has to be deployed again.
   */
  readonly readModule?: ((moduleHash: string) => Promise<Uint8Array>) | undefined;
};
export type SandboxOptions = {
  /** Children of one trust group that run guests, started as they are needed; default: cores, at most 4. */
  readonly processes?: number | undefined;
  /** Whether a child is kept started for whichever place needs one next; default: yes. */
  readonly standby?: boolean | undefined;
  /** What a child is; default: a process. Threads are for development: they hold limits, but are no second wall. */
  readonly isolation?: Isolation | undefined;
  /** Whether the operating system confines processes; default: as far as it can. */
  readonly confinement?: ConfinementMode | undefined;
  /** After this long without a call the instance kept ready goes, and after `moduleIdleMs` the compiled module; defaults 60 s and 10 min. */
  readonly instanceIdleMs?: number | undefined;
  readonly moduleIdleMs?: number | undefined;
  /** After this long with nothing in it a child ends; default 5 min. */
  readonly childIdleMs?: number | undefined;
  /** Directory of prepared modules; without it they are prepared again at each start. */
  readonly cacheDirectory?: string | undefined;
  /** Where those of the package's own modules are, made when it was built; nothing is written there. */
  readonly packagedDirectory?: string | undefined;
  /** Instances of one server in one child; default 64. */
  readonly instancesPerServerMax?: number | undefined;
  /** Fuel of a module's start, `initialize` included; default 2,000,000,000. */
  readonly startFuel?: number | undefined;
};

export type Deployment = {
  /** Default: the one of a sandbox that has no other. */
  readonly workspace?: string | undefined;
  readonly manifest: ToolManifest;
  readonly module: Uint8Array;
  readonly placement?: TrustGroup | undefined;
};

/** One child. */
export type ProcessStats = {
  readonly pid: number | undefined;
  readonly isUp: boolean;
  readonly servers: number;
  readonly calls: number;
  readonly residentBytes: number | undefined;
};

export type SandboxStats = {
  readonly servers: number;
  readonly callsInFlight: number;
  readonly processes: readonly ProcessStats[];
  /** The pid of the standby process. */
  readonly standbyPid: number | undefined;
};

const INSTANCES_MAX = 64;
/** Instances of one server may have so much memory together. */
const INSTANCES_BYTES_MAX = 4 * 1024 ** 3;

/** How many instances of a server with this memory limit one child may have; 1 at least. */
export const maxInstancesFor = (
  { instancesPerServerMax = INSTANCES_MAX }: SandboxOptions,
  memoryBytesMax: number,
): number => Math.max(1, Math.min(instancesPerServerMax, Math.floor(INSTANCES_BYTES_MAX / memoryBytesMax)));
