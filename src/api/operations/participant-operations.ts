import type { Clock } from "../../kernel/clock.ts";
import type { Participant, Participants, Registration, RegistrationChange } from "../../messaging/directory/index.ts";
import type { Directory, Provider, Router } from "../../messaging/router/index.ts";
import type * as contract from "../contract/index.ts";
import type { AskedIds } from "./asked-ids.ts";
import { orAsItIs } from "./done-already.ts";
import { instant } from "./present-run.ts";
import { DEFAULT_WORKSPACE } from "./default-workspace.ts";

export type ParticipantServices = {
  readonly participants: Participants;
  readonly directory: Pick<Directory, "capabilities" | "providers">;
  readonly router: Router;
  readonly clock: Clock;
};

function presentParticipant(
  { participants, router }: ParticipantServices,
  { name, description, registeredAtMs, tokenHash }: Participant,
): contract.Participant {
  const seenAtMs = participants.seenAtMs(DEFAULT_WORKSPACE, name);
  const own = participants.registrations(DEFAULT_WORKSPACE).filter(({ agent }) => agent === name);
  return {
    name,
    description,
    registered_at: instant(registeredAtMs),
    seen_at: seenAtMs === undefined ? null : instant(seenAtMs),
    waiting: router.records.mailbox(DEFAULT_WORKSPACE, name).messages,
    capabilities: own.map(({ capability }) => capability),
    has_token: tokenHash !== undefined,
  };
}

/** One page of what is in memory, in its order, after the item whose key is `cursor`. */
function pageOf<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
): { items: Item[]; next: string | null } {
  const after = cursor === undefined ? items : items.filter((item) => keyOf(item) > cursor);
  const shown = after.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown, next: after.length > limit && last !== undefined ? keyOf(last) : null };
}

/** By name. */
export function listParticipants(
  services: ParticipantServices,
  query: { readonly cursor?: string | undefined; readonly limit: number },
): contract.ParticipantPage {
  const { items, next } = pageOf(services.participants.list(DEFAULT_WORKSPACE), ({ name }) => name, query);
  return { items: items.map((each) => presentParticipant(services, each)), next };
}

/** Throws ParticipantNotFoundError. */
export const getParticipant = (services: ParticipantServices, name: string): contract.Participant =>
  presentParticipant(services, services.participants.get(DEFAULT_WORKSPACE, name));

/** With its token when it is new. Throws what `Participants.register` does. */
export async function registerParticipant(
  services: ParticipantServices,
  { name, description }: { readonly name: string; readonly description: string },
  asked?: AskedIds,
): Promise<contract.RegisteredParticipant> {
  const { participants } = services;
  const { participant, token } = await participants.register(DEFAULT_WORKSPACE, name, description, asked?.request);
  return { ...presentParticipant(services, participant), token: token ?? null };
}

/** A new token; the one before ends at once. Throws ParticipantNotFoundError. */
export async function rotateParticipantToken(
  services: ParticipantServices,
  name: string,
): Promise<contract.RegisteredParticipant> {
  const { participant, token } = await services.participants.rotateToken(DEFAULT_WORKSPACE, name);
  return { ...presentParticipant(services, participant), token };
}

/** Nobody speaks as it any more. Throws ParticipantNotFoundError. */
export const revokeParticipantToken = async (
  services: ParticipantServices,
  name: string,
): Promise<contract.Participant> =>
  presentParticipant(services, await services.participants.revokeToken(DEFAULT_WORKSPACE, name));

/** Throws ParticipantNotFoundError. */
export async function removeParticipant(
  { participants, router }: ParticipantServices,
  name: string,
): Promise<{ readonly name: string }> {
  const removed = participants.get(DEFAULT_WORKSPACE, name);
  await participants.remove(DEFAULT_WORKSPACE, name);
  await router.removed(DEFAULT_WORKSPACE, removed.name);
  return { name };
}

function presentProvider(
  { participants, router }: ParticipantServices,
  provider: Provider,
  registration: Registration | undefined,
): contract.CapabilityProvider {
  const { load, score } = router.standing(DEFAULT_WORKSPACE, provider);
  return {
    registration_id: registration?.id ?? null,
    agent: provider.name,
    capability: provider.capability,
    version: provider.version,
    priority: provider.priority,
    status: provider.status,
    load,
    score: score ?? null,
    source:
      registration !== undefined
        ? "registration"
        : participants.find(DEFAULT_WORKSPACE, provider.name) === undefined
          ? "fipa"
          : "definition",
    health_check_url: registration?.healthCheckUrl ?? null,
    metadata: { ...registration?.metadata },
  };
}

/** A capability with its providers, the one that is chosen first on top; without any when nobody provides it. */
export function getCapability(services: ParticipantServices, name: string): contract.Capability {
  const { directory, participants } = services;
  const registrations = participants.registrations(DEFAULT_WORKSPACE).filter(({ capability }) => capability === name);
  const providers = directory.providers(DEFAULT_WORKSPACE, name).map((provider) =>
    presentProvider(
      services,
      provider,
      registrations.find(({ agent }) => agent === provider.name),
    ),
  );
  return { name, providers: providers.toSorted((one, other) => (other.score ?? -1) - (one.score ?? -1)) };
}

/** By name. */
export function listCapabilities(
  services: ParticipantServices,
  query: {
    readonly agent?: string | undefined;
    readonly status?: string | undefined;
    readonly cursor?: string | undefined;
    readonly limit: number;
  },
): contract.CapabilityPage {
  const names = [...services.directory.capabilities(DEFAULT_WORKSPACE)].toSorted();
  const all = names
    .map((name) => getCapability(services, name))
    .filter(
      ({ providers }) =>
        (query.agent === undefined || providers.some(({ agent }) => agent === query.agent)) &&
        (query.status === undefined || providers.some(({ status }) => status === query.status)),
    );
  return pageOf(all, ({ name }) => name, query);
}

const presentRegistration = (services: ParticipantServices, registration: Registration): contract.CapabilityProvider =>
  presentProvider(services, { ...registration, name: registration.agent }, registration);

/** Throws what `Participants.registerCapability` does. */
export const registerCapability = async (
  services: ParticipantServices,
  body: {
    readonly agent: string;
    readonly capability: string;
    readonly version: string;
    readonly priority: number;
    readonly health_check_url?: string | undefined;
    readonly metadata: Registration["metadata"];
  },
  asked?: AskedIds,
): Promise<contract.CapabilityProvider> => {
  const { health_check_url: healthCheckUrl, ...rest } = body;
  const given = { ...rest, healthCheckUrl, workspace: DEFAULT_WORKSPACE };
  const registered = await orAsItIs(
    asked,
    () => services.participants.registerCapability(given),
    () =>
      services.participants
        .registrations(DEFAULT_WORKSPACE)
        .find((each) => each.agent === body.agent && each.capability === body.capability),
  );
  return presentRegistration(services, registered);
};

/** Throws RegistrationNotFoundError. */
export const getRegistration = (services: ParticipantServices, id: string): contract.CapabilityProvider =>
  presentRegistration(services, services.participants.registration(DEFAULT_WORKSPACE, id));

/** Throws RegistrationNotFoundError, CapabilityVersionError. */
export async function updateRegistration(
  services: ParticipantServices,
  id: string,
  body: Omit<RegistrationChange, "loadScore" | "healthCheckUrl"> & {
    readonly load?: number | undefined;
    readonly health_check_url?: string | null | undefined;
  },
): Promise<contract.CapabilityProvider> {
  const { load: loadScore, health_check_url: healthCheckUrl, ...rest } = body;
  const change = { ...rest, loadScore, healthCheckUrl };
  return presentRegistration(services, await services.participants.changeRegistration(DEFAULT_WORKSPACE, id, change));
}

/** Throws RegistrationNotFoundError. */
export async function removeRegistration(
  { participants }: ParticipantServices,
  id: string,
): Promise<{ readonly id: string }> {
  await participants.removeRegistration(DEFAULT_WORKSPACE, id);
  return { id };
}

/** Everybody's mailbox, those with the most waiting first. */
export function listMailboxes({ router }: ParticipantServices): contract.MailboxList {
  const items = router.records.mailboxes(DEFAULT_WORKSPACE).map((view) => {
    const { name, messages, bytes, leased, retrying, breaker, isPaused, averageMs } = view;
    const state = { messages, bytes, leased, retrying, breaker, paused: isPaused };
    return { name, presence: view.presence ?? ("gone" as const), ...state, average_ms: averageMs ?? null };
  });
  return { items: items.toSorted((one, other) => other.messages - one.messages) };
}
