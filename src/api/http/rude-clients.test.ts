import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { PendingBodies } from "./rude-clients.ts";

test("a client that begins a body and sends nothing more is cut off at the second look, one that goes on is not", async () => {
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
