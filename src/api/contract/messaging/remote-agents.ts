import * as z from "zod";
import { JsonObject } from "../../../kernel/json.ts";
import { ListQuery, page } from "../problem.ts";

const Instant = z.iso.datetime();
const KEYS_MAX = 8;
const URL_CHARS_MAX = 2_000;
const SecretName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/, { error: "the name of a stored secret" });

const Auth = z
  .discriminatedUnion("type", [
    z.strictObject({ type: z.literal("none") }),
    z.strictObject({ type: z.literal("bearer"), secret: SecretName }),
    z.strictObject({
      type: z.literal("api-key"),
      secret: SecretName,
      header: z.string().regex(/^[A-Za-z0-9-]{1,100}$/, { error: "the name of a header" }),
    }),
  ])
  .meta({
    id: "RemoteAgentAuth",
    description: "Names a stored secret, which must be bound to the origin of the agent's address",
  });

/** An agent of another system. */
export const RemoteAgent = z
  .object({
    name: z.string(),
    url: z.string().meta({ description: "Address of the agent, or of its card" }),
    auth: Auth,
    is_signed: z.boolean().meta({ description: "Whether the card must be signed by one of the keys" }),
    title: z.string().meta({ description: "Name in the card" }),
    description: z.string(),
    version: z.string(),
    capabilities: z.array(z.string()).meta({ description: "Capabilities by the skills in its card" }),
    interfaces: z.array(z.object({ url: z.string(), binding: z.string(), version: z.string() })),
    open_tasks: z.int().meta({ description: "Number of its tasks that have not ended" }),
    added_at: Instant,
    checked_at: Instant.meta({ description: "When its card was last read. It is read every hour" }),
    problem: z
      .object({ code: z.string(), message: z.string() })
      .nullable()
      .meta({ description: "Why its card could not be read the last time" }),
  })
  .meta({ id: "RemoteAgent" });
export type RemoteAgent = z.infer<typeof RemoteAgent>;
export const RemoteAgentPage = page(RemoteAgent).meta({ id: "RemoteAgentPage" });
export const RemoteAgentQuery = ListQuery;

export const RemoteAgentName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_.-]{0,62}[A-Za-z0-9]$/, { error: "2 to 64 letters, digits and _.-, a letter first" })
  .meta({ description: "Name as a participant" });

export const AddRemoteAgentBody = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .max(URL_CHARS_MAX)
      .meta({
        description: "Address of the agent, or of its card",
        examples: ["https://agents.example.com/a2a/clerk"],
      }),
    auth: Auth.default({ type: "none" }),
    keys: z.array(JsonObject).max(KEYS_MAX).default([]).meta({
      description: "Public keys (JWK), one of which must have signed the card; default: it need not be signed",
    }),
  })
  .meta({ id: "AddRemoteAgent" });
