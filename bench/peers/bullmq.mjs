// Messages through BullMQ on Redis: `node bullmq.mjs <port> <queues> <rate> <seconds>`; rate 0: as many as possible with 4,000 in flight.
import { Queue, Worker } from "bullmq";
import { body, traffic } from "./drive.mjs";

const [port, count, rate, seconds] = process.argv.slice(2).map(Number);
const connection = { host: "127.0.0.1", port, maxRetriesPerRequest: null };
const names = Array.from({ length: count }, (_none, index) => `worker-${index}`);
const queues = names.map((name) => new Queue(name, { connection, defaultJobOptions: { removeOnComplete: true } }));
const load = traffic({ rate, seconds });
const workers = names.map(
  (name) =>
    new Worker(name, async ({ data }) => load.took(data.index), { connection, concurrency: count === 1 ? 1_000 : 10 }),
);
await Promise.all(workers.map((worker) => worker.waitUntilReady()));
const figures = await load.run((index) => queues[index % count].add("request", body(index)));
process.stdout.write(`${JSON.stringify(figures)}\n`);
process.exit(0);
