/** Triggers of agents, and the ports that store them. */
export { TriggerNotFoundError } from "./errors.ts";
export { openTriggers, type TriggersPorts, type TriggerServices } from "./open.ts";
export { type Authorize, type Authorized } from "./run-starter.ts";
export { type SeenFile } from "./files/seen-file.ts";
export {
  type Fire,
  FIRE_OUTCOMES,
  FireSource,
  type FirePage,
  type Settled,
  type StoredFire,
  type Trigger,
  type TriggerOwner,
  type TriggerPlan,
  type TriggerStore,
  type WaitingFires,
} from "./trigger.ts";
