import { type Clock } from "../../../kernel/clock.ts";
import { type RoutingStrategy } from "../../acl/index.ts";
import { type Recipient, type MailboxStats } from "../mailboxes/index.ts";
import { type Provider } from "../ports/index.ts";

/** A provider of the requested capability and its mailbox, with the data that is read for each message. */
export type Candidate = {
  readonly provider: Provider;
  readonly recipient: Recipient;
  /** Of its mailbox. */
  readonly number: number;
  readonly isActive: boolean;
  /** Its priority. 0 comes last and is not out. */
  readonly urgency: number;
  readonly loadScore: number | undefined;
};

export const candidateOf = (provider: Provider, recipient: Recipient): Candidate => ({
  provider,
  recipient,
  number: recipient.mailbox.number,
  isActive: provider.status === "active",
  urgency: Math.max(provider.priority, 0.001),
  loadScore: provider.loadScore,
});

/** Of more candidates than this, the least loaded is the better of two drawn by chance; of fewer all are looked at. */
const SCAN_MAX = 8;
/** Messages in a mailbox at which it counts as half full of work. */
const HALF_LOADED = 16;

/** What is known of candidates. */
export type ProviderStats = {
  /** Read only if the provider's circuit is not closed: reading the time costs as much as comparing three candidates. */
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly stats: MailboxStats;
};

export type Choice = ProviderStats & {
  /** From 0 up to 1. */
  readonly chance: () => number;
  /** Goes up by one with each choice among these candidates. */
  readonly turn: number;
};

/** 0 idle to 1 full: what it says of itself, else how much is waiting. */
export function loadOf({ loadScore, number }: Candidate, { messages }: MailboxStats): number {
  if (loadScore !== undefined) return loadScore;
  const waiting = messages[number] ?? 0;
  return waiting / (waiting + HALF_LOADED);
}

/** 1 when deliveries go through, a half while its breaker is on trial, 0 while nothing is delivered. */
export function healthOf(candidate: Candidate, { stats, clock }: ProviderStats): number {
  if (!candidate.isActive) return 0;
  return stats.suspectFlags[candidate.number] === 0 ? 1 : healthOfSuspect(candidate.recipient, clock);
}

function healthOfSuspect(recipient: Recipient, clock: ProviderStats["clock"]): number {
  if (recipient.mailbox.isPaused) return 0;
  const state = recipient.breaker(clock.monotonicMs());
  return state === "closed" ? 1 : state === "open" ? 0 : 0.5;
}

/** The score of `best_match`; 0 for a provider that accepts nothing. */
export const scoreOf = (candidate: Candidate, seen: ProviderStats): number =>
  healthOf(candidate, seen) * rate("best_match", candidate, seen.stats);

/** One of the candidates that are fit to work; undefined when none is. */
export function choose(
  candidates: readonly Candidate[],
  strategy: RoutingStrategy,
  choice: Choice,
): Candidate | undefined {
  switch (strategy) {
    case "best_match":
    case "fastest":
      return highest(candidates, strategy, choice);
    case "round_robin":
      return next(candidates, choice, choice.turn % candidates.length);
    case "least_loaded":
      return candidates.length <= SCAN_MAX ? highest(candidates, strategy, choice) : better(candidates, choice);
    case "weighted":
      return byWeight(candidates, choice);
  }
}

type Best = "best_match" | "fastest" | "least_loaded";

/** How good a choice it is by one of the strategies that take the best; a fit one is above 0 unless it is full. */
function rate(strategy: Best, candidate: Candidate, { averageMs, messages }: MailboxStats): number {
  const waiting = messages[candidate.number] ?? 0;
  // A provider without history counts as fast, so that all providers are tried.
  if (strategy === "fastest") return 1 / ((averageMs[candidate.number] ?? 0) * (1 + waiting) + 1);
  const { loadScore } = candidate;
  const room = loadScore === undefined ? HALF_LOADED / (waiting + HALF_LOADED) : 1 - loadScore;
  return strategy === "best_match" ? candidate.urgency * room : room;
}

/** Among equals the turn decides, so that each comes in turn. */
function highest(candidates: readonly Candidate[], strategy: Best, seen: Choice): Candidate | undefined {
  const { length } = candidates;
  const { stats, turn } = seen;
  const from = length === 0 ? 0 : turn % length;
  let best: Candidate | undefined;
  let most = 0;
  for (let looked = 0; looked < length; looked += 1) {
    const place = from + looked;
    const candidate = candidates[place < length ? place : place - length];
    if (candidate === undefined) continue;
    const score = healthOf(candidate, seen) * rate(strategy, candidate, stats);
    if (score <= most) continue;
    most = score;
    best = candidate;
  }
  return best;
}

/** The first from that place on, round about, that is fit to work. */
function next(candidates: readonly Candidate[], seen: ProviderStats, from: number): Candidate | undefined {
  const { length } = candidates;
  let at = from;
  for (let looked = 0; looked < length; looked += 1) {
    const candidate = candidates[at];
    at = at + 1 === length ? 0 : at + 1;
    if (candidate !== undefined && healthOf(candidate, seen) > 0) return candidate;
  }
  return undefined;
}

/** The less loaded of two by chance: nearly as even as looking at all, at the cost of two. */
function better(candidates: readonly Candidate[], choice: Choice): Candidate | undefined {
  const { length } = candidates;
  const one = next(candidates, choice, Math.floor(choice.chance() * length));
  const other = next(candidates, choice, Math.floor(choice.chance() * length));
  if (one === undefined || other === undefined) return one;
  return loadOf(one, choice.stats) <= loadOf(other, choice.stats) ? one : other;
}

/** By chance, in proportion to priority over what is waiting. */
function byWeight(candidates: readonly Candidate[], choice: Choice): Candidate | undefined {
  let total = 0;
  for (const candidate of candidates) total += weightOf(candidate, choice);
  let left = choice.chance() * total;
  let last: Candidate | undefined;
  for (const candidate of candidates) {
    const weight = weightOf(candidate, choice);
    if (weight === 0) continue;
    last = candidate;
    left -= weight;
    if (left < 0) return candidate;
  }
  return last;
}

const weightOf = (candidate: Candidate, seen: ProviderStats): number =>
  (healthOf(candidate, seen) * candidate.urgency) / (1 + (seen.stats.messages[candidate.number] ?? 0));
