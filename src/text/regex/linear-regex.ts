import {
  type Edge,
  NfaMatcher,
  type FinderOptions,
  type Instruction,
  isAtEdge,
  isDigit,
  isWord,
  type Test,
} from "./finder.ts";
import { LazyDfa } from "./lazy-dfa.ts";

/**
 * Regular expressions that take time in proportion to text times pattern, whatever the pattern: all ways to match are
 * followed at once (Thompson's construction), so none is tried repeatedly. What needs more than that, references
 * back and looking around, is not there.
 */
export type LinearRegex = {
  readonly test: (text: string) => boolean;
  /** The same without tables, place by place: what `test` is held against. */
  readonly testSlowly: (text: string) => boolean;
  /** What it was compiled to. */
  readonly program: readonly Instruction[];
  /** Looks for it in a text that comes in pieces. */
  readonly finder: (options: FinderOptions) => NfaMatcher;
};
export type RegexProblem = { readonly offset: number; readonly message: string };
export type CompiledRegex =
  | { readonly type: "compiled"; readonly regex: LinearRegex }
  | { readonly type: "malformed"; readonly problem: RegexProblem };

/** Instructions one pattern may come to. */
const PROGRAM_MAX = 500;
const DEPTH_MAX = 20;
const REPEAT_MAX = 100;

type Node =
  | { readonly type: "one"; readonly test: Test; readonly only?: number | undefined }
  | { readonly type: "edge"; readonly edge: Edge }
  | { readonly type: "all"; readonly nodes: readonly Node[] }
  | { readonly type: "either"; readonly nodes: readonly Node[] }
  | { readonly type: "repeat"; readonly node: Node; readonly min: number; readonly max: number };
class Malformed extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/**
 * Reads a pattern: literals, `.` (any character), `[…]`, `\d \w \s \D \W \S \b \B`, groups, `|`, `* + ? {n} {n,} {n,m}`,
 * `^` and `$` (of the whole text), and `(?i)` at its begin. Offsets count from the pattern's first character.
 */
export function compileRegex(pattern: string): CompiledRegex {
  try {
    const node = new Reader(pattern).read();
    const program: Instruction[] = [];
    emit(node, program);
    program.push({ type: "match" });
    // Made at the first text: most patterns of a configuration never see one.
    let dfa: LazyDfa | undefined;
    const test = (text: string): boolean => (dfa ??= new LazyDfa(program)).test(text) ?? run(program, text);
    return {
      type: "compiled",
      regex: {
        test,
        testSlowly: (text) => run(program, text),
        program,
        finder: (options) => new NfaMatcher(program, options),
      },
    };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { type: "malformed", problem: { offset: error.offset, message: error.message } };
  }
}

const isSpace: Test = (point) => /^\s$/u.test(String.fromCodePoint(point));
const not =
  (test: Test): Test =>
  (point) =>
    !test(point);
const CLASSES: { readonly [letter: string]: Test } = {
  d: isDigit,
  w: isWord,
  s: isSpace,
  D: not(isDigit),
  W: not(isWord),
  S: not(isSpace),
};
const CONTROLS: { readonly [letter: string]: string } = { n: "\n", r: "\r", t: "\t" };

class Reader {
  readonly #text: string;
  #at = 0;
  #ignoresCase = false;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Node {
    if (this.#takes("(?i)")) this.#ignoresCase = true;
    const node = this.#either(0);
    if (this.#at < this.#text.length) throw this.#wrong('a ")" without its "("');
    return node;
  }

  #either(depth: number): Node {
    if (depth > DEPTH_MAX) throw this.#wrong(`groups more than ${DEPTH_MAX} deep`);
    const nodes = [this.#all(depth)];
    while (this.#takes("|")) nodes.push(this.#all(depth));
    return nodes.length === 1 && nodes[0] ? nodes[0] : { type: "either", nodes };
  }

  #all(depth: number): Node {
    const nodes: Node[] = [];
    while (this.#at < this.#text.length && !["|", ")"].includes(this.#peek())) nodes.push(this.#repeated(depth));
    return { type: "all", nodes };
  }

  #repeated(depth: number): Node {
    const from = this.#at;
    const node = this.#atom(depth);
    const times = this.#times();
    if (times === undefined) return node;
    if (node.type === "edge") throw new Malformed("nothing to repeat", from);
    // Whether it takes much or little decides what is found, not whether: the mark means nothing here.
    this.#takes("?");
    if (this.#times() !== undefined) throw this.#wrong("two repetitions in a row");
    return { type: "repeat", node, ...times };
  }

  #times(): { readonly min: number; readonly max: number } | undefined {
    if (this.#takes("*")) return { min: 0, max: Infinity };
    if (this.#takes("+")) return { min: 1, max: Infinity };
    if (this.#takes("?")) return { min: 0, max: 1 };
    const [whole, low = "", comma, high = ""] = /^\{(\d{1,9})(,(\d{1,9})?)?\}/.exec(this.#text.slice(this.#at)) ?? [];
    if (whole === undefined) return undefined;
    const min = Number(low);
    const max = comma === undefined ? min : high === "" ? Infinity : Number(high);
    if (Math.max(min, max === Infinity ? 0 : max) > REPEAT_MAX)
      throw this.#wrong(`more than ${REPEAT_MAX} repetitions`);
    if (max < min) throw this.#wrong("a repetition that ends before it begins");
    this.#at += whole.length;
    return { min, max };
  }

  #atom(depth: number): Node {
    const letter = this.#next();
    switch (letter) {
      case "(":
        return this.#group(depth);
      case "[":
        return { type: "one", test: this.#class() };
      case ".":
        return { type: "one", test: () => true };
      case "^":
        return { type: "edge", edge: "begin" };
      case "$":
        return { type: "edge", edge: "end" };
      case "\\":
        return this.#escape();
      case "*":
      case "+":
      case "?":
        throw new Malformed("nothing to repeat", this.#at - 1);
      default:
        return this.#one(letter);
    }
  }

  #group(depth: number): Node {
    const from = this.#at - 1;
    if (this.#peek() === "?" && !this.#takes("?:")) {
      throw new Malformed("only (…) and (?:…) are groups here, and (?i) at the begin", from);
    }
    const node = this.#either(depth + 1);
    if (!this.#takes(")")) throw new Malformed('a "(" without its ")"', from);
    return node;
  }

  #escape(): Node {
    const letter = this.#next();
    if (letter === "b") return { type: "edge", edge: "word" };
    if (letter === "B") return { type: "edge", edge: "not-word" };
    const known = CLASSES[letter];
    return known ? { type: "one", test: known } : this.#one(this.#plain(letter));
  }

  /** What an escaped character stands for; letters and digits that mean nothing here might mean something elsewhere. */
  #plain(letter: string): string {
    const control = CONTROLS[letter];
    if (control !== undefined) return control;
    if (/^[A-Za-z0-9]?$/.test(letter))
      throw new Malformed(`\\${letter} means nothing here`, this.#at - letter.length - 1);
    return letter;
  }

  #class(): Test {
    const from = this.#at - 1;
    const isNot = this.#takes("^");
    const tests: Test[] = [];
    while (!this.#takes("]")) {
      if (this.#at >= this.#text.length) throw new Malformed('a "[" without its "]"', from);
      tests.push(this.#member());
    }
    const any: Test = (point) => tests.some((test) => test(point));
    return isNot ? not(any) : any;
  }

  #member(): Test {
    const at = this.#at;
    const first = this.#memberLetter();
    if (typeof first === "function") return first;
    if (this.#peek() !== "-" || this.#text[this.#at + 1] === "]") return this.#literal(first);
    this.#at += 1;
    const last = this.#memberLetter();
    if (typeof last === "function") throw new Malformed("a range needs two characters", at);
    const [low, high] = [pointOf(first), pointOf(last)];
    if (high < low) throw new Malformed("a range that ends before it begins", at);
    const inside: Test = (point) => point >= low && point <= high;
    return this.#ignoresCase ? (point) => casesOf(point).some(inside) : inside;
  }

  #memberLetter(): string | Test {
    const letter = this.#next();
    if (letter !== "\\") return letter;
    const escaped = this.#next();
    return CLASSES[escaped] ?? this.#plain(escaped);
  }

  #one(letter: string): Node {
    return { type: "one", test: this.#literal(letter), only: this.#ignoresCase ? undefined : pointOf(letter) };
  }

  #literal(letter: string): Test {
    const wanted = pointOf(letter);
    if (!this.#ignoresCase) return (point) => point === wanted;
    const cases = casesOf(wanted);
    return (point) => casesOf(point).some((one) => cases.includes(one));
  }

  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  #next(): string {
    const point = this.#text.codePointAt(this.#at);
    if (point === undefined) throw this.#wrong("the pattern ends too early");
    const letter = String.fromCodePoint(point);
    this.#at += letter.length;
    return letter;
  }

  #takes(text: string): boolean {
    const found = this.#text.startsWith(text, this.#at);
    if (found) this.#at += text.length;
    return found;
  }

  #wrong(message: string): Malformed {
    return new Malformed(message, this.#at);
  }
}

const pointOf = (letter: string): number => letter.codePointAt(0) ?? 0;

/** A character in its small and its large form, where those are one character each. */
function casesOf(point: number): readonly number[] {
  const letter = String.fromCodePoint(point);
  const forms = [letter, letter.toLowerCase(), letter.toUpperCase()].filter(
    (form) => form.length === String.fromCodePoint(pointOf(form)).length,
  );
  return [...new Set(forms.map(pointOf))];
}

function emit(node: Node, program: Instruction[]): void {
  if (program.length > PROGRAM_MAX) throw new Malformed("the pattern is too large; write it shorter", 0);
  switch (node.type) {
    case "one":
    case "edge":
      program.push(node);
      return;
    case "all":
      for (const each of node.nodes) emit(each, program);
      return;
    case "either":
      emitEither(node.nodes, program);
      return;
    case "repeat":
      emitRepeat(node, program);
      return;
  }
}

function emitEither(nodes: readonly Node[], program: Instruction[]): void {
  const fork: Instruction = { type: "fork", to: [] };
  program.push(fork);
  const starts: number[] = [];
  const exits: Extract<Instruction, { type: "fork" }>[] = [];
  for (const node of nodes) {
    starts.push(program.length);
    emit(node, program);
    const exit: Instruction = { type: "fork", to: [] };
    exits.push(exit);
    program.push(exit);
  }
  fork.to = starts;
  for (const exit of exits) exit.to = [program.length];
}

function emitRepeat({ node, min, max }: Extract<Node, { type: "repeat" }>, program: Instruction[]): void {
  for (let time = 0; time < min; time += 1) emit(node, program);
  if (max === Infinity) {
    const begin = program.length;
    const fork: Instruction = { type: "fork", to: [] };
    program.push(fork);
    emit(node, program);
    program.push({ type: "fork", to: [begin] });
    fork.to = [begin + 1, program.length];
    return;
  }
  const forks: Extract<Instruction, { type: "fork" }>[] = [];
  for (let time = min; time < max; time += 1) {
    const fork: Instruction = { type: "fork", to: [] };
    forks.push(fork);
    program.push(fork);
    fork.to = [program.length];
    emit(node, program);
  }
  for (const fork of forks) fork.to = [...fork.to, program.length];
}

/** Whether the pattern is found anywhere in the text: every way to match is one place in the program, and each place is held once. */
function run(program: readonly Instruction[], text: string): boolean {
  let now: number[] = [];
  const marks = new Int32Array(program.length).fill(-1);
  const points = Array.from(text, (letter) => pointOf(letter));
  for (let at = 0; at <= points.length; at += 1) {
    const places: number[] = [];
    const waiting = [0, ...now];
    for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
      if (marks[place] === at) continue;
      marks[place] = at;
      const instruction = program[place];
      if (instruction === undefined) continue;
      if (instruction.type === "match") return true;
      if (instruction.type === "fork") waiting.push(...instruction.to);
      else if (instruction.type === "one") places.push(place);
      else if (isAtEdge(instruction.edge, points[at - 1], points[at])) waiting.push(place + 1);
    }
    const point = points[at];
    now =
      point === undefined
        ? []
        : places.flatMap((place) => {
            const instruction = program[place];
            return instruction?.type === "one" && instruction.test(point) ? [place + 1] : [];
          });
  }
  return false;
}
