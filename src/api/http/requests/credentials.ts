import type { IncomingMessage } from "node:http";
import type { Credentials } from "../../../access/index.ts";

const BEARER = /^Bearer +([^ ]+)$/iu;

/** Returns what a request's headers say about who sent it. */
export function credentialsOf({ headers }: Pick<IncomingMessage, "headers">, address: string): Credentials {
  const key = headers["x-api-key"];
  return {
    token: BEARER.exec(headers.authorization ?? "")?.[1],
    key: typeof key === "string" && key !== "" ? key : undefined,
    address,
  };
}
