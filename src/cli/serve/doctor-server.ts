import { ROUTES, type Status, system } from "../../api/contract/index.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import type { Finding } from "./doctor-machine.ts";
import { packageVersion } from "../../kernel/package.ts";
import type { Context } from "../frame/index.ts";
import { countOf, oneLine } from "../terminal/index.ts";

const PROBE_MS = 3_000;

export type ServerFindings = { readonly answers: boolean; readonly findings: readonly Finding[] };

/** What a running server says of itself; that none runs is no failure. */
export async function checkServer({ client }: Context): Promise<ServerFindings> {
  try {
    const { value } = await client.request({ path: ROUTES.status, schema: system.Status, timeoutMs: PROBE_MS });
    const here = packageVersion();
    const same = value.version === here;
    const note = `answers at ${client.server.origin}, version ${value.version}`;
    const fix = same ? "" : `this command is ${here}; use the same version for both`;
    const server: Finding = { check: "server", state: same ? "ok" : "warn", note, fix };
    return { answers: true, findings: [server, ...models(value), ...toolServers(value)] };
  } catch (error) {
    if (!(error instanceof CaxtonError)) throw error;
    const unreachable = error.code === "SERVER_UNREACHABLE";
    const finding: Finding = {
      check: "server",
      state: unreachable ? "ok" : "fail",
      note: unreachable ? `none runs at ${client.server.origin}` : error.message,
      fix: error.hint,
    };
    return { answers: false, findings: [finding] };
  }
}

function models({ default_model: standard, models: providers }: Status): Finding[] {
  const check = "models";
  const provider = providers.find((each) => each.provider === standard.split("/")[0]);
  if (provider?.provider === "mock") {
    const fix = "start the server with OPENAI_API_KEY set, or set models.default in caxton.toml";
    return [{ check, state: "warn", note: "no language model is configured; the built-in mock answers", fix }];
  }
  if (provider?.ready) return [{ check, state: "ok", note: `${standard}: ${oneLine(provider.note)}`, fix: "" }];
  return [{ check, state: "fail", note: `${standard} cannot be used`, fix: oneLine(provider?.note ?? "") }];
}

function toolServers({ tool_servers: servers }: Status): Finding[] {
  const broken = servers.filter(({ state }) => state === "failed" || state === "quarantined");
  if (broken.length === 0)
    return [{ check: "tool servers", state: "ok", note: countOf(servers.length, "server"), fix: "" }];
  return broken.map(({ name, state }) => ({
    check: "tool servers",
    state: "fail",
    note: `${name} is ${state}`,
    fix: `caxton tool get ${name}`,
  }));
}
