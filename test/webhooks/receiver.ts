import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";

/** One request to a receiver. */
export type Received = {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly event: { id: string; type: string; timestamp: string; workspace: string; sequence: number; data: Data };
};
export type Data = Readonly<Record<string, unknown>>;
type Answer = (response: ServerResponse, received: Received, nth: number) => void;

export const answerOk: Answer = (response) => void response.writeHead(204).end();
export const answer =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(status, headers).end();

/** A real HTTP server that records what it receives and answers as the test chooses. */
export async function startReceiver(first: Answer = answerOk, port = 0) {
  const received: Received[] = [];
  let respond = first;
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const one = { path: request.url ?? "", headers: request.headers, body, event: JSON.parse(body) };
    respond(response, one, received.push(one));
  };
  const server = createServer((request, response) => void take(request, response));
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  return {
    received,
    origin,
    url: `${origin}/hook`,
    types: () => received.map(({ event }) => event.type),
    answer: (next: Answer) => {
      respond = next;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
export type Receiver = Awaited<ReturnType<typeof startReceiver>>;

const TOLERANCE_S = 5 * 60;

/**
 * Verifies a message as the specification of Standard Webhooks describes it, apart from the code that signs. Returns the number of the
 * signature that fits, counted from 0; -1 if none does.
 */
export function verify(
  secret: string,
  { headers, body }: Pick<Received, "headers" | "body">,
  nowS: number = Number(headers["webhook-timestamp"]),
): number {
  const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures } = headers;
  if (typeof id !== "string" || typeof timestamp !== "string" || typeof signatures !== "string") return -1;
  if (!/^\d+$/.test(timestamp) || Math.abs(nowS - Number(timestamp)) > TOLERANCE_S) return -1;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const expected = createHmac("sha256", key).update([id, timestamp, body].join(".")).digest();
  return signatures.split(" ").findIndex((part) => {
    const [version, signature = ""] = part.split(",");
    const bytes = Buffer.from(signature, "base64");
    return version === "v1" && bytes.length === expected.length && timingSafeEqual(bytes, expected);
  });
}
