/** Words of workspaces. */
export const WORKSPACES = {
  switch: "Workspace",
  lost: {
    title: "Workspace not found",
    note: (name: string | undefined) =>
      name === undefined
        ? "The workspace of your key does not exist any more."
        : `There is no workspace ${name}, or you have no role in it.`,
    back: "Open your workspace",
    others: "The workspaces that you may use:",
  },
  title: "Workspaces",
  note: "Each has its own agents, tool servers, runs, files, messages, memory, budgets and keys.",
  columns: { name: "Name", description: "Description", quotas: "Quotas", created: "Created", actions: "Actions" },
  none: "none",
  here: "this one",
  open: (name: string) => `Open ${name}`,
  create: "Create a workspace",
  created: (name: string) => `The workspace ${name} is created`,
  edit: (name: string) => `Change ${name}`,
  editTitle: (name: string) => `Change the workspace ${name}`,
  save: "Save",
  deleting: "being deleted",
  remove: (name: string) => `Delete ${name}`,
  removeTitle: "Delete the workspace",
  removeAction: "Delete the workspace",
  removeNote: (name: string) =>
    `Everything in ${name} is deleted permanently: agents, tool servers, runs, files, messages, memory and keys. Its runs are cancelled.`,
  removed: (name: string) => `The workspace ${name} is deleted`,
  name: "Name",
  nameNote: "1 to 63 lower-case letters, digits and -",
  description: "Description",
  quotaNote: "Empty: no maximum",
  quotas: {
    agents: "Agents",
    tool_servers: "Tool servers",
    runs_per_minute: "Runs per minute",
    concurrent_runs: "Runs at the same time",
    messages_per_minute: "Messages per minute",
    file_bytes: "Bytes of uploads and artifacts",
    memory_entities: "Entities in memory",
    secrets: "Secrets",
  },
} as const;
