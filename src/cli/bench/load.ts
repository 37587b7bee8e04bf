import { randomUUID } from "node:crypto";
import { type Endpoint, type Heard, Link, MeasurementError } from "./link.ts";

export type Load = {
  /** Messages a second; 0: as many as go with `inFlight` of them sent and not settled. */
  readonly rate: number;
  readonly seconds: number;
  readonly batch: number;
  /** Characters of content. */
  readonly size: number;
  readonly inFlight: number;
};

/** A program, with what it shows to speak and to receive. */
export type Program = { readonly name: string; readonly token: string | undefined };

export type Measured = {
  readonly sent: number;
  readonly accepted: number;
  readonly refused: number;
  readonly delivered: number;
  /** Until the last was delivered. */
  readonly seconds: number;
  /** From when a batch was due until its receipts were there, and until each message was; sorted, in milliseconds. */
  readonly receiptsMs: readonly number[];
  readonly deliveriesMs: readonly number[];
  /** Why it ended before its time, where the server ended it. */
  readonly broke: MeasurementError | undefined;
};

const TURN_MS = 1;
/** Maximum in-flight messages of one mailbox. */
const WINDOW = 1_000;
/** How long what was sent may still come. */
const LATE_MS = 10_000;

/**
 * Sends messages over one connection and receives them over another, each kept on disk by the server, settled here. What was
 * sent in the first tenth is not counted: a server is not warm at once. Gives what was measured so far when the signal aborts
 * or the server goes. Rejects with MeasurementError before anything was sent.
 */
export async function measure(
  endpoint: Endpoint,
  {
    sender: from,
    mailboxes,
    load,
  }: { readonly sender: Program; readonly mailboxes: readonly Program[]; readonly load: Load },
  {
    signal,
    onProgress,
  }: { readonly signal: AbortSignal; readonly onProgress: (doneMs: number, allMs: number) => void },
): Promise<Measured> {
  const traffic = new Traffic(from.name, mailboxes, load);
  using receiver = await Link.open(endpoint, (heard) => traffic.received(heard, receiver));
  using sender = await Link.open(endpoint, (heard) => traffic.answered(heard));
  if (from.token !== undefined) sender.say({ op: "identify", token: from.token });
  for (const { name, token } of mailboxes) {
    if (token !== undefined) receiver.say({ op: "identify", token });
    receiver.say({ op: "receive", mailbox: name, window: WINDOW });
  }
  const allMs = load.seconds * 1_000;
  const startMs = performance.now();
  const lost = Promise.race([receiver.lost, sender.lost]);
  lost.catch(() => undefined);
  let broke: MeasurementError | undefined;
  try {
    for (let atMs = 0; atMs < allMs && !signal.aborted; atMs = performance.now() - startMs) {
      traffic.offer(sender, atMs, startMs);
      onProgress(atMs, allMs);
      await Promise.race([pause(TURN_MS), lost]);
    }
    const lateMs = performance.now() + LATE_MS;
    while (traffic.isOpen && performance.now() < lateMs && !signal.aborted) await Promise.race([pause(TURN_MS), lost]);
  } catch (error) {
    if (!(error instanceof MeasurementError)) throw error;
    broke = error;
  }
  return { ...traffic.figures(startMs), broke };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

class Traffic {
  readonly #sender: string;
  readonly #mailboxes: readonly Program[];
  readonly #load: Load;
  readonly #content: string;
  /** When messages on their way were due. */
  readonly #dueMs = new Map<string, number>();
  /** When batches without receipts were due; answers come in their order. */
  readonly #batchesMs: number[] = [];
  readonly #receiptsMs: number[] = [];
  readonly #deliveriesMs: number[] = [];
  #sent = 0;
  #accepted = 0;
  #refused = 0;
  #delivered = 0;
  #lastMs = performance.now();

  constructor(sender: string, mailboxes: readonly Program[], load: Load) {
    this.#sender = sender;
    this.#mailboxes = mailboxes;
    this.#load = load;
    this.#content = "x".repeat(load.size);
  }

  get isOpen(): boolean {
    return this.#dueMs.size > 0 || this.#batchesMs.length > 0;
  }

  offer(link: Link, atMs: number, startMs: number): void {
    const { rate, batch, inFlight } = this.#load;
    const due = rate > 0 ? (atMs / 1_000) * rate - this.#sent : inFlight - this.#dueMs.size;
    for (let left = Math.floor(due); left >= (rate > 0 ? 1 : batch); left -= batch) {
      const dueMs = rate > 0 ? startMs + (this.#sent * 1_000) / rate : performance.now();
      link.say({ op: "send-batch", messages: Array.from({ length: Math.min(batch, left) }, () => this.#next(dueMs)) });
      this.#batchesMs.push(dueMs);
    }
  }

  #next(dueMs: number): object {
    const id = randomUUID();
    const receiver = this.#mailboxes[this.#sent % this.#mailboxes.length];
    this.#sent += 1;
    this.#dueMs.set(id, dueMs);
    return { id, performative: "inform", sender: this.#sender, receiver: receiver?.name, content: this.#content };
  }

  answered(heard: Heard): void {
    if (heard.op !== "receipts") return;
    const dueMs = this.#batchesMs.shift();
    if (dueMs !== undefined) this.#receiptsMs.push(performance.now() - dueMs);
    for (const { status } of heard.receipts) {
      if (status === "accepted") this.#accepted += 1;
      else this.#refused += 1;
    }
  }

  received(heard: Heard, link: Link): void {
    if (heard.op !== "messages") return;
    const nowMs = performance.now();
    this.#lastMs = nowMs;
    for (const { message } of heard.items) {
      const dueMs = this.#dueMs.get(message.id);
      // One that another measurement left behind, or that comes a second time.
      if (dueMs === undefined) continue;
      this.#dueMs.delete(message.id);
      this.#delivered += 1;
      this.#deliveriesMs.push(nowMs - dueMs);
    }
    link.say({ op: "settle", mailbox: heard.mailbox, done: heard.items.map(({ handle }) => handle) });
  }

  figures(startMs: number): Omit<Measured, "broke"> {
    return {
      sent: this.#sent,
      accepted: this.#accepted,
      refused: this.#refused,
      delivered: this.#delivered,
      seconds: (this.#lastMs - startMs) / 1_000,
      receiptsMs: warm(this.#receiptsMs),
      deliveriesMs: warm(this.#deliveriesMs),
    };
  }
}

const WARMING = 0.1;
const warm = (times: readonly number[]): readonly number[] =>
  times.slice(Math.floor(times.length * WARMING)).toSorted((one, other) => one - other);
