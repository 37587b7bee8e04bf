import { showBytes } from "./quantities.ts";

const BAR_CELLS = 24;

/** `data.csv  ████████░░░░  12.0 MB of 40.0 MB`, for the status line; `show` writes other quantities than bytes. `done` may pass `total` when a file grows. */
export function progressBar(label: string, done: number, total: number, show = showBytes): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.round(share * BAR_CELLS);
  return `${label}  ${"█".repeat(filled)}${"░".repeat(BAR_CELLS - filled)}  ${show(done)} of ${show(total)}`;
}
