/** Numbers by row, in a typed array that grows; rows that were never set read as `empty`, and take no room while all behind them do. */
export class Column<Values extends Int32Array | Float64Array> {
  readonly #make: (length: number) => Values;
  readonly #empty: number;
  #values: Values;

  constructor(make: (length: number) => Values, empty: number) {
    this.#make = make;
    this.#empty = empty;
    this.#values = make(0);
  }

  save(): Values {
    return this.#values;
  }

  load(values: Values): void {
    this.#values = values;
  }

  get(row: number): number {
    return this.#values[row] ?? this.#empty;
  }

  set(row: number, value: number): void {
    if (row >= this.#values.length) {
      if (value === this.#empty) return;
      this.#grow(row);
    }
    this.#values[row] = value;
  }

  #grow(row: number): void {
    const before = this.#values;
    this.#values = this.#make(Math.max(row + 1, LENGTH, Math.ceil(before.length * GROWTH)));
    this.#values.set(before);
    this.#values.fill(this.#empty, before.length);
  }
}

const LENGTH = 1_024;
const GROWTH = 1.5;

/** Numbers from -2^31 to 2^31 - 1. */
export const integers = (empty: number) => new Column((length) => new Int32Array(length), empty);
/** Any numbers. */
export const numbers = (empty: number) => new Column((length) => new Float64Array(length), empty);

/** The same bytes in an array of at least `least`, half as long again as before. */
export function grownBytes(bytes: Uint8Array, least: number): Uint8Array<ArrayBuffer> {
  const wider = new Uint8Array(Math.max(least, Math.ceil(bytes.length * GROWTH)));
  wider.set(bytes);
  return wider;
}
