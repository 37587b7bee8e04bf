import * as z from "zod";

/** Identity providers at which users log in. */
export const LoginProviders = z
  .object({
    items: z.array(
      z.object({
        name: z.string(),
        label: z.string(),
        path: z.string().meta({ description: "Where a browser begins; `to` is the page after the login" }),
        device: z
          .object({ issuer: z.url(), client_id: z.string(), scopes: z.array(z.string()) })
          .nullable()
          .meta({ description: "For logins on the command line; null if they are not configured" }),
      }),
    ),
  })
  .meta({ id: "LoginProviders" });
export type LoginProviders = z.infer<typeof LoginProviders>;
