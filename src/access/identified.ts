import type { AuditEvent } from "./audit/index.ts";
import type { TrustedCertificate } from "./client-certificate.ts";
import type { StoredKey } from "./keys/index.ts";
import { ALL_WORKSPACES } from "./permissions/index.ts";
import type { Principal } from "./principal.ts";

/** Who sent a request, before it is known to which workspace it applies. */
export type Identified = Omit<Principal, "workspace" | "role" | "roles" | "permissions" | "narrowed" | "everywhere">;

export const KEY_PREFIX = "key_";

/** Every client of a server without access control. */
export const LOCAL: Identified = {
  id: "local",
  kind: "local",
  name: "local",
  grants: [{ workspace: ALL_WORKSPACES, role: "admin" }],
  tokens: [],
  expiresAtMs: undefined,
};

/** The operator, who deploys with files instead of requests. */
export const OPERATOR = { id: "operator", kind: "operator", name: "operator" } as const;

export const certificateId = (name: string): string => `certificate_${name}`;

/** A client with a trusted certificate. */
export const certified = ({ name, role, workspace }: TrustedCertificate): Identified => ({
  id: certificateId(name),
  kind: "certificate",
  name,
  grants: [{ workspace, role }],
  tokens: [],
  expiresAtMs: undefined,
});

export const keySender = ({ id, name, workspace }: StoredKey): AuditEvent["principal"] => ({
  id: KEY_PREFIX + id,
  kind: "key",
  name,
  workspace,
});
