export type Test = (point: number) => boolean;
export type Edge = "begin" | "end" | "word" | "not-word";
export type Instruction =
  /** `only` is the one character that passes, where there is one. */
  | { readonly type: "one"; readonly test: Test; readonly only?: number | undefined }
  | { readonly type: "edge"; readonly edge: Edge }
  | { type: "fork"; to: readonly number[] }
  | { readonly type: "match" };

export const isDigit: Test = (point) => point >= 48 && point <= 57;
export const isWord: Test = (point) =>
  isDigit(point) || (point >= 65 && point <= 90) || (point >= 97 && point <= 122) || point === 95;

/** Whether such an edge lies between two characters; undefined before the first and after the last. */
export function isAtEdge(edge: Edge, before: number | undefined, after: number | undefined): boolean {
  if (edge === "begin") return before === undefined;
  if (edge === "end") return after === undefined;
  const isBetween = (before !== undefined && isWord(before)) !== (after !== undefined && isWord(after));
  return (edge === "word") === isBetween;
}

export type FinderOptions = { readonly lengthMax: number; readonly mode: "earliest" | "every" };

/**
 * Finds a pattern in a text that is given one character at a time: every position where a match may end, each with the
 * earliest position where that match may begin. In the mode "every" it also finds all later ones, for callers that refuse some; this
 * takes time in proportion to the length of the matches as well. Cuts of the text change nothing. Of a match longer than `lengthMax` the
 * last `lengthMax` UTF-16 units are found.
 */
export class NfaMatcher {
  readonly #program: readonly Instruction[];
  readonly #lengthMax: number;
  readonly #findsEvery: boolean;
  readonly #marks: Int32Array;
  readonly #starts: readonly boolean[];
  /** Places in the program and where each began, the earliest first. */
  #places: number[] = [];
  #begins: number[] = [];
  /** The state of the previous character, reused for the next one: nothing is allocated for a character. */
  #spare: { places: number[]; begins: number[] } = { places: [], begins: [] };
  readonly #waiting: number[] = [];
  #before: number | undefined;
  #turn = 0;

  constructor(program: readonly Instruction[], { lengthMax, mode }: FinderOptions) {
    this.#program = program;
    this.#findsEvery = mode === "every";
    this.#lengthMax = lengthMax;
    this.#marks = new Int32Array(program.length);
    this.#starts = startsOf(program);
  }

  /** Start of the earliest match that is still possible or not yet reported; undefined if there is no such match. */
  get openFrom(): number | undefined {
    return this.#begins[0];
  }

  /** Continues after that character, undefined for the start of a text; open matches are given up. */
  resume(before: number | undefined): void {
    this.#before = before;
    this.#places.length = 0;
    this.#begins.length = 0;
  }

  /**
   * Processes the character at `at`, undefined for the end of the text. `found` is called with each match that
   * ends before it.
   */
  next(point: number | undefined, at: number, found: (from: number, to: number) => void): void {
    const before = this.#before;
    this.#before = point;
    // Short, so that it costs next to nothing where nothing begins.
    if (this.#places.length > 0 || point === undefined || point >= 128 || this.#starts[point] === true)
      this.#advance(before, point, { at, found });
  }

  #advance(
    before: number | undefined,
    point: number | undefined,
    { at, found }: { readonly at: number; readonly found: (from: number, to: number) => void },
  ): void {
    const oldest = at - this.#lengthMax;
    const program = this.#program;
    const marks = this.#marks;
    let turn = (this.#turn += 1);
    const { places, begins } = this.#spare;
    places.length = 0;
    begins.length = 0;
    const waiting = this.#waiting;
    const count = this.#places.length;
    for (let index = 0; index <= count; index += 1) {
      const begin = index < count ? Math.max(this.#begins[index] ?? at, oldest) : at;
      if (this.#findsEvery && index > 0 && begin !== this.#begins[index - 1]) turn = this.#turn += 1;
      waiting.push(index < count ? (this.#places[index] ?? 0) : 0);
      for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
        const instruction = program[place];
        if (instruction === undefined) continue;
        if (instruction.type === "match") {
          if (begin < at) found(begin, at);
          continue;
        }
        if (marks[place] === turn) continue;
        marks[place] = turn;
        if (instruction.type === "fork") for (const to of instruction.to) waiting.push(to);
        else if (instruction.type === "edge") {
          if (isAtEdge(instruction.edge, before, point)) waiting.push(place + 1);
        } else if (point !== undefined && instruction.test(point)) {
          places.push(place + 1);
          begins.push(begin);
        }
      }
    }
    this.#spare = { places: this.#places, begins: this.#begins };
    this.#places = places;
    this.#begins = begins;
  }
}

/** Which of the first 128 characters a match can begin with. */
function startsOf(program: readonly Instruction[]): readonly boolean[] {
  const known = STARTS.get(program) ?? findStarts(program);
  STARTS.set(program, known);
  return known;
}
const STARTS = new WeakMap<readonly Instruction[], readonly boolean[]>();

function findStarts(program: readonly Instruction[]): readonly boolean[] {
  const reached = new Set<number>();
  const waiting = [0];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    if (reached.has(place)) continue;
    reached.add(place);
    const instruction = program[place];
    if (instruction?.type === "fork") waiting.push(...instruction.to);
    else if (instruction?.type === "edge") waiting.push(place + 1);
  }
  const tests = [...reached].flatMap((place) => {
    const instruction = program[place];
    return instruction?.type === "one" ? [instruction.test] : [];
  });
  return Array.from({ length: 128 }, (_, point) => tests.some((test) => test(point)));
}
