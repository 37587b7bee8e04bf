// The least that a durable message can be: parsed, one of those who can take it chosen, a row on disk (SQLite in a thread,
// synchronous=FULL, batches that form while one is written), delivered, acknowledged with the next batch. Nothing is
// checked, no conversation kept, no lease, no record, no second attempt. What Caxton's path costs beside it is what those cost.
import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { tempDirectory } from "../test/helpers/temp.ts";
import { CAPABILITIES, Load, type LoadFigures } from "./message-load.ts";

/** One transaction, as the writer takes it. */
export type BareBatch = {
  readonly seqs: number[];
  readonly agents: number[];
  readonly bodies: string[];
  /** Numbers of messages that were handled. */
  readonly acknowledged: number[];
};

type Agent = { readonly number: number; waiting: number };
type Message = { readonly receiver?: string; readonly capability?: string };

const emptyBatch = (): BareBatch => ({ seqs: [], agents: [], bodies: [], acknowledged: [] });

class BarePath {
  readonly #writer: Worker;
  readonly #took: (seq: number) => void;
  readonly #agents: readonly Agent[];
  readonly #byName = new Map<string, Agent>();
  readonly #capabilities = new Map<string, readonly Agent[]>();
  #batch = emptyBatch();
  /** Who gets what is in the batch. */
  #receivers: Agent[] = [];
  #seq = 0;
  #isWriting = false;
  #isScheduled = false;

  constructor(writer: Worker, agents: number, took: (seq: number) => void) {
    this.#writer = writer;
    this.#took = took;
    this.#agents = Array.from({ length: agents }, (_none, number) => ({ number, waiting: 0 }));
    for (const agent of this.#agents) this.#byName.set(`worker-${agent.number}`, agent);
    const capabilities = Math.min(CAPABILITIES, agents);
    for (let index = 0; index < capabilities; index += 1) {
      const providers = this.#agents.filter(({ number }) => number % capabilities === index);
      this.#capabilities.set(`cap-${index}`, providers);
    }
  }

  send(text: string): void {
    const message: Message = JSON.parse(text);
    const agent = this.#choose(message);
    agent.waiting += 1;
    this.#seq += 1;
    this.#batch.seqs.push(this.#seq);
    this.#batch.agents.push(agent.number);
    this.#batch.bodies.push(text);
    this.#receivers.push(agent);
    this.#schedule();
  }

  /** The less loaded of two by chance. */
  #choose({ receiver = "", capability }: Message): Agent {
    const among = capability === undefined ? undefined : this.#capabilities.get(capability);
    const drawn = () => among?.[Math.floor(Math.random() * among.length)] ?? this.#byName.get(receiver);
    const [one, other] = [drawn(), drawn()];
    if (one === undefined || other === undefined) throw new Error("the message has no receiver");
    return one.waiting <= other.waiting ? one : other;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isWriting) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#batch.seqs.length + this.#batch.acknowledged.length > 0) void this.#write();
    });
  }

  async #write(): Promise<void> {
    const [batch, receivers] = [this.#batch, this.#receivers];
    this.#batch = emptyBatch();
    this.#receivers = [];
    this.#isWriting = true;
    this.#writer.postMessage(batch);
    await once(this.#writer, "message");
    this.#isWriting = false;
    for (const [index, agent] of receivers.entries()) this.#hand(agent, batch.seqs[index] ?? 0);
    this.#schedule();
  }

  #hand(agent: Agent, seq: number): void {
    this.#took(seq);
    agent.waiting -= 1;
    this.#batch.acknowledged.push(seq);
  }
}

/** As `measure` of the whole path does it, with the same messages. */
export async function measureBare(agents: number, rate: number, seconds: number): Promise<LoadFigures> {
  using directory = tempDirectory();
  const writer = new Worker(new URL("./bare-writer.ts", import.meta.url), {
    workerData: join(directory.path, "bare.db"),
  });
  const load: Load = new Load(agents, (text) => path.send(text));
  const path = new BarePath(writer, agents, (seq) => load.took(seq));
  const figures = await load.run(rate, seconds);
  await writer.terminate();
  return figures;
}
