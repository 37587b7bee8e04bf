import { resolve } from "node:path";

type Environment = { readonly [name: string]: string | undefined };

/**
 * What a command takes from its environment. A room of its own, so that a command that only asks a server something
 * does not load the server.
 */
export function readCommandEnvironment(environment: Environment = process.env): {
  /** CAXTON_SERVER */
  readonly server: string | undefined;
  /** CAXTON_TOKEN */
  readonly token: string | undefined;
  /** CAXTON_OUTPUT */
  readonly output: string | undefined;
  /** CAXTON_DATA_DIR, else ./.caxton; absolute. */
  readonly dataDirectory: string;
} {
  return {
    server: environment["CAXTON_SERVER"],
    token: environment["CAXTON_TOKEN"],
    output: environment["CAXTON_OUTPUT"],
    dataDirectory: resolve(environment["CAXTON_DATA_DIR"] ?? ".caxton"),
  };
}
