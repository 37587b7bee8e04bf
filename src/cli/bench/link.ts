import { once } from "node:events";
import * as z from "zod";
import { CaxtonError } from "../../kernel/errors.ts";
import { parseJson } from "../../kernel/json.ts";

/** Of what the server says over the socket, what a measurement looks at; the rest of a frame is not read. */
const Heard = z.discriminatedUnion("op", [
  z.object({ op: z.literal("receipts"), receipts: z.array(z.object({ status: z.string() })) }),
  z.object({
    op: z.literal("messages"),
    mailbox: z.string(),
    items: z.array(z.object({ handle: z.string(), message: z.object({ id: z.string() }) })),
  }),
  z.object({ op: z.literal("settled") }),
  z.object({ op: z.literal("receiving") }),
  z.object({ op: z.literal("identified") }),
  z.object({ op: z.literal("problem"), problem: z.object({ title: z.string(), detail: z.string().default("") }) }),
]);
export type Heard = z.infer<typeof Heard>;

/** Thrown if the server closed the connection or sent an error that ends the measurement. */
export class MeasurementError extends CaxtonError {
  readonly code = "MEASUREMENT_FAILED";
  readonly kind = "unavailable";
}

/** The address of the WebSocket, with the headers that authenticate the client. */
export type Endpoint = { readonly url: URL; readonly headers: { readonly [name: string]: string } };

/** A WebSocket to the server's messages. */
export class Link implements Disposable {
  readonly #socket: WebSocket;
  /** Rejects when the connection ends before `[Symbol.dispose]`. */
  readonly lost: Promise<never>;
  #isOver = false;

  private constructor(socket: WebSocket, hear: (heard: Heard) => void) {
    this.#socket = socket;
    const { promise, reject } = Promise.withResolvers<never>();
    this.lost = promise;
    // `lost` also reports the error; it may have no listener.
    promise.catch(() => undefined);
    const over = (why: string) => {
      if (this.#isOver) return;
      this.#isOver = true;
      reject(new MeasurementError(why, "Look whether it runs: caxton status. Its log says what happened.", {}));
    };
    socket.addEventListener("close", ({ code, reason }) =>
      over(
        reason === "" ? "the connection to the server broke" : `the server closed the connection: ${code} ${reason}`,
      ),
    );
    socket.addEventListener("message", ({ data }) => {
      const json = parseJson(String(data));
      const heard = Heard.safeParse(json.type === "malformed" ? undefined : json.value);
      if (!heard.success) return;
      if (heard.data.op === "problem") over(`${heard.data.problem.title}: ${heard.data.problem.detail}`);
      else hear(heard.data);
    });
  }

  /** Rejects with MeasurementError. */
  static async open({ url, headers }: Endpoint, hear: (heard: Heard) => void): Promise<Link> {
    const socket = new WebSocket(url, { headers: { ...headers } });
    const link = new Link(socket, hear);
    await Promise.race([once(socket, "open"), link.lost]);
    return link;
  }

  say(frame: object): void {
    this.#socket.send(JSON.stringify(frame));
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#socket.close();
  }
}
