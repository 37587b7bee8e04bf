import { fullTime } from "../../parts/format/format.ts";

/** Part of the catalogue in text.ts: calls that wait for a person. */
export const APPROVALS = {
  title: "Approvals",
  note: "Tool calls that wait for a decision. Their runs are suspended until then.",
  none: "No pending approvals",
  noneNote: "Rules in [permissions] of caxton.toml or of a definition say which calls are asked for.",
  waiting: (count: number) => (count === 1 ? "1 waits" : `${count} wait`),
  more: (count: number) => `${count} more wait. They appear here as these are answered.`,
  answered: "Recently answered",
  gone: "No longer waits",
  questions: "Questions",
  questionsNote: "An agent or a tool asks; answer on the page of the run.",
  label: (tool: string, id: string) => `Approve ${tool}? ${id.slice(-8)}`,
  anyCall: (tool: string, given: string) => `Call ${tool}${given === "" ? "" : ` with ${given}`}`,
  sql: (statement: string) => `SQL: ${statement}`,
  files: {
    of: {
      write_file: "Write the file",
      append_file: "Append to the file",
      delete_file: "Delete the file",
      create_directory: "Create the directory",
    },
    move: (from: string, to: string) => `Move the file ${from} to ${to}`,
  },
  request: "Request:",
  unread: "Scroll to the end of the arguments to approve.",
  early: "Not sent: the list had just changed. Read the call again, then confirm.",
  why: (rule: string, level: "server" | "definition" | "request") =>
    level === "request"
      ? "The run asks before calls with side effects."
      : rule === "ask_destructive"
        ? "The tool says that it is destructive."
        : `Asked for by ${rule} of ${level === "server" ? "the server" : "the agent"}.`,
  again: (reason: string) => `Asked again: ${reason}.`,
  until: (at: string) => `Waits until ${fullTime(at)}.`,
  by: (agent: string) => `for ${agent}`,
  openRun: "Open the run",
  approve: "Approve",
  approveEdited: "Approve with these arguments",
  deny: "Refuse",
  edit: "Change arguments",
  keep: "Keep the arguments",
  arguments: "Arguments, as JSON",
  badJson: "This is not a JSON object.",
  noteLabel: "Note for the model",
  remember: "Do not ask again for this tool in this run",
  states: {
    open: "Waits",
    approved: "Approved",
    denied: "Refused",
    expired: "Expired",
    void: "Void",
    cancelled: "Run ended",
  },
  who: (name: string) => `by ${name}`,
} as const;
