import type { Clock } from "../../../kernel/clock.ts";
import type { Broker } from "../host-calls/broker.ts";
import type { StandbyPool } from "./standby-pool.ts";
import type { ChildSupervisorEvents } from "./child-supervisor-events.ts";

export type ChildSupervisorDeps = {
  readonly clock: Clock;
  readonly broker: Broker;
  readonly events: ChildSupervisorEvents;
  readonly standbyPool: StandbyPool;
  readonly rest: IdlePolicy;
};

/** Idle timeout of a child: one that is empty, or one that is unused. */
export type IdlePolicy = { readonly timeoutMs: number; readonly scope: "empty" | "unused" };
