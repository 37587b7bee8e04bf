import type { AccessModuleOptions } from "../../access/index.ts";
import { ROLES } from "../../access/permissions/index.ts";
import { limitsOf, type LoadedConfig } from "../config/index.ts";

export const accessOptions = ({ config: { access, audit, data, server } }: LoadedConfig): AccessModuleOptions => ({
  mode: access.mode,
  roles: { ...ROLES, ...access.roles },
  certificates: Object.entries(access.certificates).map(([name, { fingerprint, ...table }]) => ({
    ...table,
    name,
    fingerprint: fingerprint?.replaceAll(":", "").toLowerCase(),
  })),
  sessions: { maxMs: access.session_max, idleMs: access.session_idle },
  issuers: Object.entries(access.jwt).map(([name, table]) => ({
    name,
    issuer: table.issuer,
    jwks: table.jwks,
    audience: table.audience,
    algorithms: table.algorithms,
    nameClaim: table.name_claim,
    roleClaim: table.role_claim,
    roles: table.roles,
  })),
  audit: { isEnabled: audit.enabled, retentionMs: audit.retention },
  limits: limitsOf(server.limits, access.mode),
  directory: data.directory,
});
