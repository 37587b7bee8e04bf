type Words = { readonly [key: string]: string };

/** Part of the catalogue in text.ts: why a tool call failed, by the outcome's name on the wire. */
export const OUTCOMES: Words = {
  "tool-error": "The tool returned an error. The model received its text and could correct the call.",
  "unknown-tool": "No tool of that name is loaded, or the agent's definition does not list it.",
  "invalid-arguments": "The arguments do not fit the tool's schema, so it was not called.",
  fuel: "It used up its fuel, the limit on how much it may compute in one call.",
  deadline: "It took longer than its deadline allows.",
  memory: "It asked for more memory than it may have.",
  trap: "The module stopped at an illegal operation. This is a fault of the tool.",
  "bad-output": "Its result is invalid or too large.",
  crashed: "The sandbox process it ran in ended.",
  quarantined: "The tool server exceeded its limits too often and is quarantined.",
  overloaded: "Too many calls were waiting for the sandbox.",
  cancelled: "The run was cancelled while it ran.",
  denied: "It tried something it was not granted.",
  forbidden: "A rule of [permissions] forbids it, so it was not made.",
  rejected: "A person refused it, or it was not approved in time, so it was not made.",
  unavailable: "Its tool server is paused, has failed, or waits until a change of it is accepted.",
};

/** How a turn of a model ended, by the name on the wire. */
export const FINISHES: Words = { stop: "an answer", "tool-calls": "tool calls", length: "its length limit" };

/** State of a request to another agent. */
export const REPLY_STATES = {
  open: "waits",
  answered: "answered",
  failed: "failed",
  expired: "no answer in time",
  cancelled: "cancelled",
} as const;

/** States of runs, steps and tool servers, by the name on the wire. */
export const STATES = {
  queued: "Queued",
  running: "Running",
  "awaiting-approval": "Needs approval",
  "awaiting-choice": "Choose a model",
  "awaiting-input": "Needs an answer",
  "awaiting-reply": "Awaits a reply",
  "needs-decision": "Retry or skip",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
  done: "Done",
  waiting: "Waiting",
  loaded: "Ready",
  quarantined: "Quarantined",
  unloaded: "Unloaded",
  draining: "Draining",
  paused: "Paused",
  pending: "Needs acceptance",
} as const;
