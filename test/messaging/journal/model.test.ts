import { strict as assert } from "node:assert";
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { JournalReader } from "../../../src/messaging/journal/reader.ts";
import { JournalWriter } from "../../../src/messaging/journal/writer.ts";
import type { Outcome, Recovered } from "../../../src/messaging/router/index.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { batch, bodyOf, conversation, deadLetter, type TestMessage } from "./batches.ts";

const PARTIES = [1, 2, 3] as const;
const keyOf = (seq: number, party: number): string => `${seq}/${party}`;

type Model = {
  lastSeq: number;
  /** Deliveries that are not over, in the order of their messages. */
  readonly pending: Map<string, { readonly seq: number; readonly party: number }>;
  readonly retries: Map<string, number>;
  readonly dead: Set<string>;
  readonly open: Map<string, string>;
  readonly bodies: Map<number, string>;
};

/** A writer that dies: its files as they are at that moment are what the next one finds. */
class Dying {
  #writer: JournalWriter;
  #lives = 0;
  #directory: string;
  readonly #root: string;
  readonly #options: { readonly segmentBytesMax: number; readonly bytesMax: number };

  constructor(root: string, options: { readonly segmentBytesMax: number; readonly bytesMax: number }) {
    this.#root = root;
    this.#options = options;
    this.#directory = this.#fresh();
    this.#writer = this.#open().writer;
  }

  get writer(): JournalWriter {
    return this.#writer;
  }

  #fresh(): string {
    const directory = join(this.#root, String(this.#lives++));
    mkdirSync(directory);
    return directory;
  }

  #open(): { readonly writer: JournalWriter; readonly recovered: Recovered } {
    const file = join(this.#directory, "messages.db");
    const bounds = { segmentMsMax: 1_000, deadLettersMax: 1_000, ...this.#options };
    return JournalWriter.open({ file, synchronous: "normal", ...bounds }, { sinceMs: 0, recentMax: 10_000 });
  }

  crash(): Recovered {
    const before = this.#directory;
    this.#directory = this.#fresh();
    for (const name of ["messages.db", "messages.db-wal"]) {
      if (existsSync(join(before, name))) copyFileSync(join(before, name), join(this.#directory, name));
    }
    this.#writer.close();
    const opened = this.#open();
    this.#writer = opened.writer;
    return opened.recovered;
  }

  reader(): JournalReader {
    return new JournalReader(join(this.#directory, "messages.db"), this.#directory);
  }

  [Symbol.dispose](): void {
    this.#writer.close();
    rmSync(this.#root, { recursive: true, force: true });
  }
}

type Real = Dying;
type Step = fc.Command<Model, Real>;

const command = (name: string, run: (model: Model, real: Real) => void): Step => ({
  check: () => true,
  run,
  toString: () => name,
});

/** Messages, each to one or several, some seqs left out; the clock may say anything. */
const append = (shapes: readonly number[], atMs: number): Step =>
  command(`append(${shapes.join(",")} at ${atMs})`, (model, { writer }) => {
    const messages: TestMessage[] = [];
    let seq = model.lastSeq;
    for (const shape of shapes) {
      seq += 1 + (shape % 3 === 2 ? 5 : 0);
      const recipients = [1, "1,2", "1,2,3", ""][shape % 4] ?? 1;
      messages.push({ seq, recipients, atMs, body: "y".repeat(shape * 20) });
    }
    writer.append(
      batch({ atMs, messages, parties: PARTIES.map((number) => ({ number, workspace: "w", name: `${number}` })) }),
    );
    for (const message of messages) {
      const { seq: written, recipients } = message;
      model.lastSeq = written;
      model.bodies.set(written, bodyOf(message));
      for (const party of String(recipients).split(",").filter(Boolean).map(Number)) {
        model.pending.set(keyOf(written, party), { seq: written, party });
      }
    }
  });

const chosen = (model: Model, picks: readonly number[]) => {
  const all = [...model.pending.values()];
  return all.length === 0 ? [] : [...new Set(picks.map((pick) => all[pick % all.length]))].flatMap((one) => one ?? []);
};

const settle = (picks: readonly number[], outcome: Outcome): Step =>
  command(`settle(${picks.join(",")} ${outcome})`, (model, { writer }) => {
    const settled = chosen(model, picks).map(({ seq, party }) => {
      const attempts = model.retries.get(keyOf(seq, party));
      return { seq, party, outcome, attempt: 1 + (attempts ?? 0) };
    });
    const dead = outcome === "dead" ? settled.map(({ seq, party }) => deadLetter(seq, { party })) : [];
    writer.append(batch({ settled, dead }));
    for (const { seq, party } of settled) {
      model.pending.delete(keyOf(seq, party));
      model.retries.delete(keyOf(seq, party));
      if (outcome === "dead") model.dead.add(keyOf(seq, party));
    }
  });

const retry = (picks: readonly number[]): Step =>
  command(`retry(${picks.join(",")})`, (model, { writer }) => {
    const retries = chosen(model, picks).map(({ seq, party }) => {
      const attempts = 1 + (model.retries.get(keyOf(seq, party)) ?? 0);
      return { seq, party, attempts, nextAtMs: 9, reason: "no" };
    });
    writer.append(batch({ retries, isSynced: false }));
    for (const { seq, party, attempts } of retries) model.retries.set(keyOf(seq, party), attempts);
  });

const talk = (id: number, isOpen: boolean): Step =>
  command(`talk(${id} ${isOpen})`, (model, { writer }) => {
    const fold = `${id}-${model.open.size}-${model.lastSeq}`;
    writer.append(batch({ conversations: [conversation(`c${id}`, { isOpen, fold })] }));
    if (isOpen) model.open.set(`c${id}`, fold);
    else model.open.delete(`c${id}`);
  });

/** Nothing may be left of a batch whose last row, that of its settlements, cannot be written. */
const fail = command("fail", (model, { writer }) => {
  const [first] = model.pending.values();
  if (first === undefined) return;
  const settled = [{ seq: first.seq, party: first.party }];
  const messages = [{ seq: model.lastSeq + 1 }];
  const failing = batch({
    atMs: 1.5,
    messages,
    settled,
    dead: [deadLetter(999)],
    conversations: [conversation("never")],
  });
  assert.throws(() => writer.append(failing), /cannot store REAL value/);
});

const tidy = (steps: number): Step =>
  command(`tidy(${steps})`, (_model, { writer }) => {
    for (let step = 0; step < steps && writer.tidy(); step += 1);
  });

const retain = (olderThanMs: number): Step =>
  command(`retain(${olderThanMs})`, (model, { writer }) => {
    writer.retain(olderThanMs);
    if (olderThanMs > 1_000) model.dead.clear();
  });

const crash = command("CRASH", (model, real) => check(model, real, real.crash()));

function check(model: Model, real: Real, recovered: Recovered): void {
  const { pending, retries, conversations, lastSeq, recent } = recovered;
  const found = [...pending.seqs].map((seq, row) => keyOf(seq, pending.parties[row] ?? 0));
  assert.deepEqual(found, [...model.pending.keys()]);
  assert.deepEqual(new Map(retries.map(({ seq, party, attempts }) => [keyOf(seq, party), attempts])), model.retries);
  assert.deepEqual(new Map(conversations.map(({ id, fold }) => [id, fold])), model.open);
  assert.equal(lastSeq, model.lastSeq);
  assert(recent.ids.every((id, row) => id === `id-${recent.seqs[row]}`));
  using reader = real.reader();
  const seqs = [...new Set([...model.pending.values()].map(({ seq }) => seq))];
  const kept = reader.read(seqs).map(({ seq, body }) => [seq, body]);
  assert.deepEqual(
    kept,
    seqs.map((seq) => [seq, model.bodies.get(seq)]),
  );
  for (const row of reader.read([...model.bodies.keys()])) assert.equal(row.body, model.bodies.get(row.seq));
}

const picks = fc.array(fc.nat(50), { minLength: 1, maxLength: 6 });
const commands = fc.commands(
  [
    fc
      .tuple(fc.array(fc.nat(40), { minLength: 1, maxLength: 5 }), fc.nat(5_000))
      .map(([shapes, atMs]) => append(shapes, atMs)),
    fc
      .tuple(picks, fc.constantFrom<Outcome>("done", "dead", "expired"))
      .map(([some, outcome]) => settle(some, outcome)),
    picks.map(retry),
    fc.tuple(fc.nat(4), fc.boolean()).map(([id, isOpen]) => talk(id, isOpen)),
    fc.constant(fail),
    fc.nat(6).map(tidy),
    fc.nat(3_000).map(retain),
    fc.constant(crash),
  ],
  { maxCommands: 40, size: "+1" },
);

// journal.segment.G1
test("whatever is written, tidied and dropped, a crash at any moment gives back exactly what is not settled", () => {
  const report = fc.check(
    fc.property(
      commands,
      fc.constantFrom(1, 600, 4_000),
      fc.constantFrom(1_500, 1_000_000),
      (steps, segmentBytesMax, bytesMax) => {
        using directory = tempDirectory();
        using real = new Dying(join(directory.path), { segmentBytesMax, bytesMax });
        const model: Model = {
          lastSeq: 0,
          pending: new Map(),
          retries: new Map(),
          dead: new Set(),
          open: new Map(),
          bodies: new Map(),
        };
        fc.modelRun(() => ({ model, real }), steps);
        check(model, real, real.crash());
      },
    ),
    { numRuns: 60 },
  );
  expect(fc.defaultReportMessage(report)).toBeUndefined();
}, 120_000);
