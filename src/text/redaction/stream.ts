import type { FinderOptions, RegexStream } from "../regex/index.ts";
import type { LiteralFinder, Literals } from "./literals.ts";
import type { Pattern } from "./patterns.ts";
import { placeholder } from "../../kernel/placeholder.ts";
import { addSpan, type Place, type Span } from "./spans.ts";

/** The longest text, in UTF-16 units, that a pattern hides as a whole; of a longer one the last so many are hidden. */
export const MATCH_CHARS_MAX = 16_384;

/** How a pattern is looked for: what was refused may hide something real that began later. */
export const lookingFor = ({ isReal }: Pattern): FinderOptions => ({
  lengthMax: MATCH_CHARS_MAX,
  mode: isReal === undefined ? "earliest" : "every",
});

/** Called with the name of each redacted text. */
export type Hidden = (name: string) => void;

/**
 * Hides texts in one that comes in pieces. What is given out, put together, is the same however the text was cut: as much
 * is held back as could begin something that must be hidden. What overlaps is hidden together, under the name of what
 * begins first.
 */
export class RedactingStream {
  readonly #literals: LiteralFinder | undefined;
  readonly #patterns: readonly Pattern[];
  readonly #regexes: RegexStream;
  readonly #hidden: Hidden | undefined;
  /** What is not given out yet, and where in the whole text it begins. */
  #held = "";
  #heldFrom = 0;
  /** Up to here all has been looked at. */
  #seen = 0;
  /** In their order, without overlaps. */
  #spans: Span[] = [];
  /** What the last piece showed. */
  #places: Place[] = [];

  /** `regexes` looks for the patterns, each under its index. */
  constructor(
    literals: Literals,
    { patterns, regexes }: { readonly patterns: readonly Pattern[]; readonly regexes: RegexStream },
    hidden?: Hidden,
  ) {
    this.#literals = literals.isEmpty ? undefined : literals.finder();
    this.#patterns = patterns;
    this.#regexes = regexes;
    this.#hidden = hidden;
  }

  /** The next piece; gives what can be shown by now. */
  push(text: string): string {
    this.#held += text;
    const last = this.#held.charCodeAt(this.#held.length - 1);
    // The half of a character waits for the other half.
    this.#look(this.#heldFrom + this.#held.length - (last >= 0xd8_00 && last <= 0xdb_ff ? 1 : 0));
    return this.#give(this.#safeUpTo());
  }

  /** What was held back; the text is over, and the stream with it. */
  end(): string {
    const end = this.#heldFrom + this.#held.length;
    this.#look(end);
    this.#regexes.end({ text: this.#held, from: this.#heldFrom }, this.#found);
    this.#take();
    return this.#give(end);
  }

  #look(end: number): void {
    this.#regexes.look({ text: this.#held, from: this.#heldFrom }, end, this.#found);
    if (this.#literals !== undefined) this.#lookForLiterals(this.#literals, end);
    this.#seen = Math.max(this.#seen, end);
    this.#take();
  }

  #lookForLiterals(literals: LiteralFinder, end: number): void {
    for (let at = this.#seen; at < end; at += 1) {
      const ends = literals.next(this.#held.charCodeAt(at - this.#heldFrom));
      if (ends === undefined) continue;
      this.#places.push({ from: at + 1 - ends.chars, to: at + 1, name: ends.name, heardAt: 2 * at + 1 });
    }
  }

  readonly #found = (index: number, from: number, to: number): void => {
    const pattern = this.#patterns[index];
    if (pattern?.isReal?.(this.#held.slice(from - this.#heldFrom, to - this.#heldFrom)) === false) return;
    this.#places.push({ from, to, name: pattern?.name ?? "", heardAt: 2 * to });
  };

  /** Takes up what was found, in the order of its ends. */
  #take(): void {
    if (this.#places.length === 0) return;
    const inOrder = this.#places.toSorted((one, other) => one.heardAt - other.heardAt);
    for (const { from, to, name } of inOrder) addSpan(this.#spans, from, to, name);
    this.#places = [];
  }

  #safeUpTo(): number {
    const safe = this.#seen - (this.#literals?.depth() ?? 0);
    return Math.max(Math.min(safe, this.#regexes.openFrom ?? safe), this.#heldFrom);
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
      // It may still grow while a match that started before its end continues.
      if (span.end > upTo) span.start = upTo;
      else this.#spans.shift();
    }
    this.#held = this.#held.slice(upTo - this.#heldFrom);
    this.#heldFrom = upTo;
    return shown;
  }
}
