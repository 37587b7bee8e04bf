import type { Families } from "./growth-pieces.ts";

/** Something that reads text which anyone may send. */
export type Reader = {
  readonly name: string;
  /** Characters of the largest text it takes. */
  readonly charsMax: number;
  readonly families: Families;
  /** Reads it; a refusal is a result too. */
  readonly read: (text: string) => unknown;
};

/** Milliseconds that one text may hold up the thread it is read on. */
const BLOCKED_MS_MAX = 50;
/** How much longer a text of twice the size may take. */
const GROWTH_MAX = 2.3;
/** Times below it are mostly compilation, collection of garbage and the clock. */
const FLOOR_MS = 5;
/** Characters of the texts as parts of the largest. What is past it has to be refused as fast, but need not be read any further. */
const PARTS = [1 / 8, 1 / 4, 1 / 2, 1, 2] as const;
/** What looks too slow is read so often before that is believed. */
const REPETITIONS = 6;

export type GrowthOptions = {
  /**
   * How much slower than the machine that the bound is meant for this one is. Only the bound is raised: growth is a ratio.
   * Processor time of one thread leaves out what other programs do, but not that they share caches and cores with it.
   */
  readonly slowness: number;
};

/** What is wrong with how the time to read a family's texts grows; nothing when it is fine. */
export function growthFault(reader: Reader, family: string, { slowness }: GrowthOptions): string | undefined {
  const make = reader.families[family];
  if (make === undefined) throw new Error(`${reader.name} has no family ${family}`);
  const times: number[] = [];
  const points: string[] = [];
  for (const part of PARTS) {
    // What surrounds the part that grows has its room too, so that the largest text is taken.
    const text = make(Math.max(1, Math.floor(reader.charsMax * part) - SURROUNDINGS_CHARS));
    const isFine = (ms: number): boolean =>
      ms <= BLOCKED_MS_MAX * slowness && (part > 1 || !growsTooFast(ms, times.at(-1), times.at(-2)));
    const ms = leastMs(() => reader.read(text), isFine);
    points.push(`${text.length} characters ${ms.toFixed(1)} ms`);
    if (!isFine(ms)) return `${reader.name}, ${family}: ${points.join(", ")}`;
    times.push(ms);
  }
  return undefined;
}

/** Judges two doublings, because one alone may only have left a cache or caused a collection of garbage. */
const growsTooFast = (ms: number, half: number | undefined, quarter: number | undefined): boolean =>
  half !== undefined &&
  quarter !== undefined &&
  ms > GROWTH_MAX * Math.max(half, FLOOR_MS) &&
  ms > GROWTH_MAX ** 2 * Math.max(quarter, FLOOR_MS / 2);

const SURROUNDINGS_CHARS = 300;

/** The least processor time of this thread that some work takes; it is repeated only while that is not fine. */
function leastMs(work: () => unknown, isFine: (ms: number) => boolean): number {
  let least = Infinity;
  for (let time = 0; time < REPETITIONS && !isFine(least); time += 1) {
    const before = process.threadCpuUsage();
    work();
    const { user, system } = process.threadCpuUsage(before);
    least = Math.min(least, (user + system) / 1_000);
  }
  return least;
}
