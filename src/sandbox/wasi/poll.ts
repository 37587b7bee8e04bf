import type { Descriptors } from "./descriptors.ts";
import { ERRNO } from "./errno.ts";
import type { Gate } from "./gate.ts";
import type { GuestMemory } from "./guest-memory.ts";
import type { Stdio } from "./stdio.ts";
import type { System } from "./system.ts";

const SUBSCRIPTIONS_MAX = 64;
const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
const ABSOLUTE = 1;
const NANOSECONDS = 1_000_000n;
/** setTimeout takes no more; calls end long before. */
const SLEEP_MS_MAX = 2 ** 31 - 1;

type Tag = 0 | 1 | 2;
type Subscription =
  | { readonly tag: 0; readonly user: bigint; readonly ms: number }
  | { readonly tag: 1 | 2; readonly user: bigint; readonly descriptor: number };
type Event = { readonly user: bigint; readonly tag: Tag; readonly error: number };

export type PollDeps = {
  readonly memory: GuestMemory;
  readonly gate: Gate;
  readonly stdio: Stdio;
  readonly system: System;
  readonly descriptors: Descriptors;
};

/** poll_oneoff: waiting for input, for time, or for both. */
export function poll(
  deps: PollDeps,
  input: number,
  output: number,
  lengths: readonly [number, number],
): number | Promise<number> {
  const [count, out] = lengths;
  const subscriptions = read(deps, input, count);
  if (typeof subscriptions === "number") return subscriptions;
  if (!deps.memory.holds(output, count * EVENT_BYTES)) return ERRNO.fault;
  const answer = (events: readonly Event[]): number => write(deps.memory, events, output, out);
  const ready = readyNow(deps, subscriptions);
  if (ready.length > 0) return answer(ready);
  const timers = subscriptions.filter((subscription) => subscription.tag === 0);
  const ms = timers.length === 0 ? undefined : Math.min(...timers.map((timer) => timer.ms));
  const expired = (): readonly Event[] =>
    timers.filter((timer) => timer.ms === ms).map(({ user }) => ({ user, tag: 0, error: ERRNO.success }));
  if (ms !== undefined && ms <= 0) return answer(expired());
  const wantsInput = subscriptions.some((subscription) => subscription.tag === 1);
  return wait(deps, ms, wantsInput, () => {
    const woken = readyNow(deps, subscriptions);
    return answer(woken.length > 0 ? woken : expired());
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
    if (ms !== undefined && runsClock) timer = setTimeout(done, Math.min(ms, SLEEP_MS_MAX));
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
    if (tag === 1 || tag === 2) {
      subscriptions.push({ tag, user, descriptor: view.getUint32(at + 16, true) });
      continue;
    }
    if (tag !== 0) return ERRNO.invalid;
    const timeoutMs = Number(view.getBigUint64(at + 24, true) / NANOSECONDS);
    const isAbsolute = (view.getUint16(at + 40, true) & ABSOLUTE) !== 0;
    subscriptions.push({
      tag,
      user,
      ms: isAbsolute ? timeoutMs - system.nowMs(view.getUint32(at + 16, true)) : timeoutMs,
    });
  }
  return subscriptions;
}

/** Input waits only on the stream that has none; files and output are always ready. */
function readyNow({ stdio, descriptors }: PollDeps, subscriptions: readonly Subscription[]): readonly Event[] {
  return subscriptions.flatMap((subscription): readonly Event[] => {
    if (subscription.tag === 0) return [];
    const { user, tag } = subscription;
    const descriptor = descriptors.get(subscription.descriptor);
    if (descriptor === undefined) return [{ user, tag, error: ERRNO.badDescriptor }];
    const waits = tag === 1 && descriptor.type === "stream" && descriptor.stream === 0 && !stdio.hasInput;
    return waits ? [] : [{ user, tag, error: ERRNO.success }];
  });
}

function write(memory: GuestMemory, events: readonly Event[], output: number, out: number): number {
  if (!memory.setU32(out, events.length)) return ERRNO.fault;
  const view = memory.view;
  for (const [index, { user, tag, error }] of events.entries()) {
    const at = output + index * EVENT_BYTES;
    memory.bytes.fill(0, at, at + EVENT_BYTES);
    view.setBigUint64(at, user, true);
    view.setUint16(at + 8, error, true);
    view.setUint8(at + 10, tag);
    if (tag !== 0) view.setBigUint64(at + 16, 1n, true);
  }
  return ERRNO.success;
}
