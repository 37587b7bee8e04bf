/** One measured figure beside what it is held against. */
export type Row = {
  readonly what: string;
  readonly caxton: string;
  /** The peer's figure in the same run, with its name; empty where none is named. */
  readonly peer: string;
  /** How many times better than the peer; empty without one. */
  readonly ratio: string;
  readonly target: string;
  /** Whether the target was met; undefined where the figure has none. */
  readonly met: boolean | undefined;
};

const HEAD = ["what", "Caxton", "peer", "ratio", "target", "met"] as const;
const verdict = (met: boolean | undefined): string => (met === undefined ? "" : met ? "yes" : "**missed**");
const cellsOf = ({ what, caxton, peer, ratio, target, met }: Row): readonly string[] => [
  what,
  caxton,
  peer,
  ratio,
  target,
  verdict(met),
];

/** The rows as a Markdown table with even columns. */
export function table(rows: readonly Row[]): string {
  const lines = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_head, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const show = (line: readonly string[]) =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [show([...HEAD]), rule, ...rows.map((row) => show(cellsOf(row)))].join("\n");
}

/** The value at a share of sorted values. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const ms = (value: number): string => (value < 10 ? `${value.toFixed(2)} ms` : `${value.toFixed(0)} ms`);
export const perSecond = (value: number): string => `${Math.round(value).toLocaleString("en")}/s`;
export const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
