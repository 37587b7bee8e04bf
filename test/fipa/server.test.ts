import { createServer } from "node:http";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { readParts, writeParts } from "../../src/api/fipa/multipart.ts";
import { writeEnvelope } from "../../src/api/fipa/envelope.ts";
import { agentIdentifier, type AclMessage, readAcl, writeAcl } from "../../src/messages/index.ts";
import { startServer } from "../helpers/server.ts";

/** A platform that gathers what it is sent. */
async function otherPlatform() {
  const waiting: ((message: AclMessage) => void)[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const [, payload] = readParts(request.headers["content-type"] ?? "", body);
      response.writeHead(200, { Connection: "close" }).end();
      waiting.shift()?.(readAcl(payload.body));
      return undefined;
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    address: `http://127.0.0.1:${port}/acc`,
    next: () => new Promise<AclMessage>((resolve) => waiting.push(resolve)),
    [Symbol.dispose]: () => void server.close(),
  };
}

test("a server with fipa enabled says where it is, and its directory tells others of its agents", async () => {
  using other = await otherPlatform();
  await using server = await startServer({ settings: { "fipa.enabled": true, "fipa.port": 0 } });
  const url = server.started.fipaUrl ?? "";
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/acc$/);
  const content = "((action (agent-identifier :name ams@caxton) (search (ams-agent-description))))";
  const me = agentIdentifier("asker@elsewhere", [other.address]);
  const receiver = agentIdentifier("ams@caxton", [url]);
  const message = {
    ...readAcl("(request :language fipa-sl0 :reply-with r1)"),
    sender: me,
    receiver: [receiver],
    content,
  };
  const payload = Buffer.from(writeAcl(message));
  const answer = other.next();
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": 'multipart/mixed; boundary="b"' },
    body: Uint8Array.from(writeParts("b", writeEnvelope(me, receiver, { bytes: payload.length, atMs: 0 }), payload)),
  });
  expect(response.status).toBe(200);
  expect(await answer).toMatchObject({ performative: "inform", inReplyTo: "r1", sender: { name: "ams@caxton" } });
});
