import { type AgentIdentifier, agentIdentifier } from "../../messaging/acl/index.ts";
import { type Names } from "./translate.ts";
import { type RemoteAgents, type Service } from "./remote-agents.ts";
import { headOf, membersOf, readSl, type Sl, slotOf, textOf, writeSl } from "./sl.ts";

/** An agent of this server, as others may know of it. */
export type LocalAgent = { readonly name: string; readonly capabilities: readonly string[] };

export type ManagementParts = {
  readonly names: Names;
  readonly remotes: RemoteAgents;
  readonly agents: () => Iterable<LocalAgent>;
};

/** What the platform's own agents answer. */
export type Answer = {
  readonly performative: "inform" | "refuse" | "failure" | "not-understood";
  readonly content: string;
};

const RESULTS_MAX = 100;
const TRANSPORT = "fipa.mts.mtp.http.std";

/**
 * A request to the agent management system (`ams`: get-description, search) or the directory facilitator (`df`: register,
 * deregister, modify, search), in fipa-sl0. `sender` is the requester, which may register only itself. Throws
 * FipaContentError if the content is not an expression.
 */
export function manage(
  parts: ManagementParts,
  service: "ams" | "df",
  { content, sender }: { readonly content: string; readonly sender: AgentIdentifier },
): Answer {
  const outer = readSl(content);
  const action = headOf(outer) === "action" ? outer : Array.isArray(outer) ? outer[0] : undefined;
  if (!Array.isArray(action) || headOf(action) !== "action")
    return refusal("not-understood", outer, ["unsupported-value", "action"]);
  const [, , act] = action;
  switch (`${service} ${headOf(act)}`) {
    case "ams get-description":
      return result(action, [description(parts)]);
    case "ams search":
      return result(action, limited(act, searchAgents(parts, act)));
    case "df search":
      return result(action, limited(act, searchServices(parts, act)));
    case "df register":
    case "df modify":
    case "df deregister":
      return changeEntry(parts, sender, action);
    default:
      return refusal("refuse", action, ["unsupported-function", headOf(act)]);
  }
}

const refusal = (performative: "refuse" | "failure" | "not-understood", action: Sl, reason: Sl): Answer => ({
  performative,
  content: writeSl([action, reason]),
});
const result = (action: Sl, found: readonly Sl[]): Answer => ({
  performative: "inform",
  content: writeSl([["result", action, ["sequence", ...found]]]),
});
const done = (action: Sl): Answer => ({ performative: "inform", content: writeSl([["done", action]]) });

const identifierSl = ({ name, addresses }: AgentIdentifier): Sl => [
  "agent-identifier",
  ":name",
  name,
  ...(addresses.length === 0 ? [] : [":addresses", ["sequence", ...addresses]]),
];

function identifierOf(expression: Sl | undefined): AgentIdentifier | undefined {
  const name = textOf(slotOf(expression, ":name"));
  const addresses = membersOf(slotOf(expression, ":addresses")).flatMap((each) => textOf(each) ?? []);
  return name === undefined || headOf(expression) !== "agent-identifier" ? undefined : agentIdentifier(name, addresses);
}

const description = ({ names }: ManagementParts): Sl => [
  "ap-description",
  ":name",
  names.platform,
  ":ap-services",
  ["set", ["ap-service", ":name", TRANSPORT, ":type", TRANSPORT, ":addresses", ["sequence", names.address]]],
];

/** What a search finds, at most as many as its constraints or this server allow. */
function limited(act: Sl | undefined, found: readonly Sl[]): readonly Sl[] {
  const constraints = Array.isArray(act) ? act.find((part) => headOf(part) === "search-constraints") : undefined;
  const asked = Number(textOf(slotOf(constraints, ":max-results")) ?? RESULTS_MAX);
  return found.slice(0, Number.isInteger(asked) && asked >= 0 ? Math.min(asked, RESULTS_MAX) : RESULTS_MAX);
}

const isSame = (asked: Sl | undefined, held: string): boolean =>
  asked === undefined || textOf(asked)?.toLowerCase() === held.toLowerCase();

function searchAgents({ names, agents }: ManagementParts, act: Sl | undefined): readonly Sl[] {
  const asked = textOf(slotOf(slotOf(Array.isArray(act) ? act[1] : undefined, ":name"), ":name"));
  return [...agents()]
    .map(({ name }) => names.outside(name))
    .filter(({ name }) => isSame(asked, name))
    .map((id) => [
      "ams-agent-description",
      ":name",
      identifierSl(id),
      ":ownership",
      names.platform,
      ":state",
      "active",
    ]);
}

type Entry = { readonly id: AgentIdentifier; readonly services: readonly Service[] };

const entries = ({ names, remotes, agents }: ManagementParts): readonly Entry[] => [
  ...[...agents()].map(({ name, capabilities }) => ({
    id: names.outside(name),
    services: capabilities.map((capability) => ({ name: capability, type: capability })),
  })),
  ...remotes.all().filter(({ services }) => services.length > 0),
];

const offers = (services: readonly Service[], want: Sl): boolean =>
  services.some(({ name, type }) => isSame(slotOf(want, ":type"), type) && isSame(slotOf(want, ":name"), name));

/** A template asks for a name, and for services of which each must be offered. */
function searchServices(parts: ManagementParts, act: Sl | undefined): readonly Sl[] {
  const template = Array.isArray(act) ? act[1] : undefined;
  const asked = textOf(slotOf(slotOf(template, ":name"), ":name"));
  const wanted = membersOf(slotOf(template, ":services"));
  return entries(parts)
    .filter(({ id, services }) => isSame(asked, id.name) && wanted.every((want) => offers(services, want)))
    .map(({ id, services }) => [
      "df-agent-description",
      ":name",
      identifierSl(id),
      ":services",
      ["set", ...services.map(({ name, type }): Sl => ["service-description", ":name", name, ":type", type])],
    ]);
}

function changeEntry({ remotes }: ManagementParts, sender: AgentIdentifier, action: readonly Sl[]): Answer {
  const [, , act] = action;
  const entry = Array.isArray(act) ? act[1] : undefined;
  const id = identifierOf(slotOf(entry, ":name"));
  if (id === undefined) return refusal("refuse", action, ["missing-parameter", "df-agent-description", "name"]);
  if (id.name.toLowerCase() !== sender.name.toLowerCase()) return refusal("refuse", action, ["unauthorised"]);
  const isRegistered = (remotes.find(id.name)?.services.length ?? 0) > 0;
  const kind = headOf(act);
  if (kind === "register" && isRegistered) return refusal("failure", action, ["already-registered"]);
  if (kind !== "register" && !isRegistered) return refusal("failure", action, ["not-registered"]);
  const services = kind === "deregister" ? [] : membersOf(slotOf(entry, ":services")).flatMap(serviceOf);
  if (kind !== "deregister" && services.length === 0)
    return refusal("refuse", action, ["missing-parameter", "df-agent-description", "services"]);
  remotes.offer(id.addresses.length === 0 ? { ...id, addresses: sender.addresses } : id, services);
  return done(action);
}

function serviceOf(expression: Sl): readonly Service[] {
  const type = textOf(slotOf(expression, ":type"));
  const name = textOf(slotOf(expression, ":name")) ?? type;
  return name === undefined ? [] : [{ name, type: type ?? name }];
}
