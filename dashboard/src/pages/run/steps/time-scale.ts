import type { RunDetail, Step } from "../../../../../src/api/contract/index.ts";
import { isInherited } from "../../../api/inherited.ts";
import { duration } from "../../../parts/format/format.ts";

/** Time from a run's creation to its end, or to now while it runs, in milliseconds. */
export type TimeScale = { readonly startMs: number; readonly endMs: number; readonly nowMs: number };

type Timed = Pick<RunDetail, "created_at" | "ended_at" | "step_list" | "resting" | "origin">;

/** While a run rests its time stands still, a little after what happened last. */
const WAITING_SHARE = 0.2;

export function timeScale(run: Timed, clockMs: number): TimeScale {
  const { created_at, ended_at, step_list, resting } = run;
  const startMs = Date.parse(created_at);
  const ends = step_list.filter((step) => !isInherited(run, step)).map((step) => stretchOf(step, 0).to);
  const lastMs = Math.max(startMs + 1, ...ends);
  const nowMs = resting ? lastMs + (lastMs - startMs) * WAITING_SHARE : clockMs;
  return { startMs, endMs: Math.max(lastMs, ended_at === null ? nowMs : Date.parse(ended_at)), nowMs };
}

/** When a step was begun first, and the stretch it took: a turn that was begun again took it from there on. Milliseconds. */
export function stretchOf(step: Step, nowMs: number): { beganMs: number; from: number; to: number } {
  const beganMs = Date.parse(step.started_at);
  // One that failed took all the time since its first begin.
  const isResumable = step.kind === "model" && step.state !== "failed";
  const from = isResumable ? Date.parse(step.resumed_at) : beganMs;
  return { beganMs, from, to: step.duration_ms === null ? Math.max(from, nowMs) : from + step.duration_ms };
}

/** Where a stretch of time lies, in percent of the whole. */
export function span({ startMs, endMs }: TimeScale, from: number, to: number): { left: number; width: number } {
  const whole = endMs - startMs;
  const left = Math.min(100, Math.max(0, ((from - startMs) / whole) * 100));
  const right = Math.min(100, Math.max(left, ((to - startMs) / whole) * 100));
  return { left, width: right - left };
}

const STEPS = [1, 2, 5];
const TICKS_MAX = 5;

/** Round moments on the scale, with 0. */
export function ticksOf({ startMs, endMs }: TimeScale): readonly { readonly at: number; readonly label: string }[] {
  const whole = endMs - startMs;
  let stepMs = 1;
  for (let power = 1; whole / stepMs > TICKS_MAX; power *= 10) {
    stepMs = STEPS.map((step) => step * power).find((step) => whole / step <= TICKS_MAX) ?? 10 * power;
  }
  const ticks: { at: number; label: string }[] = [];
  for (let ms = 0; ms <= whole * 0.97; ms += stepMs) ticks.push({ at: (ms / whole) * 100, label: shortSpan(ms) });
  return ticks;
}

const shortSpan = (ms: number): string =>
  ms === 0 ? "0" : ms < 1_000 ? `${ms} ms` : ms < 60_000 ? `${ms / 1_000} s` : duration(ms);
