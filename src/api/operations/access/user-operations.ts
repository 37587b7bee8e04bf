import {
  type Principal,
  ServerPermissionDeniedError,
  type StoredUser,
  UserNotFoundError,
  userPosition,
} from "../../../access/index.ts";
import { ALL_WORKSPACES } from "../../../access/permissions/index.ts";
import { DOCUMENTS, type Operation, operations, type User } from "../../contract/index.ts";
import type { ApiServices } from "../api-services.ts";
import { cursors } from "../handles.ts";
import { presentGrant } from "./present-grant.ts";
import { instant, instantOrNull } from "../instant.ts";
import { pageByKey } from "../page.ts";
import { implement } from "../perform.ts";

/** Whether a principal sees a grant: those for its workspace, and all if it may in every one. */
const sees =
  ({ workspace: own, everywhere }: Principal) =>
  ({ workspace }: StoredUser["grants"][number]): boolean =>
    everywhere.has("access:read") || workspace === own || workspace === ALL_WORKSPACES;

const presentTo = (principal: Principal) => (user: StoredUser) => present(user, user.grants.filter(sees(principal)));

const present = ({ id, issuer, subject, name, email, ...times }: StoredUser, grants: StoredUser["grants"]): User => ({
  id,
  issuer,
  subject,
  name,
  email: email ?? null,
  grants: grants.map(presentGrant),
  state: times.disabledAtMs === undefined ? "active" : "disabled",
  created_at: instant(times.createdAtMs),
  last_seen_at: instant(times.seenAtMs),
  disabled_at: instantOrNull(times.disabledAtMs),
});

/**
 * Requires that the principal administers every workspace of a user, with the user's permissions. Throws UserNotFoundError,
 * ServerPermissionDeniedError, RoleExceedsError.
 */
function requireManageable(
  { access: { access, users, workspaces } }: ApiServices,
  { name, permission }: Operation,
  { principal, id }: { readonly principal: Principal; readonly id: string },
): void {
  const { grants } = users.get(id);
  if (!grants.some(sees(principal))) throw new UserNotFoundError(id);
  const isElsewhere = grants.some(({ workspace }) => workspace !== principal.workspace);
  if (isElsewhere && !principal.everywhere.has(permission)) throw new ServerPermissionDeniedError(name, permission);
  for (const grant of grants) {
    const isThere = grant.workspace === ALL_WORKSPACES || workspaces.isActive(grant.workspace);
    // Any administrator may manage users whose role was removed from the configuration, or whose workspace was deleted.
    if (isThere && Object.hasOwn(access.roles, grant.role)) access.requireGrantable(grant, principal);
  }
}

const list = implement(operations.user.list, ({ access: { users } }: ApiServices, query, { principal }) => {
  const visible = users.list().filter(({ grants }) => grants.some(sees(principal)));
  const { items, next } = pageByKey(visible, userPosition, query, cursors.users);
  return { items: items.map(presentTo(principal)), next };
});

/** Throws UserNotFoundError, ServerPermissionDeniedError, RoleExceedsError. */
const disable = implement(operations.user.disable, async (services: ApiServices, { id }, { principal }) => {
  requireManageable(services, operations.user.disable, { principal, id });
  const { users, sessions } = services.access;
  const disabled = await users.disable(id);
  await sessions.endByIssuer({ issuer: disabled.issuer, userId: id, issuerSession: undefined });
  return presentTo(principal)(disabled);
});

/** Throws UserNotFoundError, ServerPermissionDeniedError, RoleExceedsError. */
const enable = implement(operations.user.enable, async (services: ApiServices, { id }, { principal }) => {
  requireManageable(services, operations.user.enable, { principal, id });
  return presentTo(principal)(await services.access.users.enable(id));
});

/** Throws RoleUnknownError, RoleExceedsError, LinksFullError. */
const link = implement(operations.user.link, async (services: ApiServices, input, { principal }) => {
  const { access, links } = services.access;
  const { name = principal.name, role = principal.role, workspace = principal.workspace } = input;
  access.requireGrantable({ role, workspace }, principal);
  const expiresAtMs = services.server.clock.nowMs() + input.expires_in * 1_000;
  const { token } = await links.create({ name, role, workspace, createdBy: principal.id, expiresAtMs });
  const { publicUrl } = services.server;
  const page = publicUrl === undefined ? null : new URL(`${DOCUMENTS.dashboard}login`, publicUrl).href;
  return { name, role, workspace, expires_at: instant(expiresAtMs), page, token };
});

export const userOperations = [list, disable, enable, link] as const;
