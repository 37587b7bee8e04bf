import type { AgentCard } from "@a2a-js/sdk";
import { UnsupportedOperationError } from "@a2a-js/sdk/errors";
import * as z from "zod";
import { type AgentSummary, operations } from "../contract/index.ts";
import type { Exchange } from "../http/index.ts";
import { type ApiServices, SentOnce } from "../operations/index.ts";
import { agentCard, serverCard } from "./card.ts";
import type { A2aOptions } from "./index.ts";
import { Requests } from "./requests.ts";

const Named = z.object({ agent: z.string().optional() });
const AGENTS_MAX = 1_000;

const agentOf = ({ request }: Exchange): string | undefined => Named.parse(request.params).agent;

/** Where the client of a request reaches the server. */
function baseOf({ request }: Exchange, { publicUrl }: A2aOptions): string {
  const { protocol, headers } = request;
  return publicUrl?.replace(/\/$/, "") ?? `${protocol}://${headers.host ?? "localhost"}`;
}

/** The card of an agent, or of the server; a client without credentials sees no agents in it. */
export async function cardFor(exchange: Exchange, options: A2aOptions, agent = agentOf(exchange)): Promise<AgentCard> {
  const base = baseOf(exchange, options);
  if (agent !== undefined)
    return agentCard(await exchange.caller.perform(operations.agent.get, { name: agent }), base, options);
  const agents: AgentSummary[] = [];
  let cursor: string | undefined;
  while (exchange.hasCaller && agents.length < AGENTS_MAX) {
    const page = await exchange.caller.perform(operations.agent.list, {
      limit: 100,
      ...(cursor !== undefined && { cursor }),
    });
    agents.push(...page.items);
    if (page.next === null) break;
    cursor = page.next;
  }
  return serverCard(agents, base, options);
}

export const openRequests = (exchange: Exchange, services: ApiServices, options: A2aOptions): Requests =>
  new Requests({
    caller: exchange.caller,
    agent: agentOf(exchange),
    base: baseOf(exchange, options),
    nowMs: () => services.server.clock.nowMs(),
    sentOnce: new SentOnce(services, {
      protocol: "a2a",
      refusal: () => new UnsupportedOperationError("the same message is being handled"),
    }),
    card: (agent) => cardFor(exchange, options, agent),
  });
