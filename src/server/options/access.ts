import type { AccessOptions } from "../../access/index.ts";
import { ROLES } from "../../access/permissions/index.ts";
import { DEFAULT_WORKSPACE } from "../../api/operations/index.ts";
import type { LoadedConfig } from "../config/index.ts";

export const accessOptions = ({ config: { access } }: LoadedConfig): AccessOptions => ({
  mode: access.mode,
  roles: { ...ROLES, ...access.roles },
  workspace: DEFAULT_WORKSPACE,
});
