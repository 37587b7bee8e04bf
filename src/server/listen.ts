import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Http } from "../api/http/index.ts";
import type { Config } from "./config/index.ts";
import { ListenFailedError, PortInUseError } from "./errors.ts";

type Listener = Pick<Config["server"], "host" | "port" | "grpc_port" | "tls">;

/** Listens for requests. Returns the URL. Throws PortInUseError, ListenFailedError. */
export async function listen(http: Http, { host, port, tls }: Listener): Promise<string> {
  try {
    await http.listen({ host, port });
  } catch (error) {
    throw failureOf(error, { host, port, setting: "server.port", remedy: "another with --port" });
  }
  return urlOf(host, portOf(http.server, port), tls);
}

/**
 * Listens on `server.grpc_port`, whose connections are those of `http` with all its limits. It has to be disposed of before the HTTP
 * server closes. Throws PortInUseError, ListenFailedError.
 */
export async function listenForGrpc(
  http: Server,
  { host, grpc_port: port, tls }: Listener,
): Promise<({ readonly url: string } & Disposable) | undefined> {
  if (port === undefined) return undefined;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket: Socket) =>
    http.emit("connection", socket),
  );
  try {
    server.listen({ host, port });
    await once(server, "listening");
  } catch (error) {
    throw failureOf(error, { host, port, setting: "server.grpc_port", remedy: "another as server.grpc_port" });
  }
  return { url: urlOf(host, portOf(server, port), tls), [Symbol.dispose]: () => void server.close() };
}

type Wanted = { readonly host: string; readonly port: number; readonly setting: string; readonly remedy: string };

function failureOf(error: unknown, { host, port, setting, remedy }: Wanted): Error {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") {
    return new PortInUseError(
      `port ${port} on ${host} is in use`,
      `Stop what uses it, or choose ${remedy} (0 takes any free one).`,
      { host, port },
      { cause: error },
    );
  }
  const why = error instanceof Error ? error.message : String(error);
  return new ListenFailedError(
    `cannot listen on ${host}:${port}: ${why}`,
    `Check server.host and ${setting}.`,
    { host, port },
    { cause: error },
  );
}

const urlOf = (host: string, port: number, tls: Config["server"]["tls"]): string =>
  `${tls === undefined ? "http" : "https"}://${shownHost(host)}:${port}`;

function portOf(server: Server, port: number): number {
  const address = server.address();
  return isAddress(address) ? address.port : port;
}

const isAddress = (address: AddressInfo | string | null): address is AddressInfo =>
  typeof address === "object" && address !== null;

/** Host name for URLs that are opened on this machine. */
const shownHost = (host: string): string => {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
};
