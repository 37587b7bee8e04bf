import type { Descriptors, FileDescriptor } from "./descriptors.ts";
import { ERRNO } from "./errno.ts";
import type { HostBridge } from "./host-bridge.ts";
import type { GuestMemory } from "./guest-memory.ts";
import { RIGHT } from "./rights.ts";
import type { Streams } from "./stdio.ts";
import { CLOCKS, type System } from "./system.ts";

const SUBSCRIPTIONS_MAX = 64;
const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
const ABSOLUTE = 1;
const HANGUP = 1;
const NANOSECONDS_PER_MS = 1_000_000;
/** Bytes that the guest may write without waiting. */
const WRITABLE_BYTES = 65_536;
/** setTimeout takes no more; calls end long before. */
const SLEEP_MS_MAX = 2 ** 31 - 1;

const TAG = { clock: 0, read: 1, write: 2 } as const;
type Timer = { readonly tag: 0; readonly user: bigint; readonly ms: number; readonly error: number };
type Stream = { readonly tag: 1 | 2; readonly user: bigint; readonly descriptor: number };
type Subscription = Timer | Stream;
type Event = {
  readonly user: bigint;
  readonly tag: 0 | 1 | 2;
  readonly error: number;
  readonly bytes: number;
  readonly flags: number;
};

export type PollDeps = {
  readonly memory: GuestMemory;
  readonly gate: HostBridge;
  readonly stdio: Streams;
  readonly system: System;
  readonly descriptors: Descriptors;
};

/** poll_oneoff: waits for input, for time, or for both; returns all events that are ready at the same moment. */
export function poll(
  deps: PollDeps,
  input: number,
  output: number,
  lengths: readonly [number, number],
): number | Promise<number> {
  const [count, out] = lengths;
  const subscriptions = read(deps, input, count);
  if (typeof subscriptions === "number") return subscriptions;
  if (!deps.memory.holds(output, count * EVENT_BYTES) || !deps.memory.holds(out, 4)) return ERRNO.fault;
  const answer = (events: readonly Event[]): number => write(deps.memory, events, output, out);
  const ready = readyAfter(deps, subscriptions, 0);
  if (ready.length > 0) return answer(ready);
  const timers = subscriptions.filter((subscription) => subscription.tag === TAG.clock);
  const ms = timers.length === 0 ? undefined : Math.min(...timers.map((timer) => timer.ms));
  const wantsInput = subscriptions.some((subscription) => subscription.tag === TAG.read);
  return wait(deps, ms, wantsInput, () => {
    const streams = subscriptions.filter((subscription) => subscription.tag !== TAG.clock);
    const woken = readyAfter(deps, streams, 0);
    return answer(woken.length > 0 ? woken : readyAfter(deps, subscriptions, ms ?? 0));
  });
}

function wait(
  { gate, stdio }: PollDeps,
  ms: number | undefined,
  wantsInput: boolean,
  finish: () => number,
): Promise<number> {
  return gate.suspend<void, number>((settle) => {
    let timer: NodeJS.Timeout | undefined;
    const done = (): void => {
      clearTimeout(timer);
      stdio.forgetWaiter();
      settle();
    };
    const runsClock = wantsInput ? stdio.await(ms !== undefined, done) : true;
    // A timer may come a little early, and its guest would see that by its clock.
    if (ms !== undefined && runsClock) timer = setTimeout(done, Math.min(Math.ceil(ms) + 1, SLEEP_MS_MAX));
    return () => clearTimeout(timer);
  }, finish);
}

function read({ memory, system }: PollDeps, input: number, count: number): readonly Subscription[] | number {
  if (count === 0 || count > SUBSCRIPTIONS_MAX) return ERRNO.invalid;
  if (!memory.holds(input, count * SUBSCRIPTION_BYTES)) return ERRNO.fault;
  const view = memory.view;
  const subscriptions: Subscription[] = [];
  for (let index = 0; index < count; index += 1) {
    const at = input + index * SUBSCRIPTION_BYTES;
    const user = view.getBigUint64(at, true);
    const tag = view.getUint8(at + 8);
    if (tag === TAG.read || tag === TAG.write) {
      subscriptions.push({ tag, user, descriptor: view.getUint32(at + 16, true) });
    } else if (tag === TAG.clock) {
      const clock = view.getUint32(at + 16, true);
      const timeoutMs = Number(view.getBigUint64(at + 24, true)) / NANOSECONDS_PER_MS;
      const flags = view.getUint16(at + 40, true);
      const isKnown = clock < CLOCKS && (flags & ~ABSOLUTE) === 0;
      const ms = (flags & ABSOLUTE) === 0 || !isKnown ? timeoutMs : timeoutMs - system.nowMs(clock);
      subscriptions.push({ tag, user, ms, error: isKnown ? ERRNO.success : ERRNO.invalid });
    } else {
      return ERRNO.invalid;
    }
  }
  return subscriptions;
}

/** What is ready once that much time has passed. Input waits only on the stream that has none. */
function readyAfter(deps: PollDeps, subscriptions: readonly Subscription[], ms: number): readonly Event[] {
  return subscriptions.flatMap((subscription): readonly Event[] => {
    if (subscription.tag !== TAG.clock) return streamEvents(deps, subscription);
    const { user, tag, error } = subscription;
    const isDue = error !== ERRNO.success || subscription.ms <= ms;
    return isDue ? [{ user, tag, error, bytes: 0, flags: 0 }] : [];
  });
}

function streamEvents({ stdio, descriptors }: PollDeps, { user, tag, descriptor: number }: Stream): readonly Event[] {
  const event = (error: number, bytes: number, flags = 0): readonly Event[] => [{ user, tag, error, bytes, flags }];
  const descriptor = descriptors.get(number);
  if (descriptor === undefined) return event(ERRNO.badDescriptor, 0);
  if (descriptor.type === "directory" || (descriptor.rights & RIGHT.poll) === 0) return event(ERRNO.notCapable, 0);
  if ((descriptor.rights & (tag === TAG.read ? RIGHT.read : RIGHT.write)) === 0) return event(ERRNO.badDescriptor, 0);
  if (tag === TAG.write) return event(ERRNO.success, WRITABLE_BYTES);
  if (descriptor.type === "file") return event(ERRNO.success, leftIn(descriptor));
  if (!stdio.hasInput) return [];
  return event(ERRNO.success, stdio.inputBytes, stdio.inputBytes === 0 ? HANGUP : 0);
}

const leftIn = ({ bytes, position }: FileDescriptor): number => Math.max(0, bytes - position);

function write(memory: GuestMemory, events: readonly Event[], output: number, out: number): number {
  if (!memory.setU32(out, events.length)) return ERRNO.fault;
  const view = memory.view;
  for (const [index, { user, tag, error, bytes, flags }] of events.entries()) {
    const at = output + index * EVENT_BYTES;
    memory.bytes.fill(0, at, at + EVENT_BYTES);
    view.setBigUint64(at, user, true);
    view.setUint16(at + 8, error, true);
    view.setUint8(at + 10, tag);
    view.setBigUint64(at + 16, BigInt(bytes), true);
    view.setUint16(at + 24, flags, true);
  }
  return ERRNO.success;
}
