const counted = (count: number) => count.toLocaleString("en-US");

type Counts = {
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly skipped: number;
};

/** Part of the catalogue in text.ts: import and export of memory. */
export const TRANSFER = {
  import: "Import",
  importTitle: "Import into memory",
  importNote:
    "An export of Caxton, or the file of the reference memory server. Importing a file twice changes nothing. Invalid records are reported and skipped.",
  choose: "Choose a file",
  merge: "Existing entities",
  merges: { update: "Update", skip: "Skip", error: "Fail" },
  scope: "Into the scope",
  scopeNote: "Default: the scope in the file, or else the workspace",
  trial: "Dry run",
  reading: "Reading",
  read: (records: number, problems: number) =>
    `${counted(records)} records${problems === 0 ? "" : `, ${counted(problems)} left out`}`,
  stop: "Stop",
  done: "Import finished",
  tried: "Dry run finished; nothing was changed",
  report: "Report",
  entities: "Entities",
  relations: "Relations",
  counts: ({ created, changed, unchanged, skipped }: Counts) =>
    [
      `${counted(created)} new`,
      ...(changed === 0 ? [] : [`${counted(changed)} changed`]),
      ...(unchanged === 0 ? [] : [`${counted(unchanged)} unchanged`]),
      ...(skipped === 0 ? [] : [`${counted(skipped)} skipped`]),
    ].join(", "),
  cut: "The file was cut off: what comes after its last line is missing.",
  problems: (count: number) => (count === 1 ? "One record was left out" : `${counted(count)} records were left out`),
  line: (line: number) => `line ${line}`,
} as const;
