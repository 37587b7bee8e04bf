import * as z from "zod";
import type { RunId, TriggerId } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { RunCaller } from "../kernel/rights/run-caller.ts";
import type { TriggerSpec } from "../kernel/triggers/trigger-spec.ts";
import type { SeenFile, SeenFileStore } from "./files/seen-file.ts";
import { MessageCause } from "../messaging/acl/index.ts";

/** The principal whose rights the runs of a trigger have: the one that created it or changed it last. */
export type TriggerOwner = { readonly id: string; readonly kind: string; readonly name: string };

export type Trigger = {
  readonly workspace: string;
  readonly id: TriggerId;
  readonly agent: string;
  readonly spec: TriggerSpec;
  readonly owner: TriggerOwner;
  /** Whether it is part of the agent's definition, with which it changes. */
  readonly isDeclared: boolean;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** The next slot as planned; undefined without one. 0: the slots after `updatedAtMs` are still to be planned. */
  readonly nextAtMs: number | undefined;
  /** The next slot with its delay: the time of the timer. */
  readonly dueAtMs: number | undefined;
  /** The newest slot that was due, fired or not; 0 without one. */
  readonly lastAtMs: number;
  /** Why and since when the trigger does not fire, although it is enabled. */
  readonly stopped: { readonly reason: string; readonly atMs: number } | undefined;
};

/** The time of the next slot. */
export type TriggerPlan = Pick<Trigger, "nextAtMs" | "dueAtMs" | "lastAtMs">;

/**
 * waiting: its run is not accepted yet. started: its run was accepted. ended: its run has ended. skipped: other runs of the
 * trigger had not ended. missed: the server did not run. failed: its run was refused.
 */
export const FIRE_OUTCOMES = ["waiting", "started", "ended", "skipped", "missed", "failed"] as const;
export type FireOutcome = (typeof FIRE_OUTCOMES)[number];

/** What the run of an event has besides the event. A message limits the run to the rights of the party that it is on behalf of. */
export const FireSource = z.discriminatedUnion("type", [
  z.object({ type: z.literal("message"), cause: MessageCause, onBehalfOf: RunCaller.optional() }),
  z.object({ type: z.literal("file"), path: z.string(), hash: z.string(), mediaType: z.string() }),
]);
export type FireSource = z.infer<typeof FireSource>;

/** One event of a trigger. Its key is unique in the trigger, so an event that comes again fires nothing. */
export type Fire = {
  readonly workspace: string;
  readonly trigger: TriggerId;
  readonly key: string;
  /** The slot as planned, or the time of the event. */
  readonly atMs: number;
  readonly firedAtMs: number;
  readonly runId: RunId;
  readonly outcome: FireOutcome;
  /** Code of the error that refused the run; undefined without one. */
  readonly code: string | undefined;
  readonly reason: string;
  /** The first of the slots before it that were missed. */
  readonly missedFromMs: number | undefined;
  /** The principal that fired it by hand; undefined for slots and events. */
  readonly caller: TriggerOwner | undefined;
  /** Stored until the run is accepted. */
  readonly event: JsonObject | undefined;
  /** Stored as long as the event; undefined for kinds whose runs have the event only. */
  readonly source: FireSource | undefined;
};

export type Settled = Pick<Fire, "outcome" | "code" | "reason">;

/** Where triggers and their fires are stored. Each method is one transaction. Throws storage errors. */
export interface TriggerStore extends SeenFileStore {
  /** By id, or by `agent/name` without regard to case. */
  find(workspace: string, ref: string): Trigger | undefined;
  /** Of any workspace. */
  findById(id: string): Trigger | undefined;
  /** Those of a kind that fire, of all workspaces. */
  firing(kind: TriggerSpec["kind"]): readonly Trigger[];
  /** In the order of names. */
  ofAgent(workspace: string, agent: string): readonly Trigger[];
  /** In the order of agents and names. */
  list(workspace: string): readonly Trigger[];
  count(workspace: string): number;
  /** Inserts a trigger, or replaces the one with its id. If the owner changes, fires that wait are skipped. */
  put(trigger: Trigger): Promise<void>;
  /** Stops a trigger, unless it was changed meanwhile. */
  stop(trigger: Trigger, stopped: NonNullable<Trigger["stopped"]>): Promise<void>;
  /** Deletes a trigger with its fires. */
  delete(workspace: string, id: TriggerId): Promise<void>;
  /** Triggers of all workspaces with a slot that is due, the earliest first. */
  due(nowMs: number, limit: number): readonly Trigger[];
  /** The earliest due time; undefined without one. */
  nextDueMs(): number | undefined;
  /** Triggers that were changed or were due later than now, because the clock was set back, and are planned after that time. */
  ahead(nowMs: number): readonly Trigger[];
  /**
   * Records fires with the plan of the time after them, which a trigger keeps that was changed or deleted meanwhile. Returns the fires that
   * are new. Those of slots whose fires are deleted already, and those of a previous owner, are not. With a fire that is recorded, the file
   * that it is for counts as seen.
   */
  fire(
    trigger: Trigger,
    fires: readonly Fire[],
    plan: TriggerPlan | undefined,
    seen?: SeenFile,
  ): Promise<readonly Fire[]>;
  /** The event with a key. */
  fireOf(trigger: Pick<Trigger, "workspace" | "id">, key: string): Fire | undefined;
  settle(fire: Pick<Fire, "workspace" | "trigger" | "key">, settled: Settled): Promise<void>;
  /** The oldest fire of a trigger whose run is not accepted yet; `by-hand` considers those only that a principal fired. */
  firstWaiting(trigger: Pick<Trigger, "workspace" | "id">, which: WaitingFires): Fire | undefined;
  /** Number of fires of a trigger whose runs are not accepted yet. */
  waitingCount(trigger: Pick<Trigger, "workspace" | "id">, which: WaitingFires): number;
  /** Triggers of all workspaces with waiting fires. */
  withWaiting(): readonly Trigger[];
  /** Runs of a trigger that have not ended, the oldest first. */
  openRuns(trigger: Pick<Trigger, "workspace" | "id">): readonly RunId[];
  /** The newest fires before a position, the newest first. */
  fires(trigger: Pick<Trigger, "workspace" | "id">, page: FirePage): readonly StoredFire[];
}

export type WaitingFires = "all" | "by-hand";

/** A fire with its position in the list of fires. */
export type StoredFire = Fire & { readonly position: number };
export type FirePage = {
  readonly before: readonly [atMs: number, position: number] | undefined;
  readonly limit: number;
};

/** Where secrets are stored encrypted. Throws the errors of stored secrets. */
export type SecretVault = {
  set(secret: {
    readonly workspace: string;
    readonly name: string;
    readonly value: string;
    readonly by: string;
  }): Promise<void>;
  /** Undefined if there is no such secret, or if another principal than `by` stored it. */
  read(workspace: string, name: string, by: string): string | undefined;
  delete(workspace: string, name: string): Promise<void>;
  /** Of all workspaces. */
  deleteUnused(isUnused: (secret: { readonly name: string }) => boolean): Promise<void>;
};

const SECRET = "trigger:";
/** The name of a webhook's secret. No secret of a user has a colon in its name. */
export const secretName = (id: TriggerId): string => `${SECRET}${id}`;
/** The id in the name of a webhook's secret; undefined for other secrets. */
export const triggerOfSecret = (name: string): string | undefined =>
  name.startsWith(SECRET) ? name.slice(SECRET.length) : undefined;
