import type { AccessModuleOptions } from "../../access/index.ts";
import { ROLES } from "../../access/permissions/index.ts";
import { References, type SecretFound } from "../../text/references/index.ts";
import { limitsOf, type LoadedConfig } from "../config/index.ts";
import { secretsDirectories } from "./models.ts";

/** Maps `[access]`. `found` receives the secrets of clients when they are read. */
export function accessOptions(loaded: LoadedConfig, found: SecretFound): AccessModuleOptions {
  const { access, audit, data, server } = loaded.config;
  const references = new References(loaded.environment, secretsDirectories(loaded), found);
  return {
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
      clientId: table.login?.client_id,
      commandLineId: table.login?.cli_client_id,
      algorithms: table.algorithms,
      nameClaim: table.name_claim,
      roleClaim: table.role_claim,
      roles: table.roles,
    })),
    providers: Object.entries(access.jwt).flatMap(([name, { login, issuer, name_claim, role_claim }]) => {
      if (login === undefined) return [];
      const { client_secret: secret, label = name } = login;
      return {
        name,
        label,
        issuer,
        clientId: login.client_id,
        commandLineId: login.cli_client_id,
        clientSecret: secret === undefined ? undefined : () => references.resolve(secret),
        scopes: login.scopes,
        claims: [name_claim, role_claim],
      };
    }),
    audit: { isEnabled: audit.enabled, retentionMs: audit.retention },
    limits: limitsOf(server.limits, access.mode),
    directory: data.directory,
  };
}
