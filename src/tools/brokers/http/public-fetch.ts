import { addAbortListener } from "node:events";
import { Agent, type IncomingMessage } from "node:http";
import { Agent as TlsAgent } from "node:https";
import { isIP } from "node:net";
import { Readable } from "node:stream";
import { specialUse } from "./addresses.ts";
import { AddressRefusedError } from "./errors.ts";
import { send } from "./exchange.ts";
import { systemResolve } from "./http-broker.ts";

export type PublicFetchOptions = {
  /** What may not lead to the address: the end of the error's message. */
  readonly rule: string;
  /** What the operator can write to permit an origin. */
  readonly remedy: (origin: string) => string;
  /** Addresses of a name; rejects when it has none. Default: the system's resolver. */
  readonly resolve?: ((name: string) => Promise<readonly string[]>) | undefined;
  /** Says what an address is that is refused. Default: every address that is not of the public internet. */
  readonly refuses?: ((address: string) => string | undefined) | undefined;
};

const BODILESS = new Set([204, 205, 304]);

/**
 * `fetch` that reaches public addresses only, and follows no redirect. A name is resolved once, all of its addresses are
 * checked, and the connection goes to one of these. Rejects with AddressRefusedError.
 */
export function publicFetch({
  rule,
  remedy,
  resolve = systemResolve,
  refuses = specialUse,
}: PublicFetchOptions): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const addresses = isIP(host) === 0 ? await unlessAborted(resolve(host), request.signal) : [host];
    for (const address of addresses) {
      const what = refuses(address);
      if (what === undefined) continue;
      const message = `${host} leads to ${address}, which is ${what}; ${rule}`;
      throw new AddressRefusedError(message, remedy(url.origin), { host, address });
    }
    const agent = new (url.protocol === "https:" ? TlsAgent : Agent)({ keepAlive: false });
    const body = new Uint8Array(await request.arrayBuffer());
    const { method, headers, signal } = request;
    const incoming = await send({ url, method, headers: [...headers], body, addresses }, agent, signal);
    incoming.once("close", () => agent.destroy());
    try {
      return responseOf(incoming);
    } catch (error) {
      incoming.destroy();
      throw error;
    }
  };
}

/** Throws RangeError for a status that `Response` does not accept. */
function responseOf(incoming: IncomingMessage): Response {
  const status = incoming.statusCode ?? 502;
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(incoming.headersDistinct))
    for (const value of values) headers.append(name, value);
  if (!BODILESS.has(status)) return new Response(Readable.toWeb(incoming), { status, headers });
  // A server may send a body after all, and one without end.
  incoming.destroy();
  return new Response(null, { status, headers });
}

/** Rejects with the signal's reason as soon as it aborts. */
async function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const aborted = Promise.withResolvers<never>();
  const listener = addAbortListener(signal, () => aborted.reject(signal.reason));
  return await Promise.race([work, aborted.promise]).finally(() => listener[Symbol.dispose]());
}
