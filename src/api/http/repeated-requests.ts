import { ROUTES, type RouteName } from "../contract/index.ts";

/**
 * Requests that may be carried out once more when the server ended amid them. What they make has ids that follow from the one
 * that their `Idempotency-Key` has on disk (`idsOf`), and what has such an id already is not made again; of everything else a
 * second time changes nothing more. A new POST belongs into this list or into the other.
 */
const REPEATED = [
  "settleMessages",
  "tasks",
  "distributeTask",
  "cancelTask",
  "participants",
  "participantToken",
  "capabilities",
  "subscriptions",
] as const satisfies readonly RouteName[];

/** What has, or may have, an effect twice that nobody wants; who sent it looks. Uploads and imports take no key at all. */
const LOOKED_AT = ["migrateMemory", "importMemory"] as const satisfies readonly RouteName[];

const routesOf = (names: readonly RouteName[]): ReadonlySet<string> => new Set(names.map((name) => ROUTES[name]));
export const REPEATED_ROUTES = routesOf(REPEATED);
export const LOOKED_AT_ROUTES = routesOf(LOOKED_AT);
