import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { fileURLToPath } from "node:url";
import { HttpBroker, type GrantedSecret } from "../../../src/tools/brokers/http/index.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import type { Caller, HttpRequest } from "../../../src/tools/sandbox/index.ts";
import { mint, ToolCallId } from "../../../src/kernel/ids.ts";
import { type Grants, type GrantUse, type HttpGrant, NO_GRANTS } from "../../../src/tools/catalogue/index.ts";

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const pem = (name: string): string => readFileSync(fileURLToPath(new URL(`tls/${name}.pem`, import.meta.url)), "utf8");
export const CERTIFICATE = pem("certificate");

/** A web server on this machine that remembers what it was asked. */
export class Web implements AsyncDisposable {
  readonly seen: {
    readonly method: string;
    readonly url: string;
    readonly headers: IncomingMessage["headers"];
    readonly body: string;
  }[] = [];
  readonly #server: Server;
  #port = 0;

  private constructor(handler: Handler, isSecure: boolean) {
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = Buffer.concat(chunks).toString("utf8");
        const { method = "", url = "", headers } = request;
        this.seen.push({ method, url, headers, body });
        handler(request, response, body);
      });
    };
    this.#server = isSecure
      ? createTlsServer({ key: pem("key"), cert: CERTIFICATE }, listener)
      : createServer(listener);
  }

  static async open(handler: Handler, options: { readonly secure?: boolean } = {}): Promise<Web> {
    const web = new Web(handler, options.secure === true);
    const { promise, resolve } = Promise.withResolvers<void>();
    web.#server.listen(0, "127.0.0.1", resolve);
    await promise;
    const address = web.#server.address();
    if (typeof address !== "object" || address === null) throw new Error("the server has no port");
    web.#port = address.port;
    return web;
  }

  get port(): number {
    return this.#port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }
}

export const httpGrant = (url: string, more: Partial<HttpGrant> = {}): HttpGrant => ({
  url,
  methods: ["GET", "HEAD"],
  private: true,
  ...more,
});

export const callerWith = (grants: Partial<Grants>, isPermissive = false): Caller => ({
  server: "weather",
  grants: { ...NO_GRANTS, ...grants },
  call: mint(ToolCallId),
  context: { session: "session", workspace: "default", agent: "tester", files: [], isPermissive },
});

export const request = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "GET",
  url,
  headers: [],
  body: new Uint8Array(0),
  timeoutMs: undefined,
  ...more,
});

export type BrokerParts = {
  /** Addresses by name; every other name is this machine. */
  readonly names?: { readonly [name: string]: readonly string[] };
  readonly secrets?: readonly GrantedSecret[];
};

/** A broker that finds every name on this machine, with what it recorded and resolved. */
export function brokerWith({ names = {}, secrets = [] }: BrokerParts = {}) {
  const uses: GrantUse[] = [];
  const resolved: string[] = [];
  const broker = new HttpBroker(
    {
      clock: systemClock,
      resolve: (name) => {
        resolved.push(name);
        return Promise.resolve(names[name] ?? ["127.0.0.1"]);
      },
      secrets: ({ grants }) => secrets.filter(({ grant }) => grants.secrets.some(({ name }) => name === grant.name)),
      audit: (use) => uses.push(use),
    },
    { certificates: [CERTIFICATE] },
  );
  return { broker, uses, resolved };
}
