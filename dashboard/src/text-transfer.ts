const counted = (count: number) => count.toLocaleString("en-US");

type Counts = {
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly skipped: number;
};

/** What is said of memory that moves. */
export const TRANSFER = {
  import: "Import",
  importTitle: "Import into memory",
  importNote:
    "An export of Caxton, or the file of the reference memory server. The same file again changes nothing; what is wrong is named and left out.",
  choose: "Choose a file",
  merge: "What is there already",
  merges: { update: "Gets what is new", skip: "Stays as it is", error: "Ends the import" },
  scope: "Into the scope",
  scopeNote: "Empty: where the file says, else the workspace",
  trial: "Try",
  reading: "Reading",
  read: (records: number, problems: number) =>
    `${counted(records)} records${problems === 0 ? "" : `, ${counted(problems)} left out`}`,
  stop: "Stop",
  done: "It is imported",
  tried: "Nothing was changed",
  report: "What became of it",
  entities: "Entities",
  relations: "Relations",
  counts: ({ created, changed, unchanged, skipped }: Counts) =>
    [
      `${counted(created)} new`,
      ...(changed === 0 ? [] : [`${counted(changed)} changed`]),
      ...(unchanged === 0 ? [] : [`${counted(unchanged)} unchanged already`]),
      ...(skipped === 0 ? [] : [`${counted(skipped)} left as they were`]),
    ].join(", "),
  cut: "The file was cut off: what comes after its last line is missing.",
  problems: (count: number) => (count === 1 ? "One record was left out" : `${counted(count)} records were left out`),
  line: (line: number) => `line ${line}`,
} as const;
