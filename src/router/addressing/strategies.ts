import { type Clock } from "../../kernel/clock.ts";
import { type RoutingStrategy } from "../../messages/index.ts";
import { type Recipient } from "../mailboxes/index.ts";
import { type Provider } from "../ports/index.ts";

/** Somebody who provides what is asked for, and their mailbox. */
export type Candidate = { readonly provider: Provider; readonly recipient: Recipient };

/** Of more candidates than this, the least loaded is the better of two drawn by chance; of fewer all are looked at. */
const SCAN_MAX = 16;
/** Messages in a mailbox at which it counts as half full of work. */
const HALF_LOADED = 16;

export type Choice = {
  /** Asked only when somebody's breaker is not closed: the time costs as much as looking at three candidates. */
  readonly clock: Pick<Clock, "monotonicMs">;
  /** From 0 up to 1. */
  readonly chance: () => number;
  /** Goes up by one with each choice among these candidates. */
  readonly turn: number;
};

/** 0 idle to 1 full: what it says of itself, else how much is waiting. */
export function loadOf({ provider, recipient }: Candidate): number {
  const { messages } = recipient.mailbox;
  return provider.loadScore ?? messages / (messages + HALF_LOADED);
}

/** 1 when deliveries go through, a half while its breaker is on trial, 0 while nothing is delivered. */
export function healthOf({ provider, recipient }: Candidate, clock: Choice["clock"]): number {
  if (provider.status !== "active" || recipient.mailbox.isPaused) return 0;
  if (recipient.opensAtMs === undefined) return 1;
  const state = recipient.breaker(clock.monotonicMs());
  return state === "closed" ? 1 : state === "open" ? 0 : 0.5;
}

/** Priority 0 comes last and is not out. */
const urgency = ({ provider }: Candidate): number => Math.max(provider.priority, 0.001);

/** What `best_match` makes of it; 0 for whoever takes nothing. */
export const scoreOf = (candidate: Candidate, clock: Choice["clock"]): number =>
  urgency(candidate) * healthOf(candidate, clock) * (1 - loadOf(candidate));

/** One of the candidates that are fit to work; undefined when none is. */
export function choose(
  candidates: readonly Candidate[],
  strategy: RoutingStrategy,
  choice: Choice,
): Candidate | undefined {
  switch (strategy) {
    case "best_match":
      return highest(candidates, choice, (candidate, health) => urgency(candidate) * health * (1 - loadOf(candidate)));
    case "fastest":
      return highest(candidates, choice, ({ recipient }, health) => health / (expectedMs(recipient) + 1));
    case "round_robin":
      return next(candidates, choice);
    case "least_loaded":
      return candidates.length <= SCAN_MAX
        ? highest(candidates, choice, (candidate, health) => health * (1 - loadOf(candidate)))
        : better(candidates, choice);
    case "weighted":
      return byWeight(candidates, choice);
  }
}

/** How long a message sent now would take; somebody who was never tried counts as quick, so that everybody is tried. */
const expectedMs = ({ averageMs = 0, mailbox }: Recipient): number => averageMs * (1 + mailbox.messages);

/** Among equals the turn decides, so that each comes in turn. */
function highest(
  candidates: readonly Candidate[],
  { clock, turn }: Choice,
  rate: (candidate: Candidate, health: number) => number,
): Candidate | undefined {
  const { length } = candidates;
  let best: Candidate | undefined;
  let most = 0;
  let at = length === 0 ? 0 : turn % length;
  for (let looked = 0; looked < length; looked += 1) {
    const candidate = candidates[at];
    at = at + 1 === length ? 0 : at + 1;
    if (candidate === undefined) continue;
    const health = healthOf(candidate, clock);
    const score = health === 0 ? 0 : rate(candidate, health);
    if (score <= most) continue;
    most = score;
    best = candidate;
  }
  return best;
}

function next(candidates: readonly Candidate[], { clock, turn }: Choice): Candidate | undefined {
  for (let looked = 0; looked < candidates.length; looked += 1) {
    const candidate = candidates[(turn + looked) % candidates.length];
    if (candidate !== undefined && healthOf(candidate, clock) > 0) return candidate;
  }
  return undefined;
}

/** The less loaded of two by chance: nearly as even as looking at all, at the cost of two. */
function better(candidates: readonly Candidate[], choice: Choice): Candidate | undefined {
  const drawn = () => next(candidates, { ...choice, turn: Math.floor(choice.chance() * candidates.length) });
  const [one, other] = [drawn(), drawn()];
  if (one === undefined || other === undefined) return one;
  return loadOf(one) <= loadOf(other) ? one : other;
}

/** By chance, in proportion to priority over what is waiting. */
function byWeight(candidates: readonly Candidate[], { clock, chance }: Choice): Candidate | undefined {
  const weightOf = (candidate: Candidate) =>
    (healthOf(candidate, clock) * urgency(candidate)) / (1 + candidate.recipient.mailbox.messages);
  let total = 0;
  for (const candidate of candidates) total += weightOf(candidate);
  let left = chance() * total;
  let last: Candidate | undefined;
  for (const candidate of candidates) {
    const weight = weightOf(candidate);
    if (weight === 0) continue;
    last = candidate;
    left -= weight;
    if (left < 0) return candidate;
  }
  return last;
}
