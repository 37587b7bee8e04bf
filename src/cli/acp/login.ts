import type { AuthMethod, ClientCapabilities } from "@agentclientprotocol/sdk";
import { operations } from "../../api/contract/index.ts";
import { toFault } from "../../kernel/errors.ts";
import { type Client, tokenOf } from "../client/index.ts";
import type { Context } from "../frame/index.ts";

export const LOGIN = "caxton-login";

/** How a user logs in: at the editor's terminal if it has one, else at another. */
export const authMethods = ({ auth }: ClientCapabilities, server: URL): AuthMethod[] => [
  ...(auth?.terminal === true
    ? [{ id: `${LOGIN}-terminal`, type: "terminal" as const, name: "Log in to Caxton", args: ["--login"] }]
    : []),
  { id: LOGIN, name: "Log in to Caxton", description: `Type in a terminal: caxton login ${server.origin}` },
];

/** The client of a command that outlives its credentials. */
export class Login {
  readonly #context: Context;
  #client: Client;

  constructor(context: Context) {
    this.#context = context;
    this.#client = context.client;
  }

  get client(): Client {
    return this.#client;
  }

  /** Throws what the client throws if the credentials are not valid. */
  async check(): Promise<void> {
    await this.#client.call(operations.access.whoami, {});
  }

  /** Takes the stored credentials, which may be newer. Throws what the client throws. */
  async renew(): Promise<void> {
    const { contexts, saved: first, givenToken } = this.#context;
    const saved = contexts.for(this.#client.server, first?.name);
    const client = this.#client.withToken(givenToken ?? (saved && (await tokenOf(contexts, saved))));
    await client.call(operations.access.whoami, {});
    this.#client = client;
  }

  /** Performs a request; one without valid credentials a second time, if there are stored ones that are valid. */
  async perform<Value>(work: () => Promise<Value>): Promise<Value> {
    try {
      return await work();
    } catch (error) {
      if (toFault(error).kind !== "unauthenticated") throw error;
      await this.renew();
      return work();
    }
  }
}
