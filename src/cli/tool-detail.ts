import * as z from "zod";
import type { ToolDetail, ToolServerDetail } from "../api/contract/index.ts";
import {
  type Look,
  oneLine,
  renderFields,
  safeText,
  showBytes,
  showCount,
  showSpan,
  type Tone,
} from "./terminal/index.ts";

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
export const effects = ({ read_only: readOnly, idempotent }: ToolDetail): string => {
  if (readOnly) return "reads";
  return idempotent ? "writes, repeatable" : "writes";
};

/** A tool server, seen closely: what it is and may touch. */
export function renderServer(server: ToolServerDetail, look: Look): string {
  const { style } = look;
  const { limits, calls } = server;
  const fields: [string, string][] = [
    ["Server", `${server.name}   version ${server.version}`],
    ["Description", oneLine(server.description)],
    [
      "State",
      style(STATE_TONES[server.state], server.state) + (server.reason === "" ? "" : `: ${oneLine(server.reason)}`),
    ],
    ["Module", `sha256 ${server.module_hash}`],
    ["Grants", server.grants.join("\n") || "none: it can touch nothing outside its own memory"],
    [
      "Limits",
      `${showCount(limits.fuel_per_call)} fuel, ${showBytes(limits.memory_bytes)} memory, ${showSpan(limits.deadline_ms)}, ` +
        `${showBytes(limits.result_bytes)} result`,
    ],
    ["Calls", `${showCount(calls.done)} done, ${showCount(calls.failed)} failed, ${showCount(calls.denied)} denied`],
    ["Tools", server.tools.map((each) => `${each.id}  ${style("dim", oneLine(each.description))}`).join("\n")],
  ];
  return renderFields(fields, look);
}

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

/** A tool, seen closely: what it does and takes. */
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
