import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { text as textOf } from "node:stream/consumers";
import { crc32 } from "node:zlib";

export type Seen = { readonly url: string; readonly headers: IncomingHttpHeaders; readonly body: unknown };

async function bodyOf(incoming: IncomingMessage): Promise<unknown> {
  const sent = await textOf(incoming);
  return sent === "" ? undefined : JSON.parse(sent);
}

/** A vendor on this machine that answers each call with the next of `answers`, and the last one from then on. */
export async function vendor(...answers: readonly ((response: ServerResponse) => void)[]) {
  const seen: Seen[] = [];
  const take = async (incoming: IncomingMessage, response: ServerResponse) => {
    seen.push({ url: incoming.url ?? "", headers: incoming.headers, body: await bodyOf(incoming) });
    (answers[seen.length - 1] ?? answers.at(-1))?.(response);
  };
  const server = createServer((incoming, response) => void take(incoming, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    seen,
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** A stream of server-sent events; an object with a `type` also gets that as its event's name, as Anthropic and OpenAI do. */
export const events =
  (...data: readonly unknown[]) =>
  (response: ServerResponse): void => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const item of data) {
      const name = typeof item === "object" && item !== null && "type" in item ? `event: ${String(item.type)}\n` : "";
      response.write(`${name}data: ${typeof item === "string" ? item : JSON.stringify(item)}\n\n`);
    }
    response.end();
  };

export const refusing =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };

/** Amazon's binary event stream: `["contentBlockDelta", {...}]`, or `["!throttlingException", {...}]` for an exception. */
export const amazonEvents =
  (...frames: readonly (readonly [string, unknown])[]) =>
  (response: ServerResponse): void => {
    response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" });
    for (const [name, payload] of frames) response.write(frame(name, payload));
    response.end();
  };

function frame(name: string, payload: unknown): Buffer {
  const isException = name.startsWith("!");
  const headers = Buffer.concat([
    header(":message-type", isException ? "exception" : "event"),
    header(isException ? ":exception-type" : ":event-type", isException ? name.slice(1) : name),
    header(":content-type", "application/json"),
  ]);
  const body = Buffer.from(JSON.stringify(payload));
  const prelude = Buffer.alloc(8);
  prelude.writeUInt32BE(12 + headers.length + body.length + 4, 0);
  prelude.writeUInt32BE(headers.length, 4);
  const begun = Buffer.concat([prelude, checksum(prelude), headers, body]);
  return Buffer.concat([begun, checksum(begun)]);
}

function header(name: string, value: string): Buffer {
  const text = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([7]), length, text]);
}

function checksum(bytes: Buffer): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum;
}
