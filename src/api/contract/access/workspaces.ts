import * as z from "zod";
import { type QuotaName, QUOTAS, WORKSPACE_NAME } from "../../../access/permissions/index.ts";
import { ListQuery, page } from "../problem.ts";

/** The name of a workspace. */
export const WorkspaceName = z.string().regex(WORKSPACE_NAME, {
  error: "1 to 63 lower-case letters, digits and -, which do not begin or end with -",
});

const Quota = z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional();
const described = (name: QuotaName) => Quota.meta({ description: QUOTAS[name] });

export const WorkspaceQuotas = z
  .strictObject({
    agents: described("agents"),
    tool_servers: described("tool_servers"),
    runs_per_minute: described("runs_per_minute"),
    concurrent_runs: described("concurrent_runs"),
    messages_per_minute: described("messages_per_minute"),
    file_bytes: described("file_bytes"),
    memory_entities: described("memory_entities"),
    secrets: described("secrets"),
  } satisfies Record<QuotaName, unknown>)
  .meta({ id: "WorkspaceQuotas", description: "Maximum amounts; one that is absent has no limit of its own" });

const Signatures = z.enum(["optional", "required"]).meta({
  description: "Whether messages need a signature. Every signature is verified in both cases. Default: optional",
});

const Description = z.string().max(500);

export const Workspace = z
  .object({
    name: z.string(),
    description: z.string(),
    state: z.enum(["active", "deleting"]).meta({
      description: "deleting: it accepts no requests; its content is being deleted",
    }),
    created_at: z.iso.datetime(),
    quotas: WorkspaceQuotas,
    signatures: Signatures,
  })
  .meta({ id: "Workspace" });
export type Workspace = z.infer<typeof Workspace>;
export const WorkspacePage = page(Workspace).meta({ id: "WorkspacePage" });
export const WorkspaceQuery = ListQuery;

export const CreateWorkspaceBody = z
  .strictObject({
    name: WorkspaceName,
    description: Description.default(""),
    quotas: WorkspaceQuotas.default({}),
    signatures: Signatures.default("optional"),
  })
  .meta({ id: "CreateWorkspace" });

export const UpdateWorkspaceBody = z
  .strictObject({
    description: Description.optional(),
    quotas: WorkspaceQuotas.optional().meta({ description: "Replaces all quotas" }),
    signatures: Signatures.optional(),
  })
  .meta({ id: "UpdateWorkspace" });

export const DeleteWorkspaceQuery = z.object({
  confirm: z.literal("true", { error: "confirm must be true: everything in the workspace is deleted permanently" }),
});
