import { MEMORY_OF_AGENT } from "./memory/memory.ts";

/** Part of the catalogue in text.ts: the page of one agent. */
export const AGENT = {
  tabs: { try: "Try it", definition: "Definition", revisions: "Revisions", runs: "Runs", memory: "Memory" },
  memory: MEMORY_OF_AGENT,
  file: {
    title: "The file differs from the deployed version",
    note: (path: string, revision: number) =>
      `${path} has another text than revision ${revision}, which was deployed from elsewhere. The deployed version stays, also at the next start, until you choose.`,
    compare: "Compare",
    deploy: "Deploy the file",
    keep: "Keep the deployed version",
    keepNote: "It is kept. So that the file agrees with it, write it there:",
    differs: "File differs",
  },
  revision: (number: number) => `Revision ${number}`,
  edit: "Edit",
  discard: "Discard changes",
  documentation: "Documentation",
  copyGet: "Copy as CLI",
  delete: "Delete agent",
  revisionOf: (serving: number, newest: number) =>
    serving === newest ? `Revision ${serving}` : `Revision ${serving} of ${newest}`,
  delegatesTo: (name: string) => `Delegates to ${name}`,
  lifecycle: {
    pause: "Pause",
    resume: "Resume",
    pauseTitle: (name: string) => `Pause ${name}?`,
    pauseNote:
      "It takes no new runs, and messages to it wait in its mailbox, also after a restart, until it is resumed. Runs in progress continue.",
    reason: "Reason",
    reasonNote: "Shown wherever a run is refused. Optional.",
    isPaused: "Paused",
    pausedNote: "New runs are refused and messages wait.",
    paused: (name: string) => `${name} is paused`,
    resumed: (name: string) => `${name} takes work again`,
    serve: (revision: number) => `Serve revision ${revision}`,
    rollBack: (revision: number) => `Roll back to revision ${revision}`,
    serves: (name: string, revision: number) => `${name} serves revision ${revision}`,
  },
  deleteTitle: (name: string) => `Delete ${name}?`,
  deleteNote: "It accepts no new requests. Running runs continue, and past runs stay.",
  deleteFile: (file: string) => `${file} stays: the next start deploys the agent again, unless you delete the file.`,
  typeName: (name: string) => `Type ${name} to confirm`,
  deleted: (name: string) => `${name} is deleted`,
} as const;
