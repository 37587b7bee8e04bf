import { grown } from "../graph/adjacency.ts";
import type * as z from "zod";
import { termFrequenciesBytes } from "./term-frequencies.ts";
import {
  type BufferedTexts,
  type SavedSegment,
  type Segment,
  type TextFacts,
  mergeSegments,
  flushSegment,
  segmentBytes,
} from "./segment.ts";

// The segments of an index.
//
// search-index.segments.G1. Each living text that is not fresh is in one segment.
// search-index.segments.G2. Segments of about one size are merged when there are enough of them; several merges may be
//   running.
// search-index.segments.G3. Each change advances the merges a little, and their sources are searched until they are done.

/** Segments of one size before they become one. */
const MERGED = 6;
/** Postings that one more size means, as a factor. */
const SIZE_STEP = 4;
const SMALLEST = 16_384;
/** Numbers that each merge moves for each word of a change. */
const WORK_PER_WORD = 12;
const WORK_MIN = 64;

type Merge = { readonly sources: readonly Segment[]; readonly steps: Generator<number, Segment> };

/** Segments, and the merges that keep them few. */
export class Segments {
  readonly #facts: TextFacts;
  readonly #forget: (text: number) => void;
  #segments: Segment[] = [];
  #merges: Merge[] = [];
  readonly #bySerial = new Map<number, Segment>();
  #nextSerial = 1;
  // Of each text: the serial number of its segment, and its number there.
  #homes = new Int32Array(64);
  #locals = new Int32Array(64);

  /** `forget` is called with each text that is in no segment any longer. */
  constructor(facts: TextFacts, forget: (text: number) => void) {
    this.#facts = facts;
    this.#forget = forget;
  }

  get bytes(): number {
    const homes = this.#homes.byteLength * 2;
    return this.#segments.reduce((sum, segment) => sum + segmentBytes(segment) + termFrequenciesBytes(segment), homes);
  }

  all(): readonly Segment[] {
    return this.#segments;
  }

  /** The segment that has a text, and the text's number in it; undefined for one that is in none. */
  homeOf(text: number): { readonly segment: Segment; readonly local: number } | undefined {
    const segment = this.#bySerial.get(this.#homes[text] ?? 0);
    return segment && { segment, local: this.#locals[text] ?? 0 };
  }

  /** Resets a text's number: it is in no segment. */
  settle(text: number): void {
    if (text >= this.#homes.length) {
      this.#homes = grown(this.#homes, text + 1);
      this.#locals = grown(this.#locals, text + 1);
    }
    this.#homes[text] = 0;
  }

  /** Adds fresh texts as a segment. */
  add(fresh: BufferedTexts): void {
    for (const text of fresh.texts) if (!this.#facts.isAlive(text)) this.#forget(text);
    const segment = flushSegment(fresh, this.#facts);
    if (segment.texts.length === 0) return;
    this.#segments.push(segment);
    this.#house(segment);
    this.#plan();
  }

  /** Into one that is empty. */
  load(segments: readonly z.infer<typeof SavedSegment>[], texts: number): void {
    this.settle(texts);
    for (const segment of segments) {
      this.#segments.push(segment);
      this.#house(segment);
    }
    this.#plan();
  }

  #house(segment: Segment): number {
    const serial = this.#nextSerial;
    this.#nextSerial += 1;
    this.#bySerial.set(serial, segment);
    const { texts } = segment;
    for (let local = 0; local < texts.length; local += 1) {
      const text = texts[local] ?? 0;
      this.#homes[text] = serial;
      this.#locals[text] = local;
    }
    return serial;
  }

  /** Advances the merges by an amount of work proportional to the words of a change. */
  work(words: number): void {
    for (const merge of this.#merges) this.#advance(merge, WORK_MIN + words * WORK_PER_WORD);
  }

  /** Makes one segment of all, now. */
  compact(): void {
    this.#merges = [];
    if (this.#segments.length === 0) return;
    const sources = this.#segments;
    const merge = { sources, steps: mergeSegments(sources, this.#facts) };
    this.#merges = [merge];
    this.#advance(merge, Infinity);
  }

  #plan(): void {
    const busy = new Set(this.#merges.flatMap(({ sources }) => sources));
    const bySize = new Map<number, Segment[]>();
    for (const segment of this.#segments) {
      if (busy.has(segment)) continue;
      const size = Math.max(0, Math.floor(Math.log(segment.postings.length / SMALLEST) / Math.log(SIZE_STEP)));
      bySize.set(size, [...(bySize.get(size) ?? []), segment]);
    }
    for (const sources of bySize.values())
      if (sources.length >= MERGED) this.#merges.push({ sources, steps: mergeSegments(sources, this.#facts) });
  }

  #advance(merge: Merge, budget: number): void {
    for (let left = budget; left > 0;) {
      const step = merge.steps.next();
      if (step.done === true) {
        this.#finish(merge, step.value);
        return;
      }
      left -= step.value;
    }
  }

  #finish(merge: Merge, merged: Segment): void {
    this.#merges = this.#merges.filter((other) => other !== merge);
    const gone = new Set(merge.sources);
    const rest = this.#segments.filter((segment) => !gone.has(segment));
    this.#segments = merged.texts.length === 0 ? rest : [merged, ...rest];
    const serial = this.#house(merged);
    for (const source of merge.sources)
      for (const text of source.texts) if (this.#homes[text] !== serial) this.#forget(text);
    if (merged.texts.length === 0) gone.add(merged);
    for (const [of, segment] of this.#bySerial) if (gone.has(segment)) this.#bySerial.delete(of);
    this.#plan();
  }
}
