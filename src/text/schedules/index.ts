/** Times at which something is due: cron patterns, intervals and single instants. */
export { openSchedule, type Schedule, scheduleProblem, type ScheduleSpec, type SpecProblem } from "./schedule.ts";
export { dueSlots, type DueSlots } from "./due-slots.ts";
