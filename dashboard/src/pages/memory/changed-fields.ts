import type { MemoryChange } from "../../../../src/api/contract/index.ts";

type Changed = { readonly field: string; readonly before: string; readonly after: string };

const shown = (value: unknown): string =>
  value === null || value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value);

/** The fields a change made otherwise, in words. */
export const changedFields = (details: MemoryChange["details"]): readonly Changed[] =>
  Object.entries(details).flatMap(([field, change]) =>
    typeof change === "object" && change !== null && "before" in change && "after" in change
      ? [{ field: field.replaceAll("_", " "), before: shown(change["before"]), after: shown(change["after"]) }]
      : [],
  );
