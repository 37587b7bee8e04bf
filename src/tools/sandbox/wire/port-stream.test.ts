import { once } from "node:events";
import { MessageChannel } from "node:worker_threads";
import { expect, test } from "vitest";
import { PortStream } from "./port-stream.ts";

test("bytes come out as they went in, and the writer may use its buffer again", async () => {
  const { port1, port2 } = new MessageChannel();
  const sender = new PortStream(port1);
  const receiver = new PortStream(port2);
  const block = Buffer.from("one two");
  sender.write(block.subarray(0, 3));
  sender.write(block.subarray(3));
  block.fill(0);
  let text = "";
  while (text.length < 7) {
    const [chunk]: unknown[] = await once(receiver, "data");
    text += String(chunk);
  }
  expect(text).toBe("one two");
  sender.destroy();
  receiver.destroy();
});

test("when one end is closed the other closes too", async () => {
  const { port1, port2 } = new MessageChannel();
  const sender = new PortStream(port1);
  const receiver = new PortStream(port2);
  const closed = once(receiver, "close");
  sender.destroy();
  await closed;
  expect(receiver.destroyed).toBe(true);
});
