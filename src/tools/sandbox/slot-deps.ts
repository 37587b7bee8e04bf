import type { Clock } from "../../kernel/clock.ts";
import type { Broker } from "./broker.ts";
import type { Nursery } from "./nursery.ts";
import type { SlotEvents } from "./slot-events.ts";

export type SlotDeps = {
  readonly clock: Clock;
  readonly broker: Broker;
  readonly events: SlotEvents;
  readonly nursery: Nursery;
  readonly rest: Rest;
};

/** How long a child is kept that has nothing in it, or that nobody uses. */
export type Rest = { readonly idleMs: number; readonly when: "empty" | "unused" };
