import * as z from "zod";
import type {
  ToolDetail,
  ToolPublisher,
  ToolServerDetail,
  ToolServerRecord,
  ToolServerSummary,
  ToolSignIn,
} from "../../api/contract/index.ts";
import { changeLines } from "./changes.ts";
import {
  type Look,
  oneLine,
  renderFields,
  safeText,
  showBytes,
  showCount,
  showSpan,
  type Tone,
} from "../terminal/index.ts";

export const STATE_TONES: { readonly [State in ToolServerDetail["state"]]: Tone } = {
  loaded: "green",
  running: "green",
  failed: "red",
  unloaded: "dim",
  draining: "yellow",
  paused: "yellow",
  pending: "yellow",
  quarantined: "yellow",
};

/** What a tool's calls do to the world, in a word. */
export const effects = ({ read_only: readOnly, idempotent, destructive }: ToolDetail): string => {
  if (readOnly) return "reads";
  if (destructive) return idempotent ? "destroys, repeatable" : "destroys";
  return idempotent ? "writes, repeatable" : "writes";
};

export const HEALTH_TONES: { readonly [Health in ToolServerSummary["health"]]: Tone } = {
  healthy: "green",
  degraded: "yellow",
  unhealthy: "red",
  unknown: "dim",
};

/** Signer of a tool server, as short text. */
export function publisherText({ state, name, key_id: keyId }: ToolPublisher): string {
  switch (state) {
    case "built-in":
      return "Caxton";
    case "signed":
      return name ?? "";
    case "unknown-key":
      return `unknown key ${keyId ?? ""}`;
    case "unsigned":
      return "unsigned";
    case "remote":
      return "remote";
  }
}

/** Formats the details of a tool server: its state, grants and calls. */
export function renderServer(server: ToolServerRecord, look: Look): string {
  const { style } = look;
  const { limits, health } = server;
  const revision = server.revision === null ? "" : `   revision ${server.revision}`;
  const version = server.version === "" ? "" : `   version ${server.version}`;
  const fuel = `${showCount(limits.fuel_per_call)} fuel, ${showBytes(limits.memory_bytes)} memory, `;
  const fields: [string, string][] = [
    ["Server", `${server.name}${version}${revision}   ${server.origin}`],
    ["Description", oneLine(server.description)],
    [
      "State",
      style(STATE_TONES[server.state], server.state) + (server.reason === "" ? "" : `: ${oneLine(server.reason)}`),
    ],
    ["Health", `${style(HEALTH_TONES[health.health], health.health)}: ${oneLine(health.note)}`],
    ...(server.sign_in === null ? [] : ([["Sign-in", signInText(server.sign_in)]] satisfies [string, string][])),
    ...(server.sandboxed
      ? ([
          ["Publisher", publisherText(server.publisher)],
          ["Module", `sha256 ${server.pins.module_hash}`],
        ] satisfies [string, string][])
      : ([["Sandboxed", style("yellow", "no: what it does is not Caxton's to see or to limit")]] satisfies [
          string,
          string,
        ][])),
    ["Grants", server.grant_list.join("\n") || "none: it can touch nothing outside its own memory"],
    [
      "Limits",
      `${server.sandboxed ? fuel : ""}${showSpan(limits.deadline_ms)}, ${showBytes(limits.result_bytes)} result`,
    ],
    ["Calls", callsText(server.usage)],
    ["Tools", server.tools.map((each) => `${each.id}  ${style("dim", oneLine(each.description))}`).join("\n")],
  ];
  if (server.pending !== null) {
    const lines = changeLines(server.pending.changes, style);
    fields.push([
      "Waits",
      [`revision ${server.pending.revision}   caxton tool accept ${server.name}`, ...lines].join("\n"),
    ]);
  }
  return renderFields(fields, look);
}

/** Who is signed in to a remote server, or why a user has to. */
export const signInText = ({ state, reason, issuer, signed_in_by: by, scopes }: ToolSignIn): string =>
  state === "signed-in"
    ? `${state} at ${oneLine(issuer ?? "")} by ${oneLine(by ?? "")}${scopes.length === 0 ? "" : `, scopes ${oneLine(scopes.join(" "))}`}`
    : `${state}${reason === "" ? "" : `: ${oneLine(reason)}`}`;

const callsText = ({ done, failed, denied, failures }: ToolServerRecord["usage"]): string => {
  const reasons = Object.entries(failures).map(([reason, count]) => `${reason} ${showCount(count)}`);
  const why = reasons.length === 0 ? "" : ` (${reasons.join(", ")})`;
  const refused = denied === 0 ? "" : `, ${showCount(denied)} denied`;
  return `${showCount(done)} done, ${showCount(failed)} failed${why}${refused}`;
};

const Properties = z.object({
  properties: z
    .record(
      z.string(),
      z.object({
        type: z.union([z.string(), z.array(z.string())]).optional(),
        enum: z.array(z.json()).optional(),
        default: z.json().optional(),
        description: z.string().optional(),
      }),
    )
    .default({}),
  required: z.array(z.string()).default([]),
});
type Property = z.infer<typeof Properties>["properties"][string];

/** Formats the details of a tool: its description and arguments. */
export function renderTool(found: ToolDetail, look: Look): string {
  const schema = Properties.safeParse(found.input_schema).data;
  const given = Object.entries(schema?.properties ?? {}).map(([name, property]) => {
    const kind = kindOf(property, schema?.required.includes(name) ?? false);
    return `${name}  ${look.style("dim", kind)}  ${oneLine(property.description ?? "")}`;
  });
  return renderFields(
    [
      ["Tool", found.id],
      ["Description", safeText(found.description)],
      ["Effect", effects(found)],
      ["Arguments", given.join("\n") || "none"],
      ["Schema", `caxton tool get ${found.id} -o json`],
    ],
    look,
  );
}

function kindOf({ type, enum: choices, default: standard }: Property, required: boolean): string {
  const types = choices ? choices.map((choice) => JSON.stringify(choice)) : [type ?? "any"].flat();
  if (required) return types.join(" | ");
  return `${types.join(" | ")}, ${standard === undefined ? "optional" : `default ${JSON.stringify(standard)}`}`;
}
