import { Access } from "../../src/access/index.ts";
import { UserCredentials } from "../../src/access/user-credentials.ts";
import { Tokens } from "../../src/access/jwt/index.ts";
import { Keys } from "../../src/access/keys/index.ts";
import { ROLES } from "../../src/access/permissions/index.ts";
import { Sessions } from "../../src/access/sessions/index.ts";
import { LoginLinks, Users } from "../../src/access/users/index.ts";
import { systemClock as clock } from "../../src/kernel/clock.ts";

const nothing = { load: () => [], save: async () => undefined };
const keys = new Keys({ ...nothing, used: async () => undefined, deleteWorkspace: async () => undefined }, clock);
const limits = { maxMs: 1, idleMs: 1 };
const users = new Users({ ...nothing, delete: async () => undefined }, clock);
const links = new LoginLinks({ ...nothing, delete: async () => undefined }, clock);
const hasIssuer = () => true;
const sessions = new Sessions({ ...nothing, delete: async () => undefined }, { keys, users, clock, hasIssuer }, limits);

/** Access without stored keys, sessions or an audit log. */
export const accessOf = (mode: "local" | "required"): Access =>
  new Access(
    { mode, roles: ROLES },
    {
      workspaces: { isActive: () => true, ended: () => new AbortController().signal },
      keys,
      sessions,
      users: new UserCredentials({ users, links, tokens: new Tokens([], clock), clock }),
      clock,
      programOf: () => undefined,
      audit: { record: () => undefined },
    },
  );

/** Access of a server without access control. */
export const LOCAL_ACCESS = accessOf("local");
