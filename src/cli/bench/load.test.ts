import { once } from "node:events";
import { expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { type Load, measure } from "./load.ts";

const load: Load = { rate: 0, seconds: 3_600, batch: 2, size: 10, inFlight: 4 };
const who = { sender: { name: "s", token: undefined }, mailboxes: [{ name: "m", token: undefined }], load };

/** A server of messages that says it took the first batch, and then does what the test says. */
async function halfway(then: (server: WebSocketServer) => void) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  server.on("connection", (socket) => {
    socket.on("message", (data: Buffer) => {
      if (!data.includes("send-batch")) return;
      const receipts = [{ status: "accepted" }, { status: "accepted" }];
      socket.send(JSON.stringify({ op: "receipts", receipts }), () => then(server));
    });
  });
  const address = server.address();
  const port = typeof address === "string" ? address : address?.port;
  const close = () => {
    server.close();
  };
  return { url: new URL(`ws://127.0.0.1:${port}`), [Symbol.dispose]: close };
}

test("a server that goes meanwhile ends a measurement, which gives what it has and says why", async () => {
  using server = await halfway(({ clients }) => clients.forEach((client) => client.terminate()));
  const signal = new AbortController().signal;
  const measured = await measure({ url: server.url, headers: {} }, who, { signal, onProgress: () => {} });
  expect(measured.broke).toMatchObject({ code: "MEASUREMENT_FAILED" });
  expect(measured.sent).toBeGreaterThanOrEqual(2);
});

test("a cancelled measurement returns its partial result", async () => {
  const off = new AbortController();
  using server = await halfway(() => off.abort());
  const measured = await measure({ url: server.url, headers: {} }, who, { signal: off.signal, onProgress: () => {} });
  expect(measured).toMatchObject({ broke: undefined, delivered: 0 });
  expect(measured.sent).toBeGreaterThanOrEqual(2);
});
