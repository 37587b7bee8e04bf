import { openAccess } from "../../src/access/index.ts";
import { ROLES } from "../../src/access/permissions/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";

const nothing = { load: () => [], save: async () => undefined };

/** Access of a server without access control. */
export const LOCAL_ACCESS = openAccess(
  { mode: "local", roles: ROLES, workspace: "default", sessions: { maxMs: 1, idleMs: 1 }, issuers: [] },
  {
    stores: {
      keys: { ...nothing, used: async () => undefined },
      sessions: { ...nothing, delete: async () => undefined },
    },
    clock: systemClock,
    programOf: () => undefined,
  },
).access;
