import { FileBroker } from "../backends/disk/index.ts";
import { log } from "../kernel/log.ts";
import { type Broker, hostRefused } from "../sandbox/index.ts";
import type { LoadedConfig } from "./config.ts";

const none = () => Promise.resolve(hostRefused("unavailable", "this server has no network for tools"));

/** Everything that guests may reach, behind their grants. */
export function openBroker({ config, environment }: LoadedConfig): Broker {
  const files = new FileBroker({
    root: config.files.root,
    audit: (record) => log.debug(record, "a tool used a grant"),
  });
  return {
    files,
    http: { fetch: none },
    state: { get: none, set: none, delete: none, list: none },
    environment: (_server, grants) =>
      grants.environment.flatMap((name) => {
        const value = environment[name];
        return value === undefined ? [] : [{ name, value }];
      }),
    confidential: () => [],
  };
}
