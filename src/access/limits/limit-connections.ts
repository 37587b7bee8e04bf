import type { Server, Socket } from "node:net";
import { CaxtonError } from "../../kernel/errors.ts";
import type { ResourceLimits } from "./resource-limits.ts";

/** While fewer connections than these are free, idle ones are closed. */
const SPARE = 100;
const MAKE_ROOM_EVERY_MS = 1_000;
/** Time in which a refused client can read the answer. */
const LINGER_MS = 1_000;
/** Refused connections that are answered at the same time; further ones are closed at once. */
const LINGERING_MAX = 256;

type Parts = {
  readonly limits: ResourceLimits;
  /** Whether an address is that of a proxy, whose connections are those of many clients. */
  readonly isProxy?: ((address: string) => boolean) | undefined;
  /** The bytes with which a connection is refused; undefined if its client could not read them. */
  readonly answer?: ((error: CaxtonError) => string) | undefined;
  /** Closes idle connections. */
  readonly makeRoom: () => void;
};

/** Limits the connections of a server. It has to listen for connections already. */
export function limitConnections(server: Server, { limits, isProxy, answer, makeRoom }: Parts): void {
  const listeners = server.listeners("connection");
  let madeRoomAtMs = Number.NEGATIVE_INFINITY;
  let lingering = 0;
  const refuse = (socket: Socket, error: CaxtonError): void => {
    if (answer === undefined || lingering >= LINGERING_MAX) return void socket.destroy();
    lingering += 1;
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once("close", () => {
      clearTimeout(timer);
      lingering -= 1;
    });
    endWith(socket, answer(error));
  };
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "";
    if (limits.free("connections") < SPARE && performance.now() - madeRoomAtMs >= MAKE_ROOM_EVERY_MS) {
      madeRoomAtMs = performance.now();
      makeRoom();
    }
    try {
      limits.hold("connections", { address: isProxy?.(address) === true ? null : address }).untilClosed(socket);
    } catch (error) {
      if (!(error instanceof CaxtonError)) throw error;
      return refuse(socket, error);
    }
    for (const listener of listeners) listener.call(server, socket);
  });
}

/** Sends the last bytes of a connection. Bytes that still arrive are dropped, because a reset could destroy the answer. */
export function endWith(socket: Socket, bytes: string): void {
  socket.on("error", () => socket.destroy());
  socket.resume();
  socket.end(bytes);
}
