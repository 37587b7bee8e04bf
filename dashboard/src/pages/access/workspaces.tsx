import { useQuery } from "@tanstack/react-query";
import { ArrowRight, Pencil, Plus } from "lucide-react";
import { use, useState } from "react";
import { operations } from "../../../../src/api/contract/index.ts";
import { type Workspace, workspacesQuery } from "../../api/access.ts";
import { openWorkspace } from "../../api/workspace.ts";
import { Button, IconButton } from "../../parts/button.tsx";
import { Chip } from "../../parts/card.tsx";
import { Skeleton } from "../../parts/empty.tsx";
import { Ago } from "../../parts/format/ago.tsx";
import { IdentityContext } from "../../parts/permission.ts";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Row, Table, Td, Th } from "../../parts/table.tsx";
import { text } from "../../text/text.ts";
import { ChangeWorkspace, QUOTA_NAMES } from "./change-workspace.tsx";

const words = text.workspaces;

type Open = { readonly chosen: Workspace | undefined };

/** The workspaces of the server: list, create, change, open. */
export function Workspaces() {
  const { data, error, refetch } = useQuery(workspacesQuery);
  const [open, setOpen] = useState<Open>();
  return (
    <section>
      <div className="mb-2 flex flex-wrap items-center gap-2">
        <h2 className="flex-1 text-sm font-semibold">{words.title}</h2>
        <Button size="small" needs={operations.workspace.create} onClick={() => setOpen({ chosen: undefined })}>
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
              <WorkspaceRow key={each.name} shown={each} onChange={() => setOpen({ chosen: each })} />
            ))}
          </tbody>
        </Table>
      ) : error === null ? (
        <Skeleton lines={3} />
      ) : (
        <ProblemView error={error} onRetry={() => void refetch()} />
      )}
      {open === undefined ? null : <ChangeWorkspace chosen={open.chosen} onClose={() => setOpen(undefined)} />}
    </section>
  );
}

type RowProps = { readonly shown: Workspace; readonly onChange: () => void };

function WorkspaceRow({ shown: { name, description, quotas, created_at: createdAt }, onChange }: RowProps) {
  const isHere = use(IdentityContext)?.workspace === name;
  const limited = QUOTA_NAMES.filter((quota) => quotas[quota] !== undefined);
  return (
    <Row>
      <Td className="font-medium whitespace-nowrap">
        <span className="flex items-center gap-2">
          {name}
          {isHere ? <Chip>{words.here}</Chip> : null}
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
        <IconButton label={words.edit(name)} needs={operations.workspace.update} onClick={onChange}>
          <Pencil aria-hidden />
        </IconButton>
        {isHere ? null : (
          <IconButton label={words.open(name)} onClick={() => openWorkspace(name)}>
            <ArrowRight aria-hidden />
          </IconButton>
        )}
      </Td>
    </Row>
  );
}
