import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";

/** Returns the paths that the beginning of a path may become; a directory ends with a slash. */
export function pathsFrom(begun: string): string[] {
  const directory = begun.endsWith("/") ? begun : dirname(begun);
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => !entry.name.startsWith("."))
      .map(
        (entry) =>
          (directory === "." && !begun.startsWith("./") ? entry.name : join(directory, entry.name)) +
          (entry.isDirectory() ? "/" : ""),
      );
  } catch {
    // Not a directory that can be read: there is nothing to offer.
    return [];
  }
}
