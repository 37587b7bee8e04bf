import { type TimerQueue } from "../../kernel/async/timer-queue.ts";
import { type Clock } from "../../kernel/clock.ts";
import { type EventBus } from "./event-bus.ts";
import { type Recipients } from "./mailboxes/index.ts";
import { type Directory, type RouterOptions } from "./ports/index.ts";
import { type RouterCounters } from "./stats.ts";
import { type Writer } from "./writing/index.ts";

/** What all parts of a router share. */
export type RouterCore = {
  readonly clock: Clock;
  readonly alarm: TimerQueue;
  readonly options: RouterOptions;
  readonly directory: Directory;
  readonly recipients: Recipients;
  readonly writer: Writer;
  readonly feed: EventBus;
  readonly figures: RouterCounters;
};
