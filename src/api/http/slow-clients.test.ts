import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { LOCAL_LIMITS, ResourceLimits } from "../../access/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import { RequestBodies } from "./slow-clients.ts";

// verifies("api.rude-clients")

test("a client that stops sending a body is disconnected at the second check, one that continues is not", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert(typeof address === "object" && address !== null);
  const bodies = new RequestBodies(new ResourceLimits(LOCAL_LIMITS, systemClock), 60_000);
  const begin = async () => {
    const socket = connect(address.port, "127.0.0.1");
    const asked = new Promise<[IncomingMessage, ServerResponse]>((resolve) =>
      server.once("request", (...pair) => resolve(pair)),
    );
    socket.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{");
    const [request, response] = await asked;
    await once(request, "data");
    bodies.add(request, response);
    return { socket, request };
  };
  const [silent, slow] = [await begin(), await begin()];
  bodies.look();
  slow.socket.write(" ");
  await once(slow.request, "data");
  bodies.look();
  expect(await text(silent.socket)).toContain("HTTP/1.1 408 ");
  expect(slow.socket.destroyed).toBe(false);
  bodies.look();
  expect(await text(slow.socket)).toContain('"code":"REQUEST_INVALID"');
  server.close();
});
