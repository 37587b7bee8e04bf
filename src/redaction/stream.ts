import type { Finder, FinderOptions } from "../regex/index.ts";
import type { LiteralFinder, Literals } from "./literals.ts";
import type { Pattern } from "./patterns.ts";
import { placeholder } from "./placeholder.ts";
import { addSpan, type Span } from "./spans.ts";

/** The longest text, in UTF-16 units, that a pattern hides as a whole; of a longer one the last so many are hidden. */
export const MATCH_CHARS_MAX = 16_384;

/** How a pattern is looked for: what was refused may hide something real that began later. */
export const lookingFor = ({ isReal }: Pattern): FinderOptions => ({
  lengthMax: MATCH_CHARS_MAX,
  tells: isReal === undefined ? "earliest" : "every",
});

/** Told of each text that was hidden. */
export type Hidden = (name: string) => void;

/**
 * Hides texts in one that comes in pieces. What is given out, put together, is the same however the text was cut: as much
 * is held back as could begin something that must be hidden. What overlaps is hidden together, under the name of what
 * begins first.
 */
export class RedactingStream {
  readonly #literals: LiteralFinder | undefined;
  readonly #patterns: readonly { readonly pattern: Pattern; readonly finder: Finder }[];
  readonly #hidden: Hidden | undefined;
  /** What is not given out yet, and where in the whole text it begins. */
  #held = "";
  #heldFrom = 0;
  /** Up to here all has been looked at. */
  #seen = 0;
  /** In their order, without overlaps. */
  #spans: Span[] = [];

  constructor(literals: Literals, patterns: readonly Pattern[], hidden?: Hidden) {
    this.#literals = literals.isEmpty ? undefined : literals.finder();
    this.#patterns = patterns.map((pattern) => ({ pattern, finder: pattern.regex.finder(lookingFor(pattern)) }));
    this.#hidden = hidden;
  }

  /** The next piece; gives what can be shown by now. */
  push(text: string): string {
    this.#held += text;
    const end = this.#heldFrom + this.#held.length;
    while (this.#seen < end) {
      const at = this.#seen;
      const point = this.#held.codePointAt(at - this.#heldFrom) ?? 0;
      // The half of a character waits for the other half.
      if (point >= 0xd8_00 && point <= 0xdb_ff && at + 1 === end) break;
      this.#look(point, at);
    }
    return this.#give(this.#safeUpTo());
  }

  /** What was held back; the text is over, and the stream with it. */
  end(): string {
    const end = this.#heldFrom + this.#held.length;
    if (this.#seen < end) this.#look(this.#held.charCodeAt(this.#seen - this.#heldFrom), this.#seen);
    for (const each of this.#patterns) this.#lookFor(each, undefined, end);
    return this.#give(end);
  }

  #look(point: number, at: number): void {
    const units = point > 0xff_ff ? 2 : 1;
    for (const each of this.#patterns) this.#lookFor(each, point, at);
    for (let unit = 0; unit < units; unit += 1) {
      const ends = this.#literals?.next(this.#held.charCodeAt(at + unit - this.#heldFrom));
      if (ends !== undefined) addSpan(this.#spans, at + unit + 1 - ends.chars, at + unit + 1, ends.name);
    }
    this.#seen = at + units;
  }

  #lookFor(
    { pattern, finder }: { readonly pattern: Pattern; readonly finder: Finder },
    point: number | undefined,
    at: number,
  ) {
    finder.next(point, at, (from, to) => {
      const { isReal } = pattern;
      if (isReal?.(this.#held.slice(from - this.#heldFrom, to - this.#heldFrom)) === false) return;
      addSpan(this.#spans, from, to, pattern.name);
    });
  }

  #safeUpTo(): number {
    let safe = this.#seen - (this.#literals?.depth() ?? 0);
    for (const { finder } of this.#patterns) safe = Math.min(safe, finder.openFrom ?? safe);
    return Math.max(safe, this.#heldFrom);
  }

  #give(upTo: number): string {
    let shown = "";
    let at = this.#heldFrom;
    while (at < upTo) {
      const span = this.#spans[0];
      if (span === undefined || span.start >= upTo) {
        shown += this.#held.slice(at - this.#heldFrom, upTo - this.#heldFrom);
        break;
      }
      shown += this.#held.slice(at - this.#heldFrom, Math.max(span.start, at) - this.#heldFrom);
      if (!span.isShown) {
        shown += placeholder(span.name);
        span.isShown = true;
        this.#hidden?.(span.name);
      }
      at = Math.min(span.end, upTo);
      // It may still grow while something that began before its end goes on.
      if (span.end > upTo) span.start = upTo;
      else this.#spans.shift();
    }
    this.#held = this.#held.slice(upTo - this.#heldFrom);
    this.#heldFrom = upTo;
    return shown;
  }
}
