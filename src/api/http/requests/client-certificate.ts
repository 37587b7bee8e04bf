import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { ClientCertificate } from "../../../access/index.ts";

const read = new WeakMap<Socket, ClientCertificate>();

/** Returns the certificate of a connection's client, if a trusted authority signed it. */
export function certificateOf(socket: Socket): ClientCertificate | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const leaf = socket.getPeerX509Certificate();
  return (
    leaf &&
    read.getOrInsertComputed(socket, () => {
      const names: unknown = socket.getPeerCertificate().subject.CN;
      return {
        // Several names are a list.
        subject: typeof names === "string" ? names : undefined,
        fingerprint: leaf.fingerprint256.replaceAll(":", "").toLowerCase(),
        validFromMs: leaf.validFromDate.getTime(),
        expiresAtMs: leaf.validToDate.getTime(),
      };
    })
  );
}
