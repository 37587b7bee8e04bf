import type { ServerFacts } from "../api/operations/index.ts";
import { packageVersion } from "../kernel/package.ts";
import type { Caxton } from "./compose.ts";
import { type LoadedConfig, publicConfig } from "./config/index.ts";
import type { Progress } from "./start.ts";
import type { Validity } from "./tls/index.ts";

/** Facts that the server reports about itself. */
export function serverFacts(
  { clock, tls, memory: { embedderFailure } }: Caxton,
  { config, origins, file }: LoadedConfig,
  progress: Progress,
): ServerFacts {
  const startedMs = clock.monotonicMs();
  return {
    clock,
    version: packageVersion(),
    startedAtMs: clock.nowMs(),
    uptimeMs: () => clock.monotonicMs() - startedMs,
    dataDirectory: config.data.directory,
    publicUrl: config.server.public_url,
    configuration: { config: publicConfig(config), origins, file: file ?? null },
    checks: () => ({
      tools: progressOf(progress.tools, "tool servers"),
      agents: progressOf(progress.definitions, "definitions"),
      embedder: { ok: embedderFailure === undefined, note: embedderFailure ?? "available" },
      ...(tls && { tls: checkOf(tls.validity()) }),
    }),
  };
}

const checkOf = ({ state, note }: Validity) => ({ ok: state !== "fail", note });
const progressOf = (done: boolean, what: string) => ({ ok: done, note: `${what} are ${done ? "" : "being "}deployed` });
