import { CHARACTER, classOf, foldOf, wideClassOf } from "./characters.ts";
import { RECALL_LIMITS } from "../row.ts";
import { stem } from "./stem.ts";

/** Units of a run of word characters that count; the rest of a longer one is passed over. */
const RUN_MAX = 128;
/** Units of one word that count. */
const WORD_MAX = 64;
/** Parts of one identifier that count. */
const PARTS_MAX = 16;
const CLITIC = /^(?:s|t|m|d|ll|re|ve)$/;

/** Called with each word: it is in `units`, up to `length`. `whole`: an identifier whose parts have been emitted. */
export type WordSink = (length: number, whole: boolean) => void;

/**
 * Splits texts into normalized words: lower case, without accents, stemmed. Identifiers are emitted part by part
 * (`getUserName`, `user_name`, `E1042`) and whole; scripts without spaces in overlapping pairs.
 */
export class Tokenizer {
  /** The word of the call to the sink. */
  readonly units = new Uint16Array(WORD_MAX);
  readonly #run = new Uint16Array(RUN_MAX);
  readonly #classes = new Uint8Array(RUN_MAX);
  #length = 0;
  #written = "";
  #from = 0;
  #to = 0;
  #afterApostrophe = false;

  /** The word of the call to the sink before it was stemmed. */
  written(): string {
    return this.#to === 0 ? this.#written : String.fromCharCode(...this.#run.subarray(this.#from, this.#to));
  }

  /** Emits the words of a text, of at most its first million characters. */
  split(text: string, sink: WordSink): void {
    const shown = text.length > RECALL_LIMITS.textCharsMax ? text.slice(0, RECALL_LIMITS.textCharsMax) : text;
    const plain = isAscii(shown) ? shown : shown.normalize("NFKC");
    let denseBefore = -1;
    let denseCount = 0;
    this.#length = 0;
    this.#afterApostrophe = false;
    for (let at = 0; at < plain.length; at += 1) {
      const unit = plain.charCodeAt(at);
      const kind = isHigh(unit) ? wide(plain, at) : classOf(unit);
      if (kind === CHARACTER.dense) {
        this.#endRun(sink);
        const size = isHigh(unit) ? 2 : 1;
        if (denseBefore >= 0) this.#pair(plain.slice(denseBefore, at + size), sink);
        denseBefore = at;
        denseCount += 1;
        at += size - 1;
        continue;
      }
      if (denseCount > 0) {
        if (denseCount === 1) this.#pair(plain.slice(denseBefore, at), sink);
        denseBefore = -1;
        denseCount = 0;
      }
      if (kind === CHARACTER.accent) continue;
      if (kind === CHARACTER.other || kind === CHARACTER.apostrophe) {
        this.#endRun(sink);
        this.#afterApostrophe = kind === CHARACTER.apostrophe && at > 0;
        continue;
      }
      if (isHigh(unit)) {
        const small = plain.slice(at, at + 2).toLowerCase();
        this.#push(small.charCodeAt(0), kind);
        this.#push(small.charCodeAt(1), kind);
        at += 1;
      } else this.#push(foldOf(unit), kind);
    }
    if (denseCount === 1) this.#pair(plain.slice(denseBefore), sink);
    this.#endRun(sink);
  }

  #push(unit: number, kind: number): void {
    // A joiner at the beginning of a run joins nothing.
    if (this.#length >= RUN_MAX || (this.#length === 0 && kind === CHARACTER.joiner)) return;
    this.#run[this.#length] = unit;
    this.#classes[this.#length] = kind;
    this.#length += 1;
  }

  #pair(pair: string, sink: WordSink): void {
    for (let at = 0; at < pair.length; at += 1) this.units[at] = pair.charCodeAt(at);
    this.#written = pair;
    this.#to = 0;
    sink(pair.length, false);
  }

  #endRun(sink: WordSink): void {
    let length = this.#length;
    this.#length = 0;
    while (length > 0 && this.#classes[length - 1] === CHARACTER.joiner) length -= 1;
    if (length === 0) return;
    const isClitic =
      this.#afterApostrophe && length < 3 && CLITIC.test(String.fromCharCode(...this.#run.slice(0, length)));
    this.#afterApostrophe = false;
    if (isClitic) return;
    let parts = 0;
    for (let from = 0; from < length && parts < PARTS_MAX;) {
      const to = this.#partEnd(from, length);
      const isWhole = from === 0 && to === length;
      const isLetter = to - from === 1 && this.#classes[from] !== CHARACTER.digit;
      // One letter of an identifier says nothing beside the whole.
      if (to > from && (isWhole || !isLetter)) this.#emit(from, to, sink);
      if (isWhole) return;
      from = this.#classes[to] === CHARACTER.joiner ? to + 1 : Math.max(to, from + 1);
      parts += 1;
    }
    this.#emitIdentifier(length, sink);
  }

  /** Where the part that begins at `from` ends: at a joiner, between letters and digits, before a capital. */
  #partEnd(from: number, length: number): number {
    const classes = this.#classes;
    for (let at = from; at < length; at += 1) {
      const kind = classes[at];
      if (kind === CHARACTER.joiner) return at;
      if (at === from) continue;
      const before = classes[at - 1];
      if ((kind === CHARACTER.digit) !== (before === CHARACTER.digit)) return at;
      if (
        kind !== CHARACTER.capital &&
        before === CHARACTER.capital &&
        at - 1 > from &&
        classes[at - 2] === CHARACTER.capital
      )
        return at - 1;
      if (kind === CHARACTER.capital && before !== CHARACTER.capital) return at;
    }
    return length;
  }

  #emit(from: number, to: number, sink: WordSink): void {
    const length = Math.min(to - from, WORD_MAX);
    this.#from = from;
    this.#to = to;
    for (let at = 0; at < length; at += 1) this.units[at] = this.#run[from + at] ?? 0;
    sink(stem(this.units, length), false);
  }

  #emitIdentifier(length: number, sink: WordSink): void {
    let written = 0;
    this.#from = 0;
    this.#to = length;
    for (let at = 0; at < length && written < WORD_MAX; at += 1) {
      if (this.#classes[at] === CHARACTER.joiner) continue;
      this.units[written] = this.#run[at] ?? 0;
      written += 1;
    }
    if (written > 0) sink(stem(this.units, written), true);
  }
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;
const wide = (text: string, at: number): number => wideClassOf(String.fromCodePoint(text.codePointAt(at) ?? 0));

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 127) return false;
  return true;
}
