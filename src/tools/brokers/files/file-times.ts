import type { BigIntStats } from "node:fs";
import type { Stamp, Stamps } from "../../sandbox/index.ts";

const KNOWN_MAX = 1_024;
const NANOSECONDS = 1e9;
/** An invalid date leaves a time unchanged. */
const UNCHANGED = new Date(Number.NaN);

type Exact = { readonly onDisk: bigint; readonly meant: bigint };
type Known = { readonly accessed: Exact | undefined; readonly modified: Exact | undefined };

/**
 * Times to the nanosecond. The runtime hands times to the system as doubles, which are some tenths of a microsecond
 * off; a time set by a guest is remembered exactly, for as long as the disk has the rounded value.
 */
export class FileTimes {
  readonly #known = new Map<string, Known>();

  accessedNs(stats: BigIntStats): bigint {
    const exact = this.#known.get(keyOf(stats))?.accessed;
    return positive(exact?.onDisk === stats.atimeNs ? exact.meant : stats.atimeNs);
  }

  modifiedNs(stats: BigIntStats): bigint {
    const exact = this.#known.get(keyOf(stats))?.modified;
    return positive(exact?.onDisk === stats.mtimeNs ? exact.meant : stats.mtimeNs);
  }

  /** Sets the times of one file by `apply`, which gets what `utimes` takes. */
  async set(
    { accessed, modified }: Stamps,
    apply: (accessed: number | Date, modified: number | Date) => Promise<void>,
    look: () => Promise<BigIntStats>,
  ): Promise<void> {
    await apply(argument(accessed), argument(modified));
    if (typeof accessed !== "bigint" && typeof modified !== "bigint") return;
    const stats = await look();
    const key = keyOf(stats);
    const before = this.#known.get(key);
    this.#known.delete(key);
    this.#known.set(key, {
      accessed: typeof accessed === "bigint" ? { onDisk: stats.atimeNs, meant: accessed } : before?.accessed,
      modified: typeof modified === "bigint" ? { onDisk: stats.mtimeNs, meant: modified } : before?.modified,
    });
    const [oldest] = this.#known.keys();
    if (this.#known.size > KNOWN_MAX && oldest !== undefined) this.#known.delete(oldest);
  }
}

const keyOf = ({ dev, ino }: BigIntStats): string => `${dev}:${ino}`;
const positive = (time: bigint): bigint => (time < 0n ? 0n : time);
const argument = (stamp: Stamp): number | Date =>
  stamp === "keep" ? UNCHANGED : stamp === "now" ? new Date() : Number(stamp) / NANOSECONDS;
