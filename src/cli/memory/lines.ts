import type { MemoryChange, MemoryEntity, MemoryHistory, MemoryObservation } from "../../api/contract/index.ts";
import { isJsonObject, type Json } from "../../kernel/json.ts";
import { type Look, oneLine, renderFields, type Tone } from "../terminal/index.ts";

/** Who said it: an agent with the run or message, a person, a tool. */
export function saidBy({ source, source_id: id, agent }: MemoryObservation["provenance"]): string {
  const where = id === null ? "" : ` ${source === agent ? "" : `${source} `}${id}`;
  return `${agent ?? source}${where}`;
}

const span = ({ valid_from: from, valid_to: to }: { valid_from: string | null; valid_to: string | null }): string =>
  [from === null ? "" : `from ${from}`, to === null ? "" : `until ${to}`].filter((text) => text !== "").join(" ");

/** One observation, with what is particular to it. */
export const observationLine = (one: MemoryObservation): string => {
  const remarks = [one.confidence < 1 ? `confidence ${one.confidence}` : "", span(one)].filter((text) => text !== "");
  return oneLine(one.text) + (remarks.length === 0 ? "" : `  (${remarks.join(", ")})`);
};

/** An entity as a person reads it. */
export function entityText(one: MemoryEntity, look: Look): string {
  const metadata = Object.keys(one.metadata).length === 0 ? "" : JSON.stringify(one.metadata);
  const fields: (readonly [string, string])[] = [
    ["Name", look.style("bold", oneLine(one.name))],
    ["Type", oneLine(one.type)],
    ["Scope", oneLine(one.scope)],
    ["Id", one.id],
    ["Version", `${one.version}, ${one.updated_at}`],
    ["Confidence", one.confidence === 1 ? "" : String(one.confidence)],
    ["Strength", one.strength === 1 ? "" : String(one.strength)],
    ["Valid", span(one)],
    ["Metadata", oneLine(metadata)],
    ["Facts", one.observations.map(observationLine).join("\n") || (one.truncated ? "" : "none")],
  ];
  return renderFields(
    fields.filter(([, value]) => value !== ""),
    look,
  );
}

const shown = (value: Json | undefined): string =>
  value === undefined || value === null ? "nothing" : typeof value === "string" ? value : JSON.stringify(value);

/** Changed fields, `{"type":{"before":…,"after":…}}`, as `type: a → b`. */
export const fieldLines = (fields: MemoryChange["details"]): string[] =>
  Object.entries(fields).flatMap(([name, change]) =>
    isJsonObject(change) && "after" in change
      ? [`${name}: ${oneLine(shown(change["before"]))} → ${oneLine(shown(change["after"]))}`]
      : [],
  );

const FORGOTTEN = [
  ["entities", "entity"],
  ["observations", "observation"],
  ["relations", "relation"],
] as const;

/** What a change did, in one line; `nameOf` knows the names of entities by their ids. */
export function changeLine(
  change: MemoryChange,
  history: MemoryHistory | undefined,
  nameOf: (id: string) => string,
): string {
  const { action, version, details } = change;
  if (action === "relate" || action === "unrelate") {
    return `${oneLine(shown(details["type"] ?? "…"))} → ${oneLine(nameOf(shown(details["to"])))}`;
  }
  if (action === "forget") {
    return FORGOTTEN.flatMap(([what, one]) => {
      const many = details[what];
      return many === 0 || many === undefined ? [] : `${shown(many)} ${many === 1 ? one : what}`;
    }).join(", ");
  }
  const observations = history?.observations ?? [];
  return [
    ...observations.filter(({ since }) => since === version).map((one) => `+ ${observationLine(one)}`),
    ...observations.filter(({ until }) => until === version).map((one) => `- ${observationLine(one)}`),
    ...fieldLines(details),
  ].join("; ");
}

export const ACTION_TONES: { readonly [Action in MemoryChange["action"]]: Tone | undefined } = {
  create: "green",
  observe: "green",
  withdraw: "yellow",
  revise: undefined,
  revert: "yellow",
  relate: "cyan",
  unrelate: "yellow",
  forget: "red",
};
