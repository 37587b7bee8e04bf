import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import * as z from "zod";

const Problem = z.looseObject({
  status: z.int(),
  code: z.string(),
  hint: z.string().min(1),
  retry_after_ms: z.number().optional(),
});

export type RawAnswer = {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly problem: z.infer<typeof Problem> | undefined;
};

/** A connection of its own, from an address of the loopback network. `ended` resolves with the answer when the server closes it. */
export type RawClient = Disposable & {
  readonly socket: Socket;
  /** All that the server sent. */
  readonly received: Promise<string>;
  readonly ended: Promise<RawAnswer>;
};

/** Connects and sends bytes. */
export async function rawClient(url: string, from: string, bytes: string | Buffer): Promise<RawClient> {
  const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1", localAddress: from });
  socket.on("error", () => socket.destroy());
  const received = text(socket).catch(() => "");
  const ended = received.then(readAnswer);
  // Of several answers, no test reads the first one as the only one.
  ended.catch(() => undefined);
  await once(socket, "connect");
  socket.write(bytes);
  return { socket, received, ended, [Symbol.dispose]: () => void socket.destroy() };
}

/** The head of a request with a body that is still to come. */
export const headOf = (method: string, path: string, headers: { readonly [name: string]: string | number }): string =>
  [
    `${method} ${path} HTTP/1.1`,
    "host: 127.0.0.1",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    "",
    "",
  ].join("\r\n");

function readAnswer(bytes: string): RawAnswer {
  const [head = "", body = ""] = bytes.split("\r\n\r\n");
  const [first = "", ...lines] = head.split("\r\n");
  const headers = new Map(
    lines.map((line) => {
      const [name = "", ...value] = line.split(":");
      return [name.toLowerCase(), value.join(":").trim()] as const;
    }),
  );
  const isProblem = headers.get("content-type")?.startsWith("application/problem+json") === true;
  return {
    status: Number(first.split(" ")[1] ?? 0),
    headers,
    problem: isProblem ? Problem.parse(JSON.parse(body)) : undefined,
  };
}
