import { useQuery } from "@tanstack/react-query";
import { ArrowRight, Pencil, Plus, Trash2 } from "lucide-react";
import { use, useState } from "react";
import { operations } from "../../../../src/api/contract/index.ts";
import { deleteWorkspace, keysQuery, type Workspace, workspacesQuery } from "../../api/access.ts";
import { openWorkspace } from "../../api/workspace.ts";
import { Button, IconButton } from "../../parts/button.tsx";
import { Chip } from "../../parts/card.tsx";
import { DeleteDialog } from "../../parts/dialogs/delete-dialog.tsx";
import { Skeleton } from "../../parts/empty.tsx";
import { Ago } from "../../parts/format/ago.tsx";
import { IdentityContext } from "../../parts/permission.ts";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Row, Table, Td, Th } from "../../parts/table.tsx";
import { text } from "../../text/text.ts";
import { ChangeWorkspace, QUOTA_NAMES } from "./change-workspace.tsx";

const words = text.workspaces;

type Open = { readonly act: "create" } | { readonly act: "change" | "delete"; readonly chosen: Workspace };

/** It cannot be deleted. */
const DEFAULT = "default";

/** The workspaces of the server: list, create, change, open, delete. */
export function Workspaces() {
  const { data, error, refetch } = useQuery(workspacesQuery);
  const [open, setOpen] = useState<Open>();
  const close = () => setOpen(undefined);
  return (
    <section>
      <div className="mb-2 flex flex-wrap items-center gap-2">
        <h2 className="flex-1 text-sm font-semibold">{words.title}</h2>
        <Button size="small" needs={operations.workspace.create} onClick={() => setOpen({ act: "create" })}>
          <Plus aria-hidden />
          {words.create}
        </Button>
      </div>
      <p className="mb-2 text-sm text-muted">{words.note}</p>
      {data !== undefined ? (
        <Table label={words.title}>
          <thead>
            <tr>
              <Th>{words.columns.name}</Th>
              <Th>{words.columns.description}</Th>
              <Th>{words.columns.quotas}</Th>
              <Th>{words.columns.created}</Th>
              <Th>{words.columns.actions}</Th>
            </tr>
          </thead>
          <tbody>
            {data.map((each) => (
              <WorkspaceRow key={each.name} shown={each} onOpen={(act) => setOpen({ act, chosen: each })} />
            ))}
          </tbody>
        </Table>
      ) : error === null ? (
        <Skeleton lines={3} />
      ) : (
        <ProblemView error={error} onRetry={() => void refetch()} />
      )}
      {open?.act === "create" ? <ChangeWorkspace chosen={undefined} onClose={close} /> : null}
      {open?.act === "change" ? <ChangeWorkspace chosen={open.chosen} onClose={close} /> : null}
      {open?.act === "delete" ? <DeleteWorkspace name={open.chosen.name} onClose={close} /> : null}
    </section>
  );
}

type RowProps = { readonly shown: Workspace; readonly onOpen: (act: "change" | "delete") => void };

function WorkspaceRow({ shown, onOpen }: RowProps) {
  const { name, description, state, quotas, created_at: createdAt } = shown;
  const isHere = use(IdentityContext)?.workspace === name;
  const limited = QUOTA_NAMES.filter((quota) => quotas[quota] !== undefined);
  return (
    <Row>
      <Td className="font-medium whitespace-nowrap">
        <span className="flex items-center gap-2">
          {name}
          {isHere ? <Chip>{words.here}</Chip> : null}
          {state === "deleting" ? <Chip>{words.deleting}</Chip> : null}
        </span>
      </Td>
      <Td className="[overflow-wrap:anywhere]">{description}</Td>
      <Td className="text-xs">
        {limited.length === 0
          ? words.none
          : limited.map((quota) => (
              <span key={quota} className="block whitespace-nowrap">
                {words.quotas[quota]}: {quotas[quota]?.toLocaleString("en")}
              </span>
            ))}
      </Td>
      <Td className="whitespace-nowrap">
        <Ago at={createdAt} />
      </Td>
      <Td className="whitespace-nowrap">
        {state === "deleting" ? null : (
          <IconButton label={words.edit(name)} needs={operations.workspace.update} onClick={() => onOpen("change")}>
            <Pencil aria-hidden />
          </IconButton>
        )}
        {isHere || state === "deleting" ? null : (
          <IconButton label={words.open(name)} onClick={() => openWorkspace(name)}>
            <ArrowRight aria-hidden />
          </IconButton>
        )}
        {isHere || name === DEFAULT ? null : (
          <IconButton label={words.remove(name)} needs={operations.workspace.delete} onClick={() => onOpen("delete")}>
            <Trash2 aria-hidden />
          </IconButton>
        )}
      </Td>
    </Row>
  );
}

const DeleteWorkspace = ({ name, onClose }: { readonly name: string; readonly onClose: () => void }) => (
  <DeleteDialog
    name={name}
    title={words.removeTitle}
    action={words.removeAction}
    done={words.removed(name)}
    onClose={onClose}
    remove={async () => {
      await deleteWorkspace(name);
      onClose();
    }}
    backTo="/access"
    gone={["workspace", name]}
    stale={[workspacesQuery.queryKey, keysQuery.queryKey]}
  >
    <p className="text-sm">{words.removeNote(name)}</p>
  </DeleteDialog>
);
