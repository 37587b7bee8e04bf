import { operations, DOCUMENTS, type Status, system } from "../../api/contract/index.ts";
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
    const { value } = await client.call(operations.server.status, {}, { timeoutMs: PROBE_MS });
    const here = packageVersion();
    const same = value.version === here;
    const note = `answers at ${client.server.origin}, version ${value.version}`;
    const fix = same ? "" : `this command is ${here}; use the same version for both`;
    const server: Finding = { check: "server", state: same ? "ok" : "warn", note, fix };
    const failing = await parts(client);
    const found = [
      ...failing,
      ...models(value),
      ...(await localModels(client, value)),
      memory(value),
      ...toolServers(value, failing),
    ];
    return { answers: true, findings: [server, ...found] };
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

/** The parts of the server that its readiness probe finds wrong; those that are being deployed are not. */
async function parts(client: Context["client"]): Promise<Finding[]> {
  const { value } = await client.request({
    path: DOCUMENTS.ready,
    schema: system.Ready,
    timeoutMs: PROBE_MS,
    accepts: [503],
  });
  if (value.status !== "failing") return [];
  return Object.entries(value.checks)
    .filter(([, { ok }]) => !ok)
    .map(([check, { note }]) => ({ check, state: "fail", note: oneLine(note), fix: "" }));
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

/** What a model server on this machine has, said only where no other model is configured. */
async function localModels(client: Context["client"], { default_model: standard }: Status): Promise<Finding[]> {
  if (standard !== "mock") return [];
  const { value } = await client.call(operations.model.list, { discover: "true" }, { timeoutMs: PROBE_MS });
  return value.local
    .filter(({ answers }) => answers)
    .map(({ provider, address, models: own }) => {
      const [first] = own;
      const note = `${provider} answers at ${address} with ${countOf(own.length, "model")}`;
      const fix =
        first === undefined
          ? "pull one: ollama pull llama3.1:8b"
          : `write models.default = "${oneLine(first.id)}" in caxton.toml`;
      return { check: "models", state: "ok", note, fix };
    });
}

/** What makes room again. */
const ROOM = {
  entities: "caxton memory prune, forget some, or raise memory.max_entities",
  vectors: "forget some and caxton memory reindex, or caxton memory migrate to another place",
} as const;

function memory({ memory: { backend, ready, note, limits } }: Status): Finding {
  const check = "memory";
  const near = limits.find((limit) => limit.near);
  if (ready && near !== undefined) {
    return { check, state: "warn", note: `${near.used} of ${near.max} ${near.what}`, fix: ROOM[near.what] };
  }
  return ready
    ? { check, state: "ok", note: oneLine(`${backend}: ${note}`), fix: "" }
    : { check, state: "fail", note: `${oneLine(backend)} is not ready`, fix: oneLine(note) };
}

function toolServers({ tool_servers: servers }: Status, failing: readonly Finding[]): Finding[] {
  const broken = servers.filter(({ state }) => state === "failed" || state === "quarantined");
  const isDeployed = !failing.some(({ check }) => check === "tools");
  if (broken.length === 0 && isDeployed)
    return [{ check: "tool servers", state: "ok", note: countOf(servers.length, "server"), fix: "" }];
  return broken.map(({ name, state }) => ({
    check: "tool servers",
    state: "fail",
    note: `${name} is ${state}`,
    fix: `caxton tool get ${name}`,
  }));
}
