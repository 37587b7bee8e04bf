import * as z from "zod";
import { SavedNumbers } from "./saved.ts";

/** Maps strings to small integers, with reference counts. */
export class Names {
  readonly #numbers = new Map<string, number>();
  readonly #names: (string | undefined)[] = [];
  readonly #uses: number[] = [];
  readonly #free: number[] = [];

  static readonly Saved = z.object({ names: z.array(z.string().optional()), uses: SavedNumbers, free: SavedNumbers });

  save(): z.infer<typeof Names.Saved> {
    return { names: this.#names, uses: this.#uses, free: this.#free };
  }

  /** Into one that is empty. */
  load({ names, uses, free }: z.infer<typeof Names.Saved>): void {
    for (const [number, name] of names.entries()) {
      this.#names[number] = name;
      if (name !== undefined) this.#numbers.set(name, number);
    }
    this.#uses.push(...uses);
    this.#free.push(...free);
  }

  /** How many numbers have been given out at most. */
  get length(): number {
    return this.#names.length;
  }

  /** The number of a name that is in use, or -1. */
  find(name: string): number {
    return this.#numbers.get(name) ?? -1;
  }

  nameOf(number: number): string | undefined {
    return this.#names[number];
  }

  /** The number of a name, which is used once more. */
  use(name: string): number {
    const number = this.#numbers.get(name) ?? this.#free.pop() ?? this.#names.length;
    this.#numbers.set(name, number);
    this.#names[number] = name;
    this.#uses[number] = (this.#uses[number] ?? 0) + 1;
    return number;
  }

  /** Ends one use. */
  release(number: number): void {
    const uses = (this.#uses[number] ?? 0) - 1;
    this.#uses[number] = uses;
    const name = this.#names[number];
    if (uses > 0 || name === undefined) return;
    this.#numbers.delete(name);
    this.#names[number] = undefined;
    this.#free.push(number);
  }
}
