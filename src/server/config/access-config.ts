import * as z from "zod";
import {
  ACCESS_MODES,
  ALL_WORKSPACES,
  DEFAULT_WORKSPACE,
  JWT_ALGORITHMS,
  LOCAL_ISSUER,
  WORKSPACE_NAME,
} from "../../access/index.ts";
import { ALL_PERMISSIONS, matching, ROLES } from "../../access/permissions/index.ts";
import { durationText, nearest } from "../../text/documents/index.ts";
import { variablesIn } from "../../text/references/index.ts";

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

const isLoopback = (text: string): boolean => /^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::|\/|$)/.test(text);
const IssuerUrl = z.url().refine((text) => text.startsWith("https://") || isLoopback(text), {
  error: "expected a URL that begins with https://",
});

const WorkspaceOrAll = z.string().refine((name) => name === ALL_WORKSPACES || WORKSPACE_NAME.test(name), {
  error: "expected the name of a workspace, or *",
});

const Patterns = z.array(z.string().min(1)).min(1).optional();

/** A role in the default workspace, or a role, its workspace, and the agents, tool servers and capabilities to which it is limited. */
const RoleIn = z
  .union([
    z.string().min(1),
    z.strictObject({
      role: z.string().min(1),
      workspace: WorkspaceOrAll.default(DEFAULT_WORKSPACE),
      only: z.strictObject({ agents: Patterns, tools: Patterns, capabilities: Patterns }).optional(),
    }),
  ])
  .transform((given) => (typeof given === "string" ? { role: given, workspace: DEFAULT_WORKSPACE } : given));

const LoginTable = z.strictObject({
  client_id: z.string().min(1).meta({ description: "Id of this server as a client of the provider" }),
  client_secret: z
    .string()
    .refine((secret) => secret.includes("${"), {
      error: "expected a reference to the secret, such as ${env:OFFICE_CLIENT_SECRET}",
    })
    .optional()
    .meta({
      description: "A reference to the client's secret; default: a public client",
      examples: ["${env:OFFICE_CLIENT_SECRET}", "${file:office-client-secret}"],
    }),
  scopes: z
    .array(z.string().regex(/^[!#-[\]-~]+$/, { error: "a scope has no spaces" }))
    .default(["openid", "email", "profile"])
    .refine((scopes) => scopes.includes("openid"), { error: "openid must be one of the scopes" })
    .meta({ description: "Scopes that a login requests" }),
  label: z.string().min(1).max(60).optional().meta({ description: "Name of the provider on the login page" }),
  cli_client_id: z.string().min(1).optional().meta({
    description: "Id of the command line as a public client of the provider, for `caxton login`; default: none",
  }),
});

const JwtTable = z
  .strictObject({
    issuer: IssuerUrl.meta({ description: "The issuer, as its tokens name it in iss" }),
    audience: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "The value of aud that tokens of clients have; without it, users log in only" }),
    login: LoginTable.optional().meta({ description: "Lets users log in at this issuer" }),
    jwks: IssuerUrl.optional().meta({
      description: "URL of the issuer's keys; default: as its .well-known/openid-configuration names it",
    }),
    algorithms: z
      .array(z.enum(JWT_ALGORITHMS))
      .min(1)
      .default([...JWT_ALGORITHMS])
      .meta({ description: "Accepted signature algorithms" }),
    name_claim: z.string().min(1).default("email").meta({ description: "Claim with the user's name; default: email" }),
    role_claim: z
      .string()
      .min(1)
      .default("groups")
      .meta({ description: "Claim with groups or roles, a text or a list of texts" }),
    roles: z.record(z.string().min(1), RoleIn).meta({
      description:
        'Role by a value of that claim, as a text or as { role, workspace, only }; every match counts, and "*" matches every token',
    }),
  })
  .refine(({ audience, login }) => audience !== undefined || login !== undefined, {
    error: "an issuer has an audience, a login, or both",
  });

const CertificateTable = z
  .strictObject({
    subject: z.string().min(1).optional().meta({ description: "Common name of the certificate's subject" }),
    fingerprint: z
      .string()
      .regex(/^(?:[0-9a-f]{2}:?){31}[0-9a-f]{2}$/i, { error: "expected a SHA-256 fingerprint: 64 hexadecimal digits" })
      .optional()
      .meta({ description: "SHA-256 fingerprint of the certificate, in hexadecimal" }),
    role: z.string().min(1).meta({ description: "Role of its clients" }),
    workspace: WorkspaceOrAll.default(DEFAULT_WORKSPACE).meta({
      description: 'Workspace of its clients; "*" stands for all',
    }),
  })
  .refine(({ subject, fingerprint }) => (subject === undefined) !== (fingerprint === undefined), {
    error: "a certificate has either subject or fingerprint",
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
    jwt: z
      .record(
        z
          .string()
          .regex(/^[a-z][a-z0-9_-]{0,62}$/, { error: "lower-case letters, digits, _ and -" })
          .refine((name) => name !== LOCAL_ISSUER, { error: "this is the issuer of login links; choose another name" }),
        JwtTable,
      )
      .default({})
      .meta({ description: "Issuers whose JWTs are accepted, or at which users log in, by name" }),
    certificates: z
      .record(
        z.string().regex(/^[a-z][a-z0-9_.-]{0,62}$/, { error: "lower-case letters, digits, _, . and -" }),
        CertificateTable,
      )
      .default({})
      .meta({ description: "Client certificates of server.tls.client_ca that authenticate their clients, by name" }),
  })
  .superRefine(({ roles, jwt, certificates }, context) => {
    const known = [...Object.keys(ROLES), ...Object.keys(roles)];
    const message = (role: string) => `there is no role ${role}; the roles are ${known.join(", ")}`;
    for (const [name, { role }] of Object.entries(certificates))
      if (!known.includes(role))
        context.addIssue({ code: "custom", path: ["certificates", name, "role"], message: message(role) });
    for (const [name, { roles: mapped }] of Object.entries(jwt))
      for (const [value, { role }] of Object.entries(mapped))
        if (!known.includes(role))
          context.addIssue({
            code: "custom",
            path: ["jwt", name, "roles", value],
            message: message(role),
          });
  })
  .prefault({});

/** The variables of the environment that have the secrets of clients. */
export const accessVariables = ({ jwt }: z.output<typeof AccessTable>): readonly string[] =>
  Object.values(jwt).flatMap(({ login }) => variablesIn(login?.client_secret ?? ""));

export const AuditTable = z
  .strictObject({
    enabled: z.boolean().default(true).meta({ description: "Record denials and changes in the audit log" }),
    retention: durationText({ minMs: 86_400_000 })
      .prefault("90d")
      .meta({ description: "Time after which audit records are deleted" }),
  })
  .prefault({});
