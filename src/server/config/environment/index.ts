import { homedir } from "node:os";
import { join, resolve } from "node:path";

/**
 * What a command takes from its environment. A room of its own, so that a command that only asks a server something
 * does not load the server.
 */
export function readCommandEnvironment(environment: NodeJS.ProcessEnv = process.env): {
  /** CAXTON_SERVER */
  readonly server: string | undefined;
  /** CAXTON_TOKEN */
  readonly token: string | undefined;
  /** CAXTON_CONTEXT */
  readonly context: string | undefined;
  /** CAXTON_WORKSPACE */
  readonly workspace: string | undefined;
  /** CAXTON_CA_FILE */
  readonly caFile: string | undefined;
  /** CAXTON_CLIENT_CERT */
  readonly clientCert: string | undefined;
  /** CAXTON_CLIENT_KEY */
  readonly clientKey: string | undefined;
  /** CAXTON_OUTPUT */
  readonly output: string | undefined;
  /** CAXTON_DATA_DIR, else ./.caxton; absolute. */
  readonly dataDirectory: string;
  /** The file with the servers that the user logged in to: XDG_CONFIG_HOME, else ~/.config. */
  readonly contextsFile: string;
  /** True if npx started the command, by npm_lifecycle_event. */
  readonly isNpx: boolean;
} {
  // A variable that is set to nothing is as good as not set.
  const valueOf = (name: string): string | undefined => environment[name] || undefined;
  return {
    server: valueOf("CAXTON_SERVER"),
    token: valueOf("CAXTON_TOKEN"),
    context: valueOf("CAXTON_CONTEXT"),
    workspace: valueOf("CAXTON_WORKSPACE"),
    caFile: valueOf("CAXTON_CA_FILE"),
    clientCert: valueOf("CAXTON_CLIENT_CERT"),
    clientKey: valueOf("CAXTON_CLIENT_KEY"),
    output: valueOf("CAXTON_OUTPUT"),
    dataDirectory: resolve(valueOf("CAXTON_DATA_DIR") ?? ".caxton"),
    contextsFile: join(valueOf("XDG_CONFIG_HOME") ?? join(homedir(), ".config"), "caxton", "contexts.json"),
    isNpx: environment["npm_lifecycle_event"] === "npx",
  };
}
