import { Access, Keys } from "../../src/access/index.ts";
import { ROLES } from "../../src/access/permissions/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";

const keys = new Keys({ load: () => [], save: async () => undefined, used: async () => undefined }, systemClock);

/** Access of a server without access control. */
export const LOCAL_ACCESS = new Access(
  { mode: "local", roles: ROLES, workspace: "default" },
  { keys, clock: systemClock, programOf: () => undefined },
);
