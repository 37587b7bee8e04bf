// Messages through NATS JetStream, one server, on disk: `node nats.mjs <port> <subjects> <rate> <seconds>`; rate 0: as many as go with
// 4,000 in flight.
import { connect } from "@nats-io/transport-node";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { body, traffic } from "./drive.mjs";

const [port, count, rate, seconds] = process.argv.slice(2).map(Number);
const [sender, receiver] = await Promise.all([0, 1].map(() => connect({ servers: `127.0.0.1:${port}` })));
const manager = await jetstreamManager(sender);
const stream = { name: "MAIL", subjects: ["mail.>"], retention: "workqueue", storage: "file", num_replicas: 1 };
await manager.streams.add({ ...stream, duplicate_window: 120e9 });
await manager.consumers.add("MAIL", { durable_name: "agents", ack_policy: "explicit", max_ack_pending: 20_000 });
const consumer = await jetstream(receiver).consumers.get("MAIL", "agents");
const load = traffic({ rate, seconds });
const messages = await consumer.consume({ max_messages: 2_000 });
void (async () => {
  for await (const message of messages) {
    load.took(message.json().index);
    message.ack();
  }
})();
const publisher = jetstream(sender, { timeout: 30_000 });
const figures = await load.run((index) =>
  publisher.publish(`mail.${index % count}`, JSON.stringify(body(index)), { msgID: `m-${process.pid}-${index}` }),
);
process.stdout.write(`${JSON.stringify(figures)}\n`);
process.exit(0);
