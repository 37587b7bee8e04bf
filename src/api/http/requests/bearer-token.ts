import type { IncomingMessage } from "node:http";

const BEARER = /^Bearer +([^ ]+)$/iu;

/** Returns the token in a request's `Authorization` header. */
export const tokenOf = ({ headers }: Pick<IncomingMessage, "headers">): string | undefined =>
  BEARER.exec(headers.authorization ?? "")?.[1];
