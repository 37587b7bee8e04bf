import * as z from "zod";
import { ACCESS_MODES } from "../../access/index.ts";
import { ALL_PERMISSIONS, matching, ROLES } from "../../access/permissions/index.ts";
import { durationText, nearest } from "../../text/documents/index.ts";

const DAY_MS = 86_400_000;

const Pattern = z.string().superRefine((pattern, context) => {
  if (matching(pattern).length > 0) return;
  const [best] = nearest(pattern, ALL_PERMISSIONS);
  context.addIssue({
    code: "custom",
    message: `there is no permission ${pattern}${best === undefined ? "" : `; did you mean ${best}?`}`,
  });
});

const RoleTable = z.strictObject({
  description: z.string().max(500).default(""),
  permissions: z.array(Pattern).min(1).meta({
    description: 'Permissions, such as "runs:execute", "runs:*" or "*:read"; `caxton auth can-i --list` prints them',
  }),
});

export const AccessTable = z
  .strictObject({
    mode: z.enum(ACCESS_MODES).default("local").meta({
      description:
        "local: no credentials, and the server listens on loopback only; required: every request needs an API key or a program's token",
    }),
    session_max: durationText({ maxMs: 90 * DAY_MS })
      .prefault("12h")
      .meta({ description: "Time from a login in the browser to its end" }),
    session_idle: durationText({ maxMs: 90 * DAY_MS })
      .prefault("60m")
      .meta({ description: "Time from the last request of a browser session to its end" }),
    roles: z
      .record(
        z
          .string()
          .regex(/^[a-z][a-z0-9_-]{0,62}$/, { error: "a role is named by lower-case letters, digits, _ and -" })
          .refine((name) => !Object.hasOwn(ROLES, name) && name !== "participant" && name !== "setup", {
            error: "this is a built-in role; choose another name",
          }),
        RoleTable,
      )
      .default({})
      .meta({ description: "Custom roles, by name" }),
  })
  .prefault({});
