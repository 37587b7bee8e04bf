import { type Grant, isNarrowed, type Narrowing } from "../../../access/permissions/index.ts";
import type { ApiKey, Identity } from "../../contract/index.ts";

/** Null if it limits nothing. */
export const presentNarrowing = (only: Narrowing = {}): ApiKey["only"] =>
  isNarrowed(only)
    ? Object.fromEntries(Object.entries(only).map(([kind, patterns]) => [kind, patterns && [...patterns]]))
    : null;

export const presentGrant = ({ workspace, role, only }: Grant): Identity["grants"][number] => ({
  workspace,
  role,
  only: presentNarrowing(only),
});
