import { log } from "../../../../kernel/log.ts";
import type { StoreStats, StoreProblem } from "../../../knowledge/index.ts";

/** How much room vectors have in memory, and take. */
export type VectorCapacity = {
  /** Places that scopes have taken: each a few more than it has vectors. */
  readonly taken: number;
  readonly max: number;
  /** Vectors. */
  readonly held: number;
  /** There are vectors that found none. */
  readonly hasRefused: boolean;
};

/** From what share of the room on it is said aloud. */
const NEAR_SHARE = 0.8;
const REMEDY =
  "Delete entities that are no longer needed and rebuild the indexes (`caxton memory reindex`), or use PostgreSQL, Neo4j or Qdrant (`caxton memory migrate`).";

/** Says in the log, once each, that room for vectors comes to its end, and that it has. */
export class CapacityMonitor {
  #reported: "far" | "near" | "full" = "far";

  look(room: VectorCapacity | undefined): void {
    const state = !room ? "far" : room.hasRefused ? "full" : room.taken >= room.max * NEAR_SHARE ? "near" : "far";
    if (state === this.#reported) return;
    const { taken = 0, max = 0 } = room ?? {};
    if (state === "near" && this.#reported === "far")
      log.warn({ vectors: taken, max }, `memory has room for few more vectors. ${REMEDY}`);
    if (state === "full")
      log.warn(
        { vectors: taken, max },
        `memory has no room for more vectors: what is new is found by words alone. ${REMEDY}`,
      );
    this.#reported = state;
  }
}

/** Converts the capacity to statistics; `all`: passages that have a vector and are indexed. */
export const capacityStats = (room: VectorCapacity | undefined, all: number): StoreStats["vectorRoom"] =>
  room && { used: room.taken, max: room.max, refused: room.hasRefused ? Math.max(0, all - room.held) : 0 };

/** Inconsistencies for a check. */
export const capacityProblems = (room: StoreStats["vectorRoom"]): readonly StoreProblem[] =>
  room && room.refused > 0
    ? [
        {
          what: `${room.refused} passages are found by words alone: there is room for ${room.max} vectors`,
          hint: REMEDY,
          isRepaired: false,
        },
      ]
    : [];
