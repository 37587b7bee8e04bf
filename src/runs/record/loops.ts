import { hash as digest } from "node:crypto";
import { canonicalJson } from "../../kernel/json.ts";
import type { ToolStep } from "./fold/run-view.ts";

/** When a run is taken to go round in circles. */
export type LoopGuard = {
  /** So many turns in a row with the same calls and the same results; 0 switches it off. */
  readonly repeatedCalls: number;
  /** So many rounds of two to four turns that alternate, with the same results; 0 switches it off. */
  readonly pingPong: number;
  /** Tools that may return the same result repeatedly: `server`, `server.tool` or `*`. */
  readonly repeatAllowed: readonly string[];
};

export const DEFAULT_LOOP_GUARD: LoopGuard = { repeatedCalls: 3, pingPong: 3, repeatAllowed: [] };

/** The longest round that counts as ping-pong, in turns. */
const PERIOD_MAX = 4;

export type Loop = {
  readonly type: "repeated" | "ping-pong";
  /** The tools called, each once. */
  readonly tools: readonly string[];
  readonly times: number;
};

/** A turn for loop detection: its calls with their results. */
export type LoopTurn = { readonly turn: number; readonly steps: readonly ToolStep[] };

/** A call that a model asks for. */
export type RequestedCall = Pick<ToolStep, "server" | "tool" | "name" | "arguments">;

const isAllowed = ({ server, tool }: RequestedCall, { repeatAllowed }: LoopGuard): boolean =>
  repeatAllowed.some((entry) => entry === "*" || entry === server || entry === `${server}.${tool}`);

const keys = new WeakMap<ToolStep, { readonly asked: string; readonly answered: string }>();

function keyOf(step: ToolStep): { readonly asked: string; readonly answered: string } {
  const before = keys.get(step);
  if (before) return before;
  const asked = callKey(step.name, step.arguments);
  const { end } = step;
  const said = digest("sha256", "outcome" in end ? `${end.outcome}\0${end.text}` : "", "base64url");
  const key = { asked, answered: `${asked}\0${said}` };
  if ("outcome" in end) keys.set(step, key);
  return key;
}

const callKey = (name: string, given: ToolStep["arguments"]): string => `${name}\0${canonicalJson(given)}`;

/** Calls that may repeat do not count; a turn with nothing else breaks any chain. */
const turnKey = <Call extends RequestedCall>(
  calls: readonly Call[],
  guard: LoopGuard,
  of: (call: Call) => string,
): string =>
  calls
    .filter((step) => !isAllowed(step, guard))
    .map(of)
    .toSorted()
    .join("\n");

/** Number of repetitions of the last `period` turns before `at`; 1: not repeated. */
function timesOf(answered: readonly string[], at: number, period: number): number {
  const same = (one: number, other: number) => answered[one] !== "" && answered[one] === answered[other];
  let times = 1;
  for (let back = at - period; back - period + 1 >= 0; back -= period) {
    for (let index = 0; index < period; index += 1) if (!same(back - index, back - index + period)) return times;
    times += 1;
  }
  return times;
}

const NO_NOTES: ReadonlyMap<number, string> = new Map();

/** Notes to the model for turns that start to loop; other turns have none. */
export function loopNotes(turns: readonly LoopTurn[], guard: LoopGuard): ReadonlyMap<number, string> {
  // One turn repeats nothing, and most runs have no more.
  if (turns.length < 2) return NO_NOTES;
  const answered = turns.map(({ steps }) => turnKey(steps, guard, (step) => keyOf(step).answered));
  const notes = new Map<number, string>();
  for (const [at, { turn }] of turns.entries()) {
    const loop = loopAt(answered, at, guard, 1);
    if (loop !== undefined) notes.set(turn, noteOf(loop));
  }
  return notes;
}

function noteOf({ period, times }: { readonly period: number; readonly times: number }): string {
  const what =
    period === 1
      ? `You made this same call ${times} times in a row, and the result was the same each time.`
      : `You made these ${period} calls in turn ${times} times, and the results were the same each time.`;
  return `(${what} Use what you know, try something else, or answer: repeating this ends the run.)`;
}

/** The round that the turns up to `at` are in, when it has come `slack` short of its limit or further. */
function loopAt(
  answered: readonly string[],
  at: number,
  guard: LoopGuard,
  slack: number,
): { readonly period: number; readonly times: number } | undefined {
  for (let period = 1; period <= PERIOD_MAX; period += 1) {
    const limit = period === 1 ? guard.repeatedCalls : guard.pingPong;
    if (limit === 0) continue;
    const times = timesOf(answered, at, period);
    if (times >= Math.max(2, limit - slack)) return { period, times };
  }
  return undefined;
}

/** The loop that the requested calls would continue; undefined if they are new. */
export function loopOf(
  turns: readonly LoopTurn[],
  asked: readonly RequestedCall[],
  guard: LoopGuard,
): Loop | undefined {
  if (turns.length === 0) return undefined;
  const answered = turns.map(({ steps }) => turnKey(steps, guard, (step) => keyOf(step).answered));
  const at = turns.length - 1;
  const next = turnKey(asked, guard, (call) => callKey(call.name, call.arguments));
  if (next === "") return undefined;
  for (let period = 1; period <= PERIOD_MAX; period += 1) {
    const limit = period === 1 ? guard.repeatedCalls : guard.pingPong;
    const before = turns[at - period + 1];
    if (limit === 0 || before === undefined || timesOf(answered, at, period) < limit) continue;
    if (turnKey(before.steps, guard, (step) => keyOf(step).asked) !== next) continue;
    const round = turns.slice(at - period + 1).flatMap(({ steps }) => steps.filter((step) => !isAllowed(step, guard)));
    const tools = [...new Set(round.map(({ server, tool, name }) => (server === "" ? name : `${server}.${tool}`)))];
    return { type: period === 1 ? "repeated" : "ping-pong", tools, times: timesOf(answered, at, period) };
  }
  return undefined;
}
