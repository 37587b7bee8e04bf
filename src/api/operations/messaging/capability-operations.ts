import type { Registration } from "../../../messaging/directory/index.ts";
import type { Provider } from "../../../messaging/router/index.ts";
import type { MessagingServices } from "../../../messaging/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import { idempotent } from "../idempotent.ts";
import { cursors } from "../handles.ts";
import { pageByKey } from "../page.ts";
import { implement } from "../perform.ts";

function presentProvider(
  { participants, router }: MessagingServices,
  provider: Provider & { readonly workspace: string },
  registration: Registration | undefined,
): contract.CapabilityProvider {
  const { load, score } = router.standing(provider.workspace, provider);
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
        ? registration.metadata["source"] === "a2a" &&
          participants.remote(provider.workspace, provider.name) !== undefined
          ? "a2a"
          : "registration"
        : participants.find(provider.workspace, provider.name) === undefined
          ? "fipa"
          : "definition",
    health_check_url: registration?.healthCheckUrl ?? null,
    metadata: { ...registration?.metadata },
  };
}

/** Returns a capability with its providers, highest score first; an unknown capability has none. */
function withProviders(messaging: MessagingServices, workspace: string, name: string): contract.Capability {
  const { directory, participants } = messaging;
  const registrations = participants.registrations(workspace).filter(({ capability }) => capability === name);
  const providers = directory.providers(workspace, name).map((provider) =>
    presentProvider(
      messaging,
      { ...provider, workspace },
      registrations.find(({ agent }) => agent === provider.name),
    ),
  );
  return { name, providers: providers.toSorted((one, other) => (other.score ?? -1) - (one.score ?? -1)) };
}

const list = implement(operations.capability.list, ({ messaging }, query, { principal: { workspace } }) => {
  const names = [...messaging.directory.capabilities(workspace)].toSorted();
  const all = names
    .map((name) => withProviders(messaging, workspace, name))
    .filter(
      ({ providers }) =>
        (query.agent === undefined || providers.some(({ agent }) => agent === query.agent)) &&
        (query.status === undefined || providers.some(({ status }) => status === query.status)),
    );
  return pageByKey(all, ({ name }) => name, query, cursors.capabilities);
});

const get = implement(operations.capability.get, ({ messaging }, { name }, { principal }) =>
  withProviders(messaging, principal.workspace, name),
);

const presentRegistration = (messaging: MessagingServices, registration: Registration): contract.CapabilityProvider =>
  presentProvider(messaging, { ...registration, name: registration.agent }, registration);

/** Throws what `Participants.registerCapability` does. */
const register = implement(
  operations.capability.register,
  async ({ messaging }, body, { asked, principal: { workspace } }) => {
    const { participants } = messaging;
    const { health_check_url: healthCheckUrl, ...rest } = body;
    const registered = await idempotent(
      asked,
      () => participants.registerCapability({ ...rest, healthCheckUrl, workspace }),
      () =>
        participants
          .registrations(workspace)
          .find((each) => each.agent === body.agent && each.capability === body.capability),
    );
    return presentRegistration(messaging, registered);
  },
);

/** Throws RegistrationNotFoundError. */
const registration = implement(
  operations.capability.registration,
  ({ messaging }, { id }, { principal: { workspace } }) =>
    presentRegistration(messaging, messaging.participants.registration(workspace, id)),
);

/** Throws RegistrationNotFoundError, CapabilityVersionError. */
const updateRegistration = implement(
  operations.capability.updateRegistration,
  async (
    { messaging },
    { id, load: loadScore, health_check_url: healthCheckUrl, ...rest },
    { principal: { workspace } },
  ) => {
    const change = { ...rest, loadScore, healthCheckUrl };
    return presentRegistration(messaging, await messaging.participants.changeRegistration(workspace, id, change));
  },
);

/** Throws RegistrationNotFoundError. */
const deleteRegistration = implement(
  operations.capability.deleteRegistration,
  async ({ messaging: { participants } }, { id }, { principal: { workspace } }) => {
    await participants.removeRegistration(workspace, id);
    return { id };
  },
);

export const capabilityOperations = [
  list,
  get,
  register,
  registration,
  updateRegistration,
  deleteRegistration,
] as const;
