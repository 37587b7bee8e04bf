import * as z from "zod";

const Instant = z.iso.datetime();

export const ToolSignIn = z
  .object({
    state: z.enum(["signed-in", "signed-out", "expired"]),
    reason: z.string().meta({ description: "Why a sign-in is needed; empty if it is not known to be" }),
    issuer: z.string().nullable().meta({ description: "The authorization server" }),
    scopes: z.array(z.string()),
    expires_at: Instant.nullable().meta({ description: "End of the current token, renewed before if possible" }),
    signed_in_by: z.string().nullable(),
    signed_in_at: Instant.nullable(),
  })
  .meta({ id: "ToolSignIn" });
export type ToolSignIn = z.infer<typeof ToolSignIn>;

export const BeginSignInBody = z
  .strictObject({
    redirect_uri: z
      .string()
      .max(1_000)
      .meta({ description: "Where the browser brings the response: an http address of the machine of the client" }),
  })
  .meta({ id: "BeginSignIn" });
export const BegunSignIn = z
  .object({
    url: z.string().meta({ description: "Where a person signs in" }),
    expires_at: Instant,
  })
  .meta({ id: "BegunSignIn" });

const Parameter = z.string().max(8_192);
export const SignInResponseBody = z
  .strictObject({
    state: Parameter,
    code: Parameter.optional(),
    iss: Parameter.optional(),
    error: Parameter.optional(),
    error_description: Parameter.optional(),
  })
  .meta({ id: "SignInResponse", description: "Query parameters that the authorization server adds to redirect_uri" });

export const SignOut = z
  .object({
    name: z.string(),
    was_signed_in: z.boolean(),
    revoked: z.boolean().meta({ description: "Whether the authorization server revoked the tokens" }),
  })
  .meta({ id: "SignOut" });
