import {
  ALL_WORKSPACES,
  KeyNotFoundError,
  listPosition,
  type Principal,
  type StoredKey,
} from "../../../access/index.ts";
import { ALL_PERMISSIONS, matching, permissionsOf, PERMISSIONS, ROLES } from "../../../access/permissions/index.ts";
import type { ApiServices } from "../api-services.ts";
import { type ApiKey, LOGIN_PATHS, operations } from "../../contract/index.ts";
import { cursors } from "../handles.ts";
import { pageByKey } from "../page.ts";
import { implement } from "../perform.ts";
import { presentGrant, presentNarrowing } from "./present-grant.ts";
import { instant, instantOrNull } from "../instant.ts";

function present({ access: { keys }, server: { clock } }: ApiServices, key: StoredKey): ApiKey {
  const { id, name, role, workspace, only, createdBy, previousUntilMs } = key;
  const hasPrevious = previousUntilMs !== undefined && previousUntilMs > clock.nowMs();
  return {
    id,
    name,
    role,
    workspace,
    only: presentNarrowing(only),
    state: keys.fault(key) ?? "active",
    created_at: instant(key.createdAtMs),
    created_by: createdBy,
    expires_at: instantOrNull(key.expiresAtMs),
    revoked_at: instantOrNull(key.revokedAtMs),
    last_used_at: instantOrNull(keys.lastUsedAtMs(id)),
    previous_until: hasPrevious ? instant(previousUntilMs) : null,
  };
}

/** Whether a principal manages a key: those of its workspace, and all if it may in every one. */
const isOwn = ({ workspace }: StoredKey, principal: Principal): boolean =>
  workspace === principal.workspace || principal.everywhere.has("access:read");

/** Throws KeyNotFoundError. */
function ownKey({ access: { keys } }: ApiServices, principal: Principal, id: string): StoredKey {
  const key = keys.get(id);
  if (!isOwn(key, principal)) throw new KeyNotFoundError(id);
  return key;
}

const list = implement(operations.key.list, (services: ApiServices, query, { principal }) => {
  const own = services.access.keys.list().filter((key) => isOwn(key, principal));
  const { items, next } = pageByKey(own, listPosition, query, cursors.keys);
  return { items: items.map((key) => present(services, key)), next };
});

/** Throws RoleUnknownError, RoleExceedsError, KeysFullError. */
const create = implement(operations.key.create, async (services: ApiServices, input, { principal }) => {
  const { name, role, only = {}, expires_in: seconds } = input;
  // The setup token creates the key of the server's first administrator.
  const workspace = input.workspace ?? (principal.kind === "setup" ? ALL_WORKSPACES : principal.workspace);
  services.access.access.requireGrantable({ role, workspace }, principal);
  const expiresAtMs = seconds === undefined ? undefined : services.server.clock.nowMs() + seconds * 1_000;
  const wanted = { name, role, workspace, only, createdBy: principal.id, expiresAtMs };
  const { stored, key } = await services.access.keys.create(wanted);
  return { ...present(services, stored), key };
});

/** Throws KeyNotFoundError, KeyRevokedError, RoleUnknownError, RoleExceedsError. */
const rotate = implement(operations.key.rotate, async (services: ApiServices, { id, grace }, { principal }) => {
  services.access.access.requireGrantable(ownKey(services, principal, id), principal);
  const { stored, key } = await services.access.keys.rotate(id, grace * 1_000);
  return { ...present(services, stored), key };
});

/** Throws KeyNotFoundError, RoleExceedsError. */
const revoke = implement(operations.key.revoke, async (services: ApiServices, { id }, { principal }) => {
  const { access, keys } = services.access;
  const { role, workspace } = ownKey(services, principal, id);
  // Any administrator of keys may revoke one whose role was removed from the configuration.
  if (Object.hasOwn(access.roles, role)) access.requireGrantable({ role, workspace }, principal);
  return present(services, await keys.revoke(id));
});

const presentIdentity = ({
  id,
  kind,
  name,
  role,
  workspace,
  grants,
  permissions,
  expiresAtMs,
  session,
}: Principal) => ({
  id,
  kind,
  name,
  role,
  workspace,
  grants: grants.map(presentGrant),
  permissions: [...permissions].toSorted(),
  expires_at: instantOrNull(expiresAtMs),
  session: session === undefined ? null : { csrf_token: session.csrfToken, ends_at: instant(session.endsAtMs) },
});

/** Throws SessionNeedsKeyError, CredentialsInvalidError for a link that was used, UserDisabledError. */
const logIn = implement(operations.session.create, async ({ access }: ApiServices, _input, call) => {
  const { id, principal: identity } = await access.access.logIn(call.principal);
  call.onSession(id);
  return presentIdentity(identity);
});

const logOut = implement(operations.session.delete, async ({ access }: ApiServices, _input, call) => {
  const { session } = call.principal;
  const issuer = session && access.sessions.issuerOf(session.idHash);
  const isProvider = access.logins.providers.some(({ name }) => name === issuer);
  if (session !== undefined) await access.sessions.end(session.idHash);
  call.onSession(undefined);
  const provider = isProvider && issuer !== undefined ? LOGIN_PATHS.logout.replace(":name", issuer) : null;
  return { ended: session !== undefined, provider };
});

const whoami = implement(operations.access.whoami, (_services: ApiServices, _input, { principal }) =>
  presentIdentity(principal),
);

const roles = implement(operations.access.roles, ({ access: { access } }: ApiServices) => ({
  items: Object.entries(access.roles).map(([name, role]) => ({
    name,
    description: role.description,
    is_built_in: Object.hasOwn(ROLES, name),
    permissions: [...permissionsOf(role)].toSorted(),
    patterns: ["access:self", ...role.permissions].map((pattern) => ({
      pattern,
      permissions: [...matching(pattern)],
    })),
  })),
  permissions: ALL_PERMISSIONS.map((name) => ({ name, description: PERMISSIONS[name] })),
}));

export const keyOperations = [list, create, rotate, revoke, whoami, roles, logIn, logOut] as const;
