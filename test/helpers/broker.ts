import { type Broker, type FileAccess, hostRefused } from "../../src/tools/sandbox/index.ts";

const none = () => Promise.resolve(hostRefused("unavailable", "there is none in this test"));

/** A broker with files and variables, and nothing else behind it. */
export function brokerOf(files: FileAccess, environment: Readonly<Record<string, string>> = {}): Broker {
  return {
    files,
    http: { fetch: none },
    messages: { send: none },
    memory: { search: none },
    state: { get: none, set: none, delete: none, list: none },
    environment: (_server, grants) =>
      grants.environment.flatMap((name) => {
        const value = environment[name];
        return value === undefined ? [] : [{ name, value }];
      }),
    confidential: () => [],
  };
}
