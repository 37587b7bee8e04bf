import type { openAccess } from "../../access/index.ts";
import { ROLES } from "../../access/permissions/index.ts";
import { DEFAULT_WORKSPACE } from "../../api/operations/index.ts";
import type { LoadedConfig } from "../config/index.ts";

export const accessOptions = ({ config: { access } }: LoadedConfig): Parameters<typeof openAccess>[0] => ({
  mode: access.mode,
  roles: { ...ROLES, ...access.roles },
  workspace: DEFAULT_WORKSPACE,
  sessions: { maxMs: access.session_max, idleMs: access.session_idle },
});
