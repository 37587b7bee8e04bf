import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { Connection, WAITING_BYTES_MAX, WINDOW_BYTES } from "./connection.ts";
import { type Frame, payloadOf } from "./frames.ts";

type End = { readonly connection: Connection; readonly frames: Frame[]; readonly ends: string[] };

async function pair(): Promise<{ readonly left: Socket; readonly right: Socket } & AsyncDisposable> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const accepted = once(server, "connection");
  const left = connect(address.port, "127.0.0.1");
  const [right]: Socket[] = await accepted;
  if (right === undefined) throw new Error("no socket");
  return {
    left,
    right,
    [Symbol.asyncDispose]: async () => {
      left.destroy();
      right.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function end(socket: Socket, wanted: { readonly onFrame?: (frame: Frame) => void } = {}): End {
  const frames: Frame[] = [];
  const ends: string[] = [];
  const connection = new Connection(socket, {
    payloadBytesMax: 32 * 1024 * 1024,
    kinds: new Set([2, 3]),
    onFrame: (frame) => {
      frames.push(frame);
      wanted.onFrame?.(frame);
    },
    onEnd: (reason) => ends.push(reason),
  });
  return { connection, frames, ends };
}

const settled = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

// wire.connection.C1
test("frames arrive in the order they were sent, small and large", async () => {
  await using sockets = await pair();
  const left = end(sockets.left);
  const right = end(sockets.right);
  const sizes = [0, 5, 70_000, 3, 20_000, 1_000_000, 1];
  for (const [index, size] of sizes.entries()) {
    left.connection.send(2, index, 9, Buffer.alloc(size >> 1, index), Buffer.alloc(size - (size >> 1), index));
  }
  await settled(() => right.frames.length === sizes.length);
  expect(right.frames.map(({ id, server, start, end: stop }) => [id, server, stop - start])).toEqual(
    sizes.map((size, index) => [index, 9, size]),
  );
  expect(right.frames.every((frame) => payloadOf(frame).every((byte) => byte === frame.id))).toBe(true);
});

test("texts of any length arrive behind their bytes", async () => {
  await using sockets = await pair();
  const left = end(sockets.left);
  const right = end(sockets.right);
  const texts = ["", "a", "héllo €", "x".repeat(21_840), "€".repeat(30_000), "\ud800 alone", "z".repeat(200_000)];
  for (const [index, text] of texts.entries())
    left.connection.sendText({ kind: 3, id: index, server: 1 }, Buffer.of(index, 7), text);
  await settled(() => right.frames.length === texts.length);
  expect(right.frames.map((frame) => payloadOf(frame).toString("utf8", 2))).toEqual(
    texts.map((text) => text.toWellFormed()),
  );
  expect(right.frames.every((frame) => payloadOf(frame)[0] === frame.id)).toBe(true);
});

// wire.connection.C2
test("no more than a window is in flight to a reader that takes nothing, and all arrives when it does", async () => {
  await using sockets = await pair();
  const left = end(sockets.left);
  const piece = Buffer.alloc(512 * 1024, 1);
  const count = 40;
  for (let index = 0; index < count; index += 1) left.connection.send(2, index, 0, piece);
  expect(left.connection.backlogBytes).toBeLessThan(WINDOW_BYTES + 2 * piece.length);
  const right = end(sockets.right);
  await settled(() => right.frames.length === count);
  expect(right.frames.map(({ id }) => id)).toEqual(Array.from({ length: count }, (_, index) => index));
  await settled(() => left.connection.backlogBytes < WINDOW_BYTES);
});

// wire.connection.C2
test("a reader that takes nothing ends the connection, once, when too much waits for it", async () => {
  await using sockets = await pair();
  const left = end(sockets.left);
  // The same bytes each time, so that the test itself takes no memory.
  const piece = Buffer.alloc(8 * 1024 * 1024);
  const count = WAITING_BYTES_MAX / piece.length;
  for (let index = 0; index < count - 1; index += 1) left.connection.send(2, index, 0, piece);
  expect(left.ends).toEqual([]);
  for (let index = 0; index < 4; index += 1) left.connection.send(2, index, 0, piece);
  expect(left.ends).toEqual([expect.stringContaining("does not read")]);
});

test("a side that talks nonsense ends the connection, once", async () => {
  await using sockets = await pair();
  const right = end(sockets.right);
  sockets.left.write(Buffer.alloc(64, 0xff));
  await settled(() => right.ends.length > 0);
  sockets.left.write(Buffer.alloc(64, 0xff));
  expect(right.ends).toEqual([expect.stringContaining("frame")]);
  expect(right.frames).toEqual([]);
});

// wire.connection.C3
test("after it was closed nothing is reported", async () => {
  await using sockets = await pair();
  const left = end(sockets.left);
  const right = end(sockets.right);
  right.connection.close();
  left.connection.send(2, 1, 1, Buffer.from("late"));
  await settled(() => left.ends.length > 0);
  right.connection.send(2, 1, 1);
  expect(right.frames).toEqual([]);
  expect(right.ends).toEqual([]);
});
