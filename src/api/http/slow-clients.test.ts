import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { LIMITS } from "../../kernel/quantities.ts";
import { PendingBodies } from "./slow-clients.ts";

// verifies("api.rude-clients")

test("a client that stops sending a body is disconnected at the second check, one that continues is not", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert(typeof address === "object" && address !== null);
  const bodies = new PendingBodies();
  const begin = async () => {
    const socket = connect(address.port, "127.0.0.1");
    const asked = new Promise<IncomingMessage>((resolve) => server.once("request", resolve));
    socket.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{");
    const request = await asked;
    await once(request, "data");
    bodies.add(request);
    return { socket, request };
  };
  const [silent, slow] = [await begin(), await begin()];
  const over = once(silent.socket, "close");
  bodies.look();
  slow.socket.write(" ");
  await once(slow.request, "data");
  bodies.look();
  await over;
  expect(slow.socket.destroyed).toBe(false);
  const slowOver = once(slow.socket, "close");
  bodies.look();
  await slowOver;
  server.close();
});

test("of bodies that are held in memory the oldest are ended when there are too many, and those that take too long", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert(typeof address === "object" && address !== null);
  const bodies = new PendingBodies();
  const begin = async (bytes: number) => {
    const socket = connect(address.port, "127.0.0.1").on("error", () => {});
    const asked = new Promise<IncomingMessage>((resolve) => server.once("request", resolve));
    socket.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{");
    const request = await asked;
    await once(request, "data");
    bodies.add(request, bytes);
    return { socket, request, over: once(socket, "close") };
  };
  const upload = await begin(0);
  const oldest = await begin(LIMITS.bodiesBytesMax / 2);
  const other = await begin(LIMITS.bodiesBytesMax / 2);
  const newest = await begin(1);
  await oldest.over;
  const open = [upload, other, newest];
  for (let look = 0; look * LIMITS.bodySilenceMs < LIMITS.bodyTimeMs; look += 1) {
    expect(open.map(({ socket }) => socket.destroyed)).toEqual([false, false, false]);
    bodies.look();
    for (const { socket, request } of open) {
      socket.write(" ");
      await once(request, "data");
    }
  }
  bodies.look();
  await Promise.all([other.over, newest.over]);
  expect(upload.socket.destroyed).toBe(false);
  upload.socket.destroy();
  server.close();
});
