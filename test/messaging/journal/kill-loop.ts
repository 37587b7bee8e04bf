import { strict as assert } from "node:assert";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Chance } from "../../fuzz/chance.ts";
import { bundleDriver } from "./bundle.ts";

/** Messages that are sent and not accepted yet. */
const IN_FLIGHT_MAX = 200;
/** A life is killed when so many of its lines have been heard, or fewer. */
const LINES = 600;
const PAUSE_MS = 20;
const DRAIN_MS = 60_000;

export type MessageKillReport = {
  readonly kills: number;
  readonly accepted: number;
  /** Deliveries whose work was done twice or more: a crash came between work and settlement. */
  readonly repeated: number;
};

/** What the observer, which survives, has received. */
class Ledger {
  next = 0;
  readonly sent = new Set<number>();
  readonly accepted = new Set<number>();
  /** By number and recipient: in which lives its work was done. */
  readonly done = new Map<string, number[]>();
  readonly settled = new Map<string, number>();
  readonly order = new Map<string, number>();
  life = 0;

  /** What did not hold, first of all. */
  #problem: unknown;

  hear(line: string): void {
    try {
      this.#hear(line);
    } catch (error) {
      this.#problem ??= error;
    }
  }

  /** Throws what did not hold. */
  check(): void {
    if (this.#problem !== undefined) throw new Error("what must hold does not", { cause: this.#problem });
  }

  #hear(line: string): void {
    const [what, number, recipient] = line.split(" ");
    const key = `${number} ${recipient}`;
    if (what === "A") this.#accepted(Number(number));
    else if (what === "P") this.#done(key, Number(number), recipient ?? "");
    else if (what === "D") this.settled.set(key, this.life);
    else if (what === "X") assert.fail(`a message was not accepted: ${line}`);
  }

  #accepted(number: number): void {
    this.sent.delete(number);
    this.accepted.add(number);
  }

  #done(key: string, number: number, recipient: string): void {
    const settledIn = this.settled.get(key);
    assert(
      settledIn === undefined,
      `${key} was settled on disk in life ${settledIn} and came back in life ${this.life}`,
    );
    const lives = this.done.get(key);
    if (lives) return void lives.push(this.life);
    this.done.set(key, [this.life]);
    // Work that takes time, or is done again, ends in any order; the rest is begun in the order of its conversation.
    if (number % 4 === 0 || number % 29 === 0) return;
    const talk = `${number % 7} ${recipient}`;
    const before = this.order.get(talk) ?? -1;
    assert(before < number, `${number} came to ${recipient} after ${before} of the same conversation`);
    this.order.set(talk, number);
  }

  missing(): readonly string[] {
    return [...this.accepted].flatMap((number) =>
      recipientsOf(number)
        .map((recipient) => `${number} ${recipient}`)
        .filter((key) => !this.done.has(key)),
    );
  }
}

export const recipientsOf = (number: number): readonly string[] =>
  number % 7 === 0 ? ["outside-olga"] : number % 5 === 0 ? ["worker", "clerk"] : ["worker"];

/** One life of the server: it is loaded before it is needed, and opens the journal when the previous one is dead. */
export class Life {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #heard: (line: string) => void;
  /** Lines that it has said. */
  lines = 0;
  #stderr = "";
  readonly ready = Promise.withResolvers<void>();
  readonly ended = Promise.withResolvers<void>();

  /** `shell` may set limits before it becomes the server: a script that ends with `exec "$0" "$@"`. */
  constructor(driver: string, directory: string, heard: (line: string) => void, shell = 'exec "$0" "$@"') {
    this.#heard = heard;
    const words = ["-c", shell, process.execPath, driver, directory];
    this.#child = spawn("/bin/sh", words, { stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stderr?.on("data", (chunk: Buffer) => (this.#stderr += chunk.toString()));
    this.#child.stdin?.on("error", () => {});
    if (this.#child.stdout) {
      createInterface({ input: this.#child.stdout }).on("line", (line) => this.#hear(line));
    }
    this.#exited = new Promise<void>((resolve) => this.#child.once("close", () => resolve()));
    void this.#exited.then(() => this.ready.reject(new Error(`the server ended unexpectedly: ${this.#stderr}`)));
    this.ready.promise.catch(() => {});
  }

  #hear(line: string): void {
    this.lines += 1;
    if (line === "R") this.ready.resolve();
    else if (line === "E") this.ended.resolve();
    else this.#heard(line);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  send(lines: readonly (string | number)[]): void {
    if (lines.length > 0) this.#child.stdin?.write(`${lines.join("\n")}\n`);
  }

  /** Resolves when all that it said has been heard. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

/**
 * Kills a real router with its journal repeatedly with SIGKILL under load, and lets the last life end what was accepted.
 * Throws what does not hold: a message that was accepted and did not come, one that was settled on disk and came again, two of
 * a conversation in the wrong order.
 */
export async function messageKillLoop(
  kills: number,
  seed: number,
  onKill = (_done: number): void => {},
): Promise<MessageKillReport> {
  const directory = mkdtempSync(join(tmpdir(), "caxton-message-kills-"));
  const driver = await bundleDriver(directory);
  const chance = new Chance(seed);
  const ledger = new Ledger();
  const make = (): Life => new Life(driver, join(directory, "data"), (line) => ledger.hear(line));
  let next = make();
  try {
    for (let done = 0; done < kills; done += 1) {
      const life = next;
      next = make();
      await live(life, ledger, chance.below(LINES));
      await life.kill();
      ledger.life += 1;
      onKill(done + 1);
    }
    await drain(next, ledger);
    const repeated = [...ledger.done.values()].filter((lives) => lives.length > 1).length;
    return { kills, accepted: ledger.accepted.size, repeated };
  } finally {
    await next.kill();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Sends again what was not said to be accepted, then new messages, until that many lines were heard. */
async function live(life: Life, ledger: Ledger, lines: number): Promise<void> {
  life.send(["open"]);
  await life.ready.promise;
  life.send([...ledger.sent].toSorted((one, other) => one - other));
  do {
    const more: number[] = [];
    while (ledger.sent.size < IN_FLIGHT_MAX) {
      more.push(ledger.next);
      ledger.sent.add(ledger.next++);
    }
    life.send(more);
    await sleep(1);
    ledger.check();
  } while (life.lines < lines);
}

async function drain(life: Life, ledger: Ledger): Promise<void> {
  life.send(["open"]);
  await life.ready.promise;
  life.send([...ledger.sent].toSorted((one, other) => one - other));
  const untilMs = performance.now() + DRAIN_MS;
  while (ledger.sent.size > 0 || ledger.missing().length > 0) {
    ledger.check();
    const missing = ledger.missing();
    assert(
      performance.now() < untilMs,
      `${missing.length} deliveries of accepted messages never came: ${missing.slice(0, 5).join(", ")}`,
    );
    await sleep(PAUSE_MS);
  }
  life.send(["end"]);
  await life.ended.promise;
  ledger.check();
}
