import type { AgentCard, Message, Task } from "@a2a-js/sdk";
import type { Client } from "@a2a-js/sdk/client";
import type { Clock } from "../../kernel/clock.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import { isJsonObject, JsonObject, parseJson } from "../../kernel/json.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { RemoteAgentError } from "../errors.ts";
import type { A2aAgent, A2aAuth } from "../remote-agent.ts";
import { isSignedBy } from "./card-signature.ts";
import { boundedFetch } from "./bounded-fetch.ts";

export type ReadSecret = (
  workspace: string,
  name: string,
) => { readonly origins: readonly string[]; read(): string } | undefined;

export type A2aClientParts = {
  /** Refuses addresses that remote agents may not have, and follows no redirect. */
  readonly fetch: typeof fetch;
  readonly secret: ReadSecret;
  readonly clock: Clock;
};

/** A card, and its JSON, which is stored. */
export type ReadCard = { readonly card: AgentCard; readonly json: JsonObject };

type Place = Pick<A2aAgent, "workspace" | "name" | "auth">;
type Call = { readonly signal: AbortSignal; readonly timeoutMs?: number | undefined };
/** Where a task is looked for whose beginning got lost. */
type Lost = { readonly contextId: string; readonly messageId: string; readonly sinceMs: number };

const CARD_TIMEOUT_MS = 15_000;
const CALL_TIMEOUT_MS = 30_000;
/** Time that an agent may take to answer a message without beginning a task. */
export const SEND_TIMEOUT_MS = 30 * 60_000;
const CARD_PATH = ".well-known/agent-card.json";
const PAGE = 100;
const PAGES_MAX = 10;
/** The clocks of two servers differ by less. */
const SKEW_MS = 10 * 60_000;

/** JSON-RPC's code of an internal error, after which a request may be repeated. */
const INTERNAL_ERROR = -32_603;

/** Requests to agents of other systems, with the official client over bounded requests. */
export class A2aClient {
  readonly #parts: A2aClientParts;

  constructor(parts: A2aClientParts) {
    this.#parts = parts;
  }

  /** Reads the card of an agent. Throws RemoteAgentError, AddressRefusedError. */
  async card(agent: Place & Pick<A2aAgent, "url" | "keys">, signal: AbortSignal): Promise<ReadCard> {
    const { name, url, keys } = agent;
    const address = cardAddress(url);
    const limits = { bytesMax: LIMITS.remoteCardBytesMax, timeoutMs: CARD_TIMEOUT_MS };
    const response = await this.#fetch(agent, limits)(address, { headers: { "A2A-Version": "1.0" }, signal });
    if (!response.ok) throw cardInvalid(name, `the card at ${address} cannot be read: HTTP ${response.status}`);
    const given = parseJson(await response.text());
    if (given.type !== "parsed" || !isJsonObject(given.value)) throw cardInvalid(name, `${address} has no card`);
    try {
      const read = await readCard(given.value);
      const isUsable = read.card.supportedInterfaces.some(isSupported) && read.card.name !== "";
      if (!isUsable)
        throw cardInvalid(name, `the card at ${address} has no name, or no address with JSON-RPC or HTTP+JSON`);
      if (keys.length > 0) await verify(read, name, keys);
      return read;
    } catch (error) {
      if (error instanceof CaxtonError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw cardInvalid(name, `the card at ${address} is invalid: ${reason}`, error);
    }
  }

  /** Sends a message; a task that it begins is returned at once. Throws RemoteAgentError, AddressRefusedError. */
  async send(
    agent: A2aAgent,
    given: Omit<Message, "role">,
    { signal, timeoutMs = SEND_TIMEOUT_MS }: Call,
  ): Promise<Message | Task> {
    const message = { ...given, role: (await import("@a2a-js/sdk")).Role.ROLE_USER };
    const configuration = {
      acceptedOutputModes: [],
      taskPushNotificationConfig: undefined,
      historyLength: 0,
      returnImmediately: true,
    };
    const request = { tenant: "", message, configuration, metadata: undefined };
    return this.#call(agent, { signal, timeoutMs }, (client) => client.sendMessage(request, { signal }));
  }

  /** Returns a task; undefined if the agent does not know it. Throws RemoteAgentError, AddressRefusedError. */
  async task(agent: A2aAgent, id: string, call: Call): Promise<Task | undefined> {
    try {
      const request = { tenant: "", id, historyLength: 0 };
      return await this.#call(agent, call, (client) => client.getTask(request, { signal: call.signal }));
    } catch (error) {
      if (isNamed(error, "TaskNotFoundError")) return undefined;
      throw error;
    }
  }

  /** Cancels a task. Returns whether it is over; throws RemoteAgentError, AddressRefusedError. */
  async cancel(agent: A2aAgent, id: string, call: Call): Promise<boolean> {
    try {
      const request = { tenant: "", id, metadata: undefined };
      await this.#call(agent, call, (client) => client.cancelTask(request, { signal: call.signal }));
      return true;
    } catch (error) {
      if (isNamed(error, "TaskNotFoundError")) return true;
      if (isNamed(error, "TaskNotCancelableError", "UnsupportedOperationError")) return false;
      throw error;
    }
  }

  /**
   * Returns the task that a message began whose response got lost, undefined if there is none, or "unknown" if the agent cannot
   * list tasks. Throws RemoteAgentError, AddressRefusedError.
   */
  async find(
    agent: A2aAgent,
    { contextId, messageId, sinceMs }: Lost,
    call: Call,
  ): Promise<Task | undefined | "unknown"> {
    const { signal } = call;
    const since = new Date(sinceMs - SKEW_MS).toISOString();
    const { TASK_STATE_UNSPECIFIED: status } = (await import("@a2a-js/sdk")).TaskState;
    let pageToken = "";
    try {
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const at = { tenant: "", contextId, status, pageSize: PAGE, pageToken, historyLength: 100 };
        const request = { ...at, statusTimestampAfter: since, includeArtifacts: false };
        const { tasks, nextPageToken } = await this.#call(agent, call, (client) =>
          client.listTasks(request, { signal }),
        );
        const found = tasks.find(({ history }) => history.some((each) => each.messageId === messageId));
        // Lists have no artifacts.
        if (found !== undefined) return this.task(agent, found.id, call);
        pageToken = nextPageToken;
        if (pageToken === "") return undefined;
      }
      return "unknown";
    } catch (error) {
      if (error instanceof RemoteAgentError && error.code === "REMOTE_REFUSED" && error.outcome === "refused")
        return "unknown";
      throw error;
    }
  }

  /** Reads a file that an agent names by its address. Throws RemoteAgentError, AddressRefusedError. */
  async file(agent: A2aAgent, url: string, signal: AbortSignal): Promise<Uint8Array> {
    const limits = { bytesMax: LIMITS.artifactBytesMax, timeoutMs: CALL_TIMEOUT_MS };
    // A file may be anywhere; credentials are for addresses of the agent only.
    const own = new Set(ownOrigins(agent.card));
    const fetchFile = this.#fetch(own.has(new URL(url).origin) ? agent : { ...agent, auth: { type: "none" } }, limits);
    const response = await fetchFile(url, { signal });
    if (!response.ok)
      throw new RemoteAgentError("REMOTE_REFUSED", agent.name, { message: `HTTP ${response.status}`, hint: "" });
    return new Uint8Array(await response.arrayBuffer());
  }

  async #call<Result>(
    agent: A2aAgent,
    { timeoutMs = CALL_TIMEOUT_MS }: Call,
    work: (client: Client) => Promise<Result>,
  ): Promise<Result> {
    const sdk = await import("@a2a-js/sdk/client");
    const fetchImpl = this.#fetch(agent, { bytesMax: LIMITS.remoteResponseBytesMax, timeoutMs });
    const options = { fetchImpl, legacyCompat: { enabled: true } };
    const factory = new sdk.ClientFactory({
      transports: [new sdk.JsonRpcTransportFactory(options), new sdk.RestTransportFactory(options)],
    });
    try {
      const { AgentCard: codec } = await import("@a2a-js/sdk");
      return await work(await factory.createFromAgentCard(codec.fromJSON(agent.card)));
    } catch (error) {
      throw protocolError(agent.name, error);
    }
  }

  #fetch(agent: Place, limits: { readonly bytesMax: number; readonly timeoutMs: number }): typeof fetch {
    const { fetch, clock } = this.#parts;
    return boundedFetch({
      agent: agent.name,
      fetch,
      clock,
      ...limits,
      credentials: (origin) => this.#credentials(agent, origin),
    });
  }

  #credentials({ workspace, name, auth }: Place, origin: string): Readonly<Record<string, string>> {
    if (auth.type === "none") return {};
    const found = this.#parts.secret(workspace, auth.secret);
    if (found === undefined || !found.origins.includes(origin))
      throw new RemoteAgentError("REMOTE_SECRET_REFUSED", name, {
        message:
          found === undefined
            ? `there is no secret ${auth.secret} in the workspace`
            : `the secret ${auth.secret} is not bound to ${origin}`,
        hint: `Store it for this address only: caxton secret set ${auth.secret} --origin ${origin}.`,
      });
    return headersOf(auth, found.read());
  }
}

const headersOf = (auth: Exclude<A2aAuth, { type: "none" }>, value: string): Readonly<Record<string, string>> =>
  auth.type === "bearer" ? { authorization: `Bearer ${value}` } : { [auth.header.toLowerCase()]: value };

const isNamed = (error: unknown, ...names: readonly string[]): boolean =>
  error instanceof RemoteAgentError && error.cause instanceof Error && names.includes(error.cause.name);

const BINDINGS = new Set(["JSONRPC", "HTTP+JSON"]);
const isSupported = ({ url, protocolBinding }: AgentCard["supportedInterfaces"][number]): boolean =>
  BINDINGS.has(protocolBinding) && URL.canParse(url);

/** A card of this version as it came, or one of version 0.3 in the form of this one. */
async function readCard(given: JsonObject): Promise<ReadCard> {
  const [{ AgentCard: codec }, { DefaultAgentCardResolver }] = await Promise.all([
    import("@a2a-js/sdk"),
    import("@a2a-js/sdk/client"),
  ]);
  if ("supportedInterfaces" in given) return { card: codec.fromJSON(given), json: given };
  const card = new DefaultAgentCardResolver({ legacyCompat: { enabled: true } }).normalizeAgentCard(given);
  const json = JsonObject.parse(JSON.parse(JSON.stringify(codec.toJSON(card))));
  return { card: codec.fromJSON(json), json };
}

/** Origins of the addresses in a card. */
function ownOrigins(card: JsonObject): readonly string[] {
  const listed = card["supportedInterfaces"];
  const urls = Array.isArray(listed) ? listed.map((each) => Object(each).url) : [];
  return urls.flatMap((url) => (typeof url === "string" && URL.canParse(url) ? [new URL(url).origin] : []));
}

/** The address of a card, from that of the card or of its agent. */
function cardAddress(url: string): string {
  const parsed = new URL(url);
  if (parsed.pathname.endsWith(".json")) return parsed.href;
  if (!parsed.pathname.endsWith("/")) parsed.pathname += "/";
  return new URL(CARD_PATH, parsed).href;
}

async function verify({ card, json }: ReadCard, name: string, keys: readonly JsonObject[]): Promise<void> {
  const { canonicalizeAgentCard } = await import("@a2a-js/sdk");
  if (isSignedBy(keys, canonicalizeAgentCard(Object.assign(Object(json))), card.signatures)) return;
  throw new RemoteAgentError("REMOTE_CARD_UNSIGNED", name, {
    message: `no configured key has signed the card of ${name} as it is`,
    hint: "If its operator has a new key, add the agent again with it.",
  });
}

const cardInvalid = (name: string, message: string, cause?: unknown): RemoteAgentError =>
  new RemoteAgentError(
    "REMOTE_CARD_INVALID",
    name,
    { message, hint: "The address is that of an A2A agent, or of its card." },
    { cause },
  );

function protocolError(agent: string, error: unknown): unknown {
  if (error instanceof CaxtonError || !(error instanceof Error) || error.name === "AbortError") return error;
  const options = { cause: error };
  const message = `${agent} refused the request: ${error.name}: ${error.message}`;
  if (error instanceof SyntaxError || error instanceof TypeError || error.name === "Error")
    return new RemoteAgentError(
      "REMOTE_RESPONSE_INVALID",
      agent,
      {
        message: `${agent} sent an invalid response: ${error.message}`,
        hint: "Its server may not speak A2A at the address in its card.",
        outcome: "unknown",
      },
      options,
    );
  const outcome = "envelopeCode" in error && error.envelopeCode === INTERNAL_ERROR ? "unknown" : "refused";
  return new RemoteAgentError("REMOTE_REFUSED", agent, { message, hint: "", outcome }, options);
}
