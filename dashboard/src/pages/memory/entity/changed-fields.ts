import { fullTime } from "../../../parts/format/format.ts";
import type { MemoryChange } from "../../../../../src/api/contract/index.ts";

type Changed = { readonly field: string; readonly before: string; readonly after: string };

const TIMES: ReadonlySet<string> = new Set(["valid_from", "valid_to"]);

const readable = (field: string, value: unknown): unknown =>
  TIMES.has(field) && typeof value === "string" ? fullTime(value) : value;

const shown = (value: unknown): string =>
  value === null || value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value);

/** The fields a change made otherwise, in words. */
export const changedFields = (details: MemoryChange["details"]): readonly Changed[] =>
  Object.entries(details).flatMap(([field, change]) =>
    typeof change === "object" && change !== null && "before" in change && "after" in change
      ? [
          {
            field: field.replaceAll("_", " "),
            before: shown(readable(field, change["before"])),
            after: shown(readable(field, change["after"])),
          },
        ]
      : [],
  );
