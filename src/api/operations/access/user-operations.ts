import { type Principal, type StoredUser, UserNotFoundError, userPosition } from "../../../access/index.ts";
import { ALL_WORKSPACES } from "../../../access/permissions/index.ts";
import { DOCUMENTS, operations, type User } from "../../contract/index.ts";
import type { ApiServices } from "../api-services.ts";
import { cursors } from "../handles.ts";
import { presentGrant } from "./present-grant.ts";
import { instant, instantOrNull } from "../instant.ts";
import { pageByKey } from "../page.ts";
import { implement } from "../perform.ts";

const present = ({ id, issuer, subject, name, email, grants, ...times }: StoredUser): User => ({
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

/** Whether a principal sees a user: those with a role in its workspace, and all if it may in every one. */
const isVisible = ({ grants }: StoredUser, { workspace: own, everywhere }: Principal): boolean =>
  everywhere.has("access:read") || grants.some(({ workspace }) => workspace === own || workspace === ALL_WORKSPACES);

/** Throws UserNotFoundError, and RoleExceedsError if the user has permissions that the principal does not have. */
function requireManageable({ access: { access, users } }: ApiServices, principal: Principal, id: string): void {
  const user = users.get(id);
  if (!isVisible(user, principal)) throw new UserNotFoundError(id);
  for (const grant of user.grants)
    // Any administrator may manage users whose role was removed from the configuration.
    if (Object.hasOwn(access.roles, grant.role)) access.requireGrantable(grant, principal);
}

const list = implement(operations.user.list, ({ access: { users } }: ApiServices, query, { principal }) => {
  const visible = users.list().filter((user) => isVisible(user, principal));
  const { items, next } = pageByKey(visible, userPosition, query, cursors.users);
  return { items: items.map(present), next };
});

/** Throws UserNotFoundError, RoleExceedsError. */
const disable = implement(operations.user.disable, async (services: ApiServices, { id }, { principal }) => {
  requireManageable(services, principal, id);
  const { users, sessions } = services.access;
  const disabled = await users.disable(id);
  await sessions.endByIssuer({ issuer: disabled.issuer, userId: id, issuerSession: undefined });
  return present(disabled);
});

/** Throws UserNotFoundError, RoleExceedsError. */
const enable = implement(operations.user.enable, async (services: ApiServices, { id }, { principal }) => {
  requireManageable(services, principal, id);
  return present(await services.access.users.enable(id));
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
