import { createHash } from "node:crypto";
import { RunId, ThreadId, uuidFrom } from "../kernel/ids.ts";
import { CATCH_UP_MAX } from "../kernel/triggers/trigger-spec.ts";
import { parseDuration } from "../text/documents/index.ts";
import { dueSlots, openSchedule } from "../text/schedules/index.ts";
import type { Fire, Trigger, TriggerPlan } from "./trigger.ts";

/** A slot that is fired later than this after its time counts as missed. */
const LATE_MS = 120_000;
const HEX = 16;
const NONE: Pick<TriggerPlan, "nextAtMs" | "dueAtMs"> = { nextAtMs: undefined, dueAtMs: undefined };

const digestOf = (...parts: readonly string[]): Buffer => createHash("sha256").update(parts.join("\n")).digest();

/** Returns the delay of a slot: the same each time, below the trigger's jitter. */
function delayOf({ id, spec }: Trigger, slotMs: number): number {
  const jitterMs = "jitter" in spec && spec.jitter !== undefined ? parseDuration(spec.jitter) : undefined;
  return jitterMs === undefined || jitterMs < 1 ? 0 : digestOf(id, String(slotMs)).readUIntBE(0, 6) % jitterMs;
}

const planAt = (trigger: Trigger, slotMs: number | undefined) =>
  slotMs === undefined ? NONE : { nextAtMs: slotMs, dueAtMs: slotMs + delayOf(trigger, slotMs) };

/** Returns the time of the first slot after an instant. */
export function planAfter(trigger: Trigger, afterMs: number): TriggerPlan {
  const { spec, stopped, createdAtMs, lastAtMs } = trigger;
  const isOn = spec.enabled && stopped === undefined;
  return { ...(isOn ? planAt(trigger, openSchedule(spec, createdAtMs).next(afterMs)) : NONE), lastAtMs };
}

/** The run of an event: the same each time the event is recorded. It sorts by the time of the event. */
export function runIdOf({ workspace, id }: Pick<Trigger, "workspace" | "id">, key: string, firedAtMs: number): RunId {
  const digest = digestOf("trigger", workspace, id, key).toString("hex");
  return RunId.parse(uuidFrom(digest, "7", firedAtMs.toString(HEX).padStart(12, "0").slice(-12)));
}

/** The thread of a trigger's runs with a text: the same each time, also after the thread was deleted. */
export function threadIdOf({ workspace, id, createdAtMs }: Trigger, text: string): ThreadId {
  const digest = digestOf("thread", workspace, id, text).toString("hex");
  return ThreadId.parse(uuidFrom(digest, "7", createdAtMs.toString(HEX).padStart(12, "0").slice(-12)));
}

/** An event that waits for its run. */
export const newFire = (
  trigger: Pick<Trigger, "workspace" | "id">,
  {
    key,
    atMs,
    firedAtMs,
    event,
    caller,
    source,
  }: Pick<Fire, "key" | "atMs" | "firedAtMs" | "event"> & Partial<Pick<Fire, "caller" | "source">>,
): Fire => ({
  workspace: trigger.workspace,
  trigger: trigger.id,
  key,
  atMs,
  firedAtMs,
  runId: runIdOf(trigger, key, firedAtMs),
  outcome: "waiting",
  code: undefined,
  reason: "",
  missedFromMs: undefined,
  caller,
  event,
  source,
});

/** Returns the slots of a trigger that are due, as `catch_up` selects them, and the time of the one after them. */
export function slotFires(
  trigger: Trigger,
  nowMs: number,
): { readonly fires: readonly Fire[]; readonly plan: TriggerPlan } {
  const { spec, createdAtMs, updatedAtMs, nextAtMs, lastAtMs } = trigger;
  const schedule = openSchedule(spec, createdAtMs);
  const fromMs = nextAtMs === 0 ? schedule.next(updatedAtMs) : nextAtMs;
  if (fromMs === undefined || fromMs + delayOf(trigger, fromMs) > nowMs)
    return { fires: [], plan: { ...planAt(trigger, fromMs), lastAtMs } };
  const catchUp = "catch_up" in spec ? spec.catch_up : "latest";
  const max = catchUp === "all" ? CATCH_UP_MAX : 1;
  const due = dueSlots(schedule, { fromMs, nowMs, max }, (slotMs) => delayOf(trigger, slotMs));
  const fires = due.slots.map((slotMs, index): Fire => {
    const planned = new Date(slotMs).toISOString();
    const event = { planned_at: planned };
    const fire = newFire(trigger, { key: planned, atMs: slotMs, firedAtMs: nowMs, event });
    const isMissed = catchUp === "skip" && nowMs - slotMs - delayOf(trigger, slotMs) > LATE_MS;
    return {
      ...fire,
      ...(isMissed && {
        outcome: "missed",
        event: undefined,
        reason: "the server did not run at the time of the slot",
      }),
      missedFromMs: index === 0 ? due.missedFromMs : undefined,
    };
  });
  const newestMs = Math.max(lastAtMs, due.slots.at(-1) ?? 0);
  return { fires, plan: { ...planAt(trigger, due.nextMs), lastAtMs: newestMs } };
}
