import { request } from "node:http";
import { connect } from "node:net";
import { text as textOf } from "node:stream/consumers";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  agentIdentifier,
  type AclMessage,
  composeMessage,
  readAcl,
  writeAcl,
} from "../../../src/messaging/acl/index.ts";
import { readEnvelope, writeEnvelope } from "../../../src/api/fipa/envelope.ts";
import { FipaContentError } from "../../../src/api/fipa/errors.ts";
import { readParts, writeParts } from "../../../src/api/fipa/multipart.ts";
import { Reach } from "../../../src/api/fipa/reach.ts";
import { readSl, type Sl, writeSl } from "../../../src/api/fipa/sl.ts";
import { type FipaWorld, openFipa } from "./world.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("fipa.transport");

let world: FipaWorld;
beforeAll(async () => {
  world = await openFipa();
});
afterAll(async () => world[Symbol.asyncDispose]());

const sender = agentIdentifier("da0@elsewhere", ["http://127.0.0.1:9/acc"]);
const acl = (more: Partial<AclMessage> = {}): AclMessage => ({
  ...readAcl('(inform :content "hello")'),
  sender,
  receiver: [agentIdentifier("echo@caxton")],
  ...more,
});

function bodyOf(message: AclMessage, envelope?: string): Buffer {
  const payload = Buffer.from(writeAcl(message));
  const [to = agentIdentifier("nonexistent@caxton")] = message.receiver;
  return writeParts(
    "mark",
    envelope ?? writeEnvelope(message.sender ?? sender, to, { bytes: payload.length, atMs: 0 }),
    payload,
  );
}

/** Posts it and gives the status and the words of the answer. */
async function send(
  body: Buffer,
  { method = "POST", contentType = 'multipart/mixed ; boundary="mark"' } = {},
): Promise<{ readonly status: number | undefined; readonly text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number | undefined; text: string }>();
  const sending = request(
    world.transport.url,
    {
      method,
      path: world.transport.url,
      headers: { "Content-Type": contentType, "Content-Length": body.length },
      agent: false,
    },
    (response) => {
      textOf(response).then((text) => resolve({ status: response.statusCode, text }), reject);
    },
  );
  sending.on("error", reject);
  sending.end(body);
  return promise;
}

describe("the transport takes a message or says what is wrong with it", () => {
  test("a message, with the whole address in the request line as others send it", async () => {
    expect(await send(bodyOf(acl()))).toEqual({ status: 200, text: "" });
    expect(world.remotes.find("da0@elsewhere")?.id.addresses).toEqual(sender.addresses);
  });

  test.for<[string, () => Promise<{ readonly status: number | undefined; readonly text: string }>, number, string]>([
    ["another method", () => send(Buffer.alloc(0), { method: "PUT" }), 405, "by POST"],
    ["no multipart", () => send(Buffer.from("x"), { contentType: "text/plain" }), 400, "multipart/mixed"],
    ["one part", () => send(Buffer.from("--mark\r\n\r\nx\r\n--mark--")), 400, "two parts"],
    [
      "an entity in the envelope",
      () => send(bodyOf(acl(), '<!DOCTYPE a [<!ENTITY b "c">]><envelope><params/></envelope>')),
      400,
      "no XML",
    ],
    [
      "no ACL",
      () => send(writeParts("mark", writeEnvelope(sender, sender, { bytes: 1, atMs: 0 }), Buffer.from("hello"))),
      400,
      "ACL text",
    ],
    [
      "a sender that claims to be ours",
      () => send(bodyOf(acl({ sender: agentIdentifier("echo@Caxton") }))),
      400,
      "not of platform caxton",
    ],
    [
      "a sender without a platform",
      () => send(bodyOf(acl({ sender: agentIdentifier("caxton") }))),
      400,
      "agent@platform",
    ],
    [
      "a receiver elsewhere",
      () => send(bodyOf(acl({ receiver: [agentIdentifier("a@b")] }))),
      400,
      "none of the receivers",
    ],
    ["too much", () => send(bodyOf(acl({ content: "x".repeat(2_000_000) }))), 413, "too large"],
  ])("%s", async ([, attempt, status, words]) => {
    const answered = await attempt();
    expect(answered.status).toBe(status);
    expect(answered.text).toContain(words);
  });

  test("a connection that sends no HTTP is ended", async () => {
    const socket = connect(Number(new URL(world.transport.url).port), "127.0.0.1");
    socket.write("hello\r\n\r\n");
    expect(await textOf(socket)).toContain("400");
  });
});

describe("who may be spoken to", () => {
  test("this machine and what is allowed, by the address that a name has", async () => {
    const reach = new Reach(["192.0.2.0/24", "2001:db8::1"]);
    expect(
      ["127.0.0.1", "127.9.9.9", "::1", "192.0.2.7", "2001:db8::1"].every((address) => reach.allows(address)),
    ).toBe(true);
    expect(["10.0.0.1", "192.0.3.1", "2001:db8::2", "", "localhost"].some((address) => reach.allows(address))).toBe(
      false,
    );
    expect(await reach.resolve(new URL("http://localhost:7778/acc"))).toMatch(/^127\.|^::1$/);
    expect(await reach.resolve(new URL("http://10.0.0.1/acc"))).toBeUndefined();
    expect(await reach.resolve(new URL("https://127.0.0.1/acc"))).toBe("127.0.0.1");
    expect(await reach.resolve(new URL("ftp://127.0.0.1/acc"))).toBeUndefined();
  });

  test("an address that is not allowed is never connected to, and the message is a dead letter at once", async () => {
    world.remotes.meet(agentIdentifier("far@away", ["http://10.255.255.1/acc"]));
    const message = composeMessage({
      workspace: "default",
      sender: "olga",
      performative: "inform",
      address: { type: "receivers", names: ["far@away"] },
      content: { type: "text", text: "x" },
      atMs: 0,
    });
    const settled = await world.transport.deliver(
      { seq: 1, recipient: "far@away", attempt: 1, message },
      new AbortController().signal,
    );
    expect(settled).toMatchObject({ type: "rejected", code: "DELIVERY_FAILED" });
  });
});

const someXml = fc
  .array(
    fc.constantFrom(
      "<envelope>",
      "</envelope>",
      "<params index='1'>",
      "</params>",
      "<to>",
      "</to>",
      "<a/>",
      "<!--",
      "-->",
      "<?x?>",
      "<!DOCTYPE a>",
      "&amp;",
      "&#65;",
      "&b;",
      "text",
      "<",
      ">",
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(""));
function survives(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof FipaContentError)) throw error;
  }
}

describe("whatever comes", () => {
  test("envelopes and bodies are read or refused, nothing else is thrown", () => {
    fc.assert(
      fc.property(fc.oneof(someXml, fc.string()), (xml) => {
        expect(() => survives(() => readEnvelope(xml))).not.toThrow();
        expect(() => survives(() => readParts("multipart/mixed; boundary=a", Buffer.from(xml)))).not.toThrow();
        expect(() => survives(() => readSl(xml))).not.toThrow();
      }),
      { numRuns: 1_000 },
    );
  });

  test("an envelope written and read names the same agents", () => {
    const agent = fc.record({
      name: fc.string({ minLength: 1 }).filter((name) => name.trim() === name),
      url: fc.webUrl(),
    });
    fc.assert(
      fc.property(agent, agent, (from, to) => {
        const [one, other] = [agentIdentifier(from.name, [from.url]), agentIdentifier(to.name, [to.url])];
        expect(readEnvelope(writeEnvelope(one, other, { bytes: 5, atMs: 0 }))).toMatchObject({
          from: one,
          to: [other],
          receivers: [other],
        });
      }),
    );
  });

  test("an expression written and read is the same", () => {
    const { sl } = fc.letrec<{ sl: Sl }>((tie) => ({
      sl: fc.oneof({ maxDepth: 4 }, fc.string(), fc.array(tie("sl"), { maxLength: 3 })),
    }));
    fc.assert(
      fc.property(fc.array(sl), (expression) => {
        expect(readSl(writeSl(expression))).toEqual(expression);
      }),
    );
  });

  test("numbers, times and truth values are repeated without quotes, and texts that look like them with quotes", () => {
    const said = '(a :max-results -1 :share 1.5E-3 :at 20261122T101112123Z :is true :texts ("-1" "true" "" "b c" d))';
    expect(writeSl(readSl(said))).toBe(said);
  });

  test("megabytes of hostile text end quickly", () => {
    for (const piece of ["<", "<a ", "<!--", "&", "((", '"', '\\"'])
      expect(() =>
        survives(() => [readEnvelope(piece.repeat(100_000)), readSl(piece.repeat(1_000_000))]),
      ).not.toThrow();
  });
});
