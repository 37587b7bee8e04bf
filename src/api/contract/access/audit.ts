import * as z from "zod";
import { ListQuery, page } from "../problem.ts";

export const AuditOutcome = z.enum(["allowed", "denied", "failed"]);

/** A record of the audit log. */
export const AuditEntry = z
  .object({
    seq: z.int().meta({ description: "Position in the chain; the first record is 1" }),
    time: z.string(),
    event: z.string().meta({
      description:
        "Event type, for example LoginFailure, AccessDenied, AgentDeployed, ConfigurationChanged or AccessGranted",
    }),
    principal: z.string().meta({ description: "key_<id>, participant_<name>, setup, local, or anonymous" }),
    kind: z.string(),
    name: z.string(),
    on_behalf_of: z.string().nullable(),
    operation: z.string().meta({ description: "Name of the operation; access.authenticate for failed authentication" }),
    permission: z.string().nullable(),
    target: z
      .record(z.string(), z.string())
      .meta({ description: "Parameters of the path, and the id of what was created" }),
    workspace: z.string(),
    outcome: z.string().meta({ description: "allowed, denied or failed" }),
    code: z.string().nullable().meta({ description: "Error code; null if allowed" }),
    count: z.int().meta({ description: "Denials that this record stands for" }),
    request_id: z.string(),
    address: z.string().meta({ description: "Address of the client" }),
    previous_hash: z.string(),
    hash: z.string().meta({ description: "SHA-256 of the canonical JSON of the record without this field" }),
  })
  .meta({ id: "AuditRecord" });
export type AuditEntry = z.infer<typeof AuditEntry>;
export const AuditPage = page(AuditEntry).meta({ id: "AuditPage" });

export const AuditQuery = ListQuery.extend({
  principal: z.string().max(200).optional(),
  operation: z.string().max(100).optional(),
  outcome: AuditOutcome.optional(),
  since: z.iso.datetime().optional(),
  until: z.iso.datetime().optional(),
});

/** The result of a verification of the audit log. */
export const AuditVerification = z
  .object({
    intact: z.boolean(),
    records: z.int(),
    checkpoints: z.int(),
    first: z.int().meta({ description: "Number of the first record; 0 if there are none" }),
    last: z.int().meta({ description: "Number of the last intact record" }),
    public_key: z.string().meta({ description: "Ed25519 key of the checkpoints, hexadecimal" }),
    broken: z
      .object({ seq: z.int(), reason: z.string() })
      .nullable()
      .meta({ description: "The first record that is missing or was changed" }),
  })
  .meta({ id: "AuditVerification" });
export type AuditVerification = z.infer<typeof AuditVerification>;
