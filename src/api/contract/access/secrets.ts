import * as z from "zod";
import { ListQuery, page } from "../problem.ts";

const Instant = z.iso.datetime();

export const SecretName = z.string().regex(/^[A-Za-z_]\w{0,127}$/, {
  error: "a secret is named by letters, digits and _, at most 128, and no digit comes first",
});

/** Where a secret is: in the workspace of the caller unless it is assigned to all. */
export const SecretPlace = z.object({
  all_workspaces: z.enum(["true", "false"]).default("false").meta({
    description: "Whether the secret is the one of all workspaces. Default: the one of the caller's workspace",
  }),
});

const Origin = z
  .string()
  .max(300)
  .refine((text) => /^https?:\/\//.test(text) && URL.parse(text)?.origin === text, {
    error: "expected scheme, host and port alone, such as https://api.example.com",
  });

/** Of any length here, and with messages of its own: no answer repeats a value that is wrong. */
const Value = z
  .string({ error: "expected text" })
  .meta({ description: "8 characters to 64 KiB of text. No answer contains it" });
const UNQUOTED = {
  error: ({ code }: { readonly code: string }) => (code === "invalid_type" ? "expected an object" : undefined),
};

/** A stored secret, without its value. */
export const Secret = z
  .object({
    name: z.string(),
    workspace: z.string().meta({ description: "`*`: assigned to all workspaces" }),
    origins: z.array(z.string()).meta({
      description:
        "Origins that may receive the value. Empty: those that the configuration gives to a key of this name",
    }),
    state: z
      .enum(["ready", "unreadable"])
      .meta({ description: "unreadable: it was encrypted with another master key, or its row was changed" }),
    fingerprint: z
      .string()
      .nullable()
      .meta({ description: "Changes with the value and with the master key. null for an unreadable secret" }),
    created_at: Instant,
    updated_at: Instant.meta({ description: "When the value was last set" }),
    updated_by: z.string().meta({ description: "The principal that last set the value" }),
    last_used_at: Instant.nullable().meta({ description: "Rounded to the minute" }),
    used_by: z.object({ agents: z.array(z.string()), tool_servers: z.array(z.string()) }).meta({
      description: "Agents and tool servers of the workspace that name the secret, if the caller may list them",
    }),
  })
  .meta({ id: "Secret" });
export type Secret = z.infer<typeof Secret>;
export const SecretPage = page(Secret).meta({ id: "SecretPage" });

export const SecretQuery = ListQuery;

export const SetSecretBody = z
  .strictObject(
    {
      value: Value,
      origins: z.array(Origin).max(20).default([]).meta({
        description:
          "Origins that may receive the value. Default: those that the configuration gives to a key of this name",
      }),
    },
    UNQUOTED,
  )
  .meta({ id: "SetSecret" });

export const RotateSecretBody = z.strictObject({ value: Value }, UNQUOTED).meta({ id: "RotateSecret" });

export const RotatedSecretKey = z
  .object({ secrets: z.int().meta({ description: "Number of secrets that were encrypted again" }) })
  .meta({ id: "RotatedSecretKey" });
