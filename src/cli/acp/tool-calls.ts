import type { ToolCall, ToolCallContent, ToolCallStatus, ToolKind } from "@agentclientprotocol/sdk";
import type { Step, Turn } from "../../api/contract/index.ts";
import { type Json, parseJson } from "../../kernel/json.ts";
import { oneLine } from "../terminal/index.ts";

type ToolStep = Extract<Step, { kind: "tool" }>;
type ToolMessage = Extract<Turn["messages"][number], { role: "tool" }>;
type File = { readonly name: string; readonly media_type: string; readonly bytes: number; readonly url: string };
export type Address = (path: string) => string;

/** What a tool does, as far as its name says so. */
const KINDS: readonly (readonly [ToolKind, RegExp])[] = [
  ["delete", /^(?:delete|remove|drop)/],
  ["move", /^(?:move|rename)/],
  ["search", /^(?:search|find|grep|query)/],
  ["fetch", /^(?:fetch|http|download|request)/],
  ["edit", /^(?:write|edit|append|create|update|replace|insert)/],
  ["read", /^(?:read|get|list|show|describe|file_info)/],
  ["execute", /^(?:run|exec|evaluate|calculate|call)/],
];

/** Calls of different runs can have the same id. */
export const toolCallId = (run: string, call: string): string => `${run}.${call}`;

export const textContent = (text: string) => ({ type: "text" as const, text });
export const shownText = (text: string): ToolCallContent => ({ type: "content", content: textContent(text) });

/** A file that a run created, as a link that needs the same credentials. */
export const fileLink = ({ name, media_type: mimeType, bytes: size, url }: File, address: Address) => ({
  type: "resource_link" as const,
  name,
  mimeType,
  size,
  uri: address(url),
});

/** A call when it is first heard of. `server__tool` is how models write the name. */
export function newCall(run: string, call: string, name: string): ToolCall & { status: ToolCallStatus } {
  const tool = name.replace("__", ".").replace(/^client\./, "");
  const verb = tool.slice(tool.indexOf(".") + 1);
  const [kind] = KINDS.find(([, pattern]) => pattern.test(verb)) ?? ["other" as const];
  return { toolCallId: toolCallId(run, call), title: oneLine(tool), kind, status: "pending" };
}

export function argumentsOf(text: string): Json {
  const parsed = parseJson(text);
  return parsed.type === "parsed" ? parsed.value : text;
}

export function statusOf({ state, outcome }: Pick<ToolStep, "state" | "outcome">): ToolCallStatus {
  if (state === "running") return "in_progress";
  if (state === "failed") return "failed";
  if (state !== "done") return "pending";
  return outcome === "done" ? "completed" : "failed";
}

/** What a call gave: its text as the model received it, and its files. */
export const resultOf = (
  { text, artifacts }: Pick<ToolStep, "text" | "artifacts"> | Pick<ToolMessage, "text" | "artifacts">,
  address: Address,
): ToolCallContent[] => [
  ...(text === "" ? [] : [shownText(text)]),
  ...artifacts.map((file): ToolCallContent => ({ type: "content", content: fileLink(file, address) })),
];
