import { type Directory, type Provider } from "../../messaging/router/index.ts";
import { type RemoteAgents } from "./remote-agents.ts";

/** The capability that a service stands for: lower-case words with hyphens. */
const capabilityOf = (type: string): string =>
  type
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");

/** A directory that also knows agents of other platforms: their names can be written to, their services are capabilities. */
export function withRemoteAgents(inner: Directory, remotes: RemoteAgents): Directory {
  const merged = new Map<string, readonly Provider[]>();
  let services = new Map<string, Provider[]>();
  const read = (): void => {
    services = new Map();
    for (const { id, services: offered } of remotes.all()) {
      for (const capability of new Set(offered.map(({ type }) => capabilityOf(type)))) {
        const provider: Provider = {
          name: id.name,
          capability,
          version: "1.0.0",
          priority: 50,
          status: "active",
          loadScore: undefined,
        };
        services.set(capability, [...(services.get(capability) ?? []), provider]);
      }
    }
    merged.clear();
  };
  read();
  remotes.watch(read);
  inner.watch(() => merged.clear());
  return {
    find: (workspace, name) => {
      const found = inner.find(workspace, name);
      const remote = found === undefined && name.includes("@") ? remotes.find(name) : undefined;
      return remote === undefined ? found : { name: remote.id.name, presence: "participant" };
    },
    names: (workspace) => inner.names(workspace),
    providers: (workspace, capability) => {
      const remote = services.get(capability);
      if (remote === undefined) return inner.providers(workspace, capability);
      const key = JSON.stringify([workspace, capability]);
      const known = merged.get(key) ?? [...inner.providers(workspace, capability), ...remote];
      merged.set(key, known);
      return known;
    },
    capabilities: (workspace) => new Set([...inner.capabilities(workspace), ...services.keys()]),
    descriptions: (workspace, capability) => inner.descriptions(workspace, capability),
    watch: (listener) => {
      const watched = [inner.watch(listener), remotes.watch(listener)];
      return { [Symbol.dispose]: () => watched.forEach((each) => each[Symbol.dispose]()) };
    },
  };
}
