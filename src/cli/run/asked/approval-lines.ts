import type { Approval } from "../../../api/contract/index.ts";
import { oneLine, type Tone, truncate } from "../../terminal/index.ts";

export const APPROVAL_TONES: { readonly [State in Approval["state"]]: Tone } = {
  open: "yellow",
  approved: "green",
  denied: "red",
  expired: "dim",
  void: "dim",
  cancelled: "dim",
};

const ARGUMENTS_CHARS_MAX = 160;

/** A call in one line. */
export const callLine = ({ tool, arguments: given }: Approval): string =>
  `${tool} ${truncate(oneLine(JSON.stringify(given)), ARGUMENTS_CHARS_MAX)}`;

/** The arguments as indented JSON, not shortened: a person must see all that they approve. */
export const argumentsWhole = ({ arguments: given }: Approval): string => JSON.stringify(given, null, 2);

/** Why a person is asked. */
export const whyAsked = ({ rule, level }: Approval): string =>
  level === "request"
    ? "the run asks before calls with side effects"
    : rule === "ask_destructive"
      ? "the tool says that it is destructive"
      : `rule ${oneLine(rule)} of ${level === "server" ? "the server" : "the agent"}`;

const line = (name: string, text: string) => `${name.padEnd(10)} ${text}`;
const json = (value: object): string => JSON.stringify(value, null, 2).replaceAll("\n", `\n${" ".repeat(11)}`);

/** An approval as a person reads it, whole. */
export function approvalLines(approval: Approval): readonly string[] {
  const { by, note, edited_arguments: edited, approvers } = approval;
  return [
    line("approval", approval.id),
    line("state", approval.state),
    line("run", `${approval.run}  (${approval.agent} revision ${approval.revision})`),
    line("tool", approval.tool),
    line("arguments", json(approval.arguments)),
    line("hash", approval.hash),
    ...(edited === null ? [] : [line("made with", json(edited))]),
    line("asked for", `${whyAsked(approval)}${approval.reason === "" ? "" : `; again, since ${approval.reason}`}`),
    ...(approvers.length === 0 ? [] : [line("for", approvers.join(", "))]),
    line("asked at", approval.asked_at),
    line(approval.state === "open" ? "until" : "ended at", approval.answered_at ?? approval.expires_at),
    ...(by === null ? [] : [line("by", `${by.name} (${by.role})`)]),
    ...(note === "" ? [] : [line("note", oneLine(note))]),
  ];
}

/** Outcome of an approval, as one line of its run's output. */
export function outcomeLine(approval: Approval): string {
  const { state, by, note, tool } = approval;
  const who = by === null ? "" : ` by ${by.name}`;
  return `${tool}: ${state}${who}${note === "" ? "" : `, ${JSON.stringify(oneLine(note))}`}`;
}
