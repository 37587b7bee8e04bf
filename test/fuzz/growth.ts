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
/** A suspicious result is measured again this many times before it counts. */
const ROUNDS = 6;
/** One measurement reads a text until so much time has passed: some kernels count processor time in ticks of 4 ms. */
const MEASURED_MS_MIN = 40;

export type GrowthOptions = {
  /**
   * How much slower than the machine that the bound is meant for this one is, at least, when it is quiet. Only the bound is raised: growth is
   * a ratio. Processor time of one thread leaves out what other programs do, but not that they share caches and cores with
   * it, so a time above the bound is judged beside that of the reference work, measured next to it.
   */
  readonly slowness: number;
};

/** Milliseconds that the reference work takes on the machine that the bound is meant for. */
const REFERENCE_MS = 5;
const REFERENCE_TEXT = JSON.stringify(
  Array.from({ length: 6_000 }, (_, index) => ({ id: index, name: `name ${index}` })),
);
/** Work like that of the readers: it parses a text, makes objects and tokens, and looks at each character. */
function referenceWork(): number {
  let sum = 0;
  for (let round = 0; round < 2; round += 1) {
    sum += JSON.stringify(JSON.parse(REFERENCE_TEXT)).length;
    for (let index = 0; index < REFERENCE_TEXT.length; index += 1) sum += REFERENCE_TEXT.charCodeAt(index);
    for (const { index } of REFERENCE_TEXT.matchAll(/name (\d+)/g)) sum += index;
  }
  return sum;
}

/** What is wrong with how the time to read a family's texts grows; nothing when it is fine. */
export function growthFault(reader: Reader, family: string, { slowness }: GrowthOptions): string | undefined {
  const make = reader.families[family];
  if (make === undefined) throw new Error(`${reader.name} has no family ${family}`);
  // What surrounds the part that grows has its room too, so that the largest text is taken.
  const texts = PARTS.map((part) => make(Math.max(1, Math.floor(reader.charsMax * part) - ENVELOPE_CHARS)));
  const times: number[] = [];
  let slower = slowness;
  for (const [index, text] of texts.entries()) {
    const fault = (): boolean =>
      (times[index] ?? 0) > BLOCKED_MS_MAX * slower || (index <= PARTS.indexOf(1) && growsTooFast(times, index));
    times.push(timeMs(() => reader.read(text), 0));
    for (let round = 0; round < ROUNDS && fault(); round += 1) {
      // All that is compared is measured again, one after the other, so that the machine treats it alike.
      for (let other = Math.max(0, index - 2); other <= index; other += 1) {
        const ms = timeMs(() => reader.read(texts[other] ?? ""), MEASURED_MS_MIN);
        times[other] = round === 0 ? ms : Math.min(ms, times[other] ?? ms);
      }
      slower = Math.max(slower, (slowness * timeMs(referenceWork, MEASURED_MS_MIN)) / REFERENCE_MS);
    }
    if (fault()) {
      const points = times.map((ms, at) => `${texts[at]?.length ?? 0} characters ${ms.toFixed(1)} ms`);
      return `${reader.name}, ${family}: ${points.join(", ")}`;
    }
  }
  return undefined;
}

/** Judges two doublings, because one alone may only have left a cache or caused a collection of garbage. */
function growsTooFast(times: readonly number[], index: number): boolean {
  const [ms, half, quarter] = [times[index], times[index - 1], times[index - 2]];
  return (
    ms !== undefined &&
    half !== undefined &&
    quarter !== undefined &&
    ms > GROWTH_MAX * Math.max(half, FLOOR_MS) &&
    ms > GROWTH_MAX ** 2 * Math.max(quarter, FLOOR_MS / 2)
  );
}

const ENVELOPE_CHARS = 300;

/** Mean processor time of this thread for one execution of some work that is repeated for at least so long. */
function timeMs(work: () => unknown, atLeastMs: number): number {
  const before = process.threadCpuUsage();
  for (let times = 1; ; times += 1) {
    work();
    const { user, system } = process.threadCpuUsage(before);
    const ms = (user + system) / 1_000;
    if (ms >= atLeastMs) return ms / times;
  }
}
