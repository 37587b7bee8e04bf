/** Words of the page of the audit log. */
export const AUDIT = {
  note: "Changes, and every refused request. Reads and contents are not recorded.",
  verify: "Verify the log",
  verifying: "Verifying…",
  intact: (records: number, checkpoints: number) =>
    `The log is unchanged: ${records} records, ${checkpoints} signed checkpoints.`,
  broken: (seq: number, reason: string) => `Record ${seq} is the first that is missing or was changed: ${reason}`,
  outcome: "Outcome",
  any: "Any",
  outcomes: { allowed: "Allowed", denied: "Denied", failed: "Failed" },
  operation: "Operation",
  principal: "Principal",
  none: "No audit records",
  noneNote: "None fits these filters.",
  more: "Load more",
  columns: {
    time: "Time",
    principal: "Principal",
    operation: "Operation",
    target: "Target",
    outcome: "Outcome",
    address: "Address",
  },
} as const;
