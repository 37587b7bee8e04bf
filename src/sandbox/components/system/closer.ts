/** Closes under way at once: the server takes a few requests of a call at a time, and the guest waits for none of these. */
const UNDER_WAY_MAX = 2;

/** Tells the broker, in order and a few at a time, which files a guest has let go of. */
export class Closer {
  readonly #send: (handle: number, done: () => void) => void;
  #waiting: number[] = [];
  #underWay = 0;

  constructor(send: (handle: number, done: () => void) => void) {
    this.#send = send;
  }

  close(handle: number): void {
    this.#waiting.push(handle);
    this.#next();
  }

  /** What was not closed yet is closed by whoever opened it. */
  endCall(): void {
    this.#waiting = [];
  }

  #next(): void {
    while (this.#underWay < UNDER_WAY_MAX) {
      const handle = this.#waiting.shift();
      if (handle === undefined) return;
      this.#underWay += 1;
      this.#send(handle, () => {
        this.#underWay -= 1;
        this.#next();
      });
    }
  }
}
