import type { AgentCard, AgentInterface, AgentSkill, SecurityScheme } from "@a2a-js/sdk";
import type { JsonObject } from "../../kernel/json.ts";
import type { AgentDetail, AgentSummary } from "../contract/index.ts";

export type CardOptions = {
  /** Whether requests need credentials. */
  readonly needsCredentials: boolean;
  /** Issuers whose tokens are accepted. */
  readonly issuers: readonly string[];
  readonly version: string;
};

const TEXT = "text/plain";
const JSON_TYPE = "application/json";
export const VERSION = "1.0";
/** Path of the public keys that sign cards, as a JWK set. */
export const KEYS_PATH = "/.well-known/jwks.json";
/** An extension that only describes: its parameters are details of the agents. */
const DETAILS = "urn:caxton:a2a:agents";
const BINDINGS = ["JSONRPC", "HTTP+JSON"];

const skillOf = (
  id: string,
  { name, description, capabilities }: Pick<AgentSummary, "name" | "description" | "capabilities">,
): AgentSkill => ({
  id,
  name: id,
  description: description === "" ? `What ${name} does` : description,
  tags: [...capabilities],
  examples: [],
  inputModes: [],
  outputModes: [],
  securityRequirements: [],
});

function schemesOf({
  needsCredentials,
  issuers,
}: CardOptions): Pick<AgentCard, "securitySchemes" | "securityRequirements"> {
  if (!needsCredentials) return { securitySchemes: {}, securityRequirements: [] };
  const securitySchemes: Record<string, SecurityScheme> = {
    bearer: {
      scheme: {
        $case: "httpAuthSecurityScheme",
        value: { description: "An API key or a token of a program", scheme: "Bearer", bearerFormat: "" },
      },
    },
    key: {
      scheme: {
        $case: "apiKeySecurityScheme",
        value: { description: "An API key", location: "header", name: "X-API-Key" },
      },
    },
  };
  for (const [index, issuer] of issuers.entries())
    securitySchemes[`openid${index === 0 ? "" : index + 1}`] = {
      scheme: {
        $case: "openIdConnectSecurityScheme",
        value: {
          description: "A token of an identity provider",
          openIdConnectUrl: `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
        },
      },
    };
  const securityRequirements = Object.keys(securitySchemes).map((name) => ({ schemes: { [name]: { list: [] } } }));
  return { securitySchemes, securityRequirements };
}

type Described = Pick<AgentCard, "name" | "description" | "version" | "skills" | "supportedInterfaces">;

const interfaceAt = (url: string, protocolBinding: string, tenant = ""): AgentInterface => ({
  url,
  protocolBinding,
  tenant,
  protocolVersion: VERSION,
});

/** gRPC has one address for all agents. */
function grpcAt(base: string, tenant = ""): AgentInterface {
  const { protocol, hostname, port } = new URL(base);
  return interfaceAt(`${hostname}:${port || (protocol === "https:" ? 443 : 80)}`, "GRPC", tenant);
}

const cardOf = (described: Described, options: CardOptions): AgentCard => ({
  ...described,
  ...schemesOf(options),
  provider: undefined,
  documentationUrl: undefined,
  capabilities: { streaming: true, pushNotifications: true, extensions: [], extendedAgentCard: true },
  defaultInputModes: [TEXT, JSON_TYPE, "image/*", "application/pdf", "application/octet-stream"],
  defaultOutputModes: [TEXT, JSON_TYPE],
  signatures: [],
});

/** The card of an agent. Each of its capabilities is a skill. */
export const agentCard = (agent: AgentDetail, base: string, options: CardOptions): AgentCard =>
  cardOf(
    {
      supportedInterfaces: [
        ...BINDINGS.map((binding) => interfaceAt(`${base}/a2a/${encodeURIComponent(agent.name)}`, binding)),
        grpcAt(base, agent.name),
      ],
      name: agent.name,
      description: agent.description === "" ? `The agent ${agent.name}` : agent.description,
      version: agent.version,
      skills: (agent.capabilities.length === 0 ? [agent.name] : agent.capabilities).map((id) => skillOf(id, agent)),
    },
    options,
  );

/** The card of the server: each agent that the caller may see is a skill. A client without credentials sees none. */
export const serverCard = (agents: readonly AgentSummary[], base: string, options: CardOptions): AgentCard =>
  cardOf(
    {
      supportedInterfaces: [interfaceAt(`${base}/a2a`, "JSONRPC"), grpcAt(base)],
      name: "Caxton",
      description: `Agents of a Caxton server. A request names its agent as tenant. The card of an agent is at ${base}/a2a/<agent>/.well-known/agent-card.json.`,
      version: options.version,
      skills: agents.map((agent) => skillOf(agent.name, agent)),
    },
    options,
  );

const detailsOf = ({ revision, state, tools, model }: AgentSummary): JsonObject => ({
  revision,
  state,
  tools,
  model,
});

const withDetails = (card: AgentCard, params: JsonObject): AgentCard => ({
  ...card,
  capabilities: {
    ...card.capabilities,
    extensions: [{ uri: DETAILS, description: "Details of the agents", required: false, params }],
  },
});

/** The card of an agent with its documentation, model, tools and the agents that it involves. */
export function extendedAgentCard(agent: AgentDetail, base: string, options: CardOptions): AgentCard {
  const { name, documentation, agents, handoffs } = agent;
  const details = { ...detailsOf(agent), documentation, agents, handoffs };
  return withDetails(agentCard(agent, base, options), { [name]: details });
}

/** The card of the server with model, tools and state of each agent. */
export const extendedServerCard = (agents: readonly AgentSummary[], base: string, options: CardOptions): AgentCard =>
  withDetails(
    serverCard(agents, base, options),
    Object.fromEntries(agents.map((agent) => [agent.name, detailsOf(agent)])),
  );
