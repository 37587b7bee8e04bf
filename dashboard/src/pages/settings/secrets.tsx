import { useQuery } from "@tanstack/react-query";
import { Plus, RotateCw, Trash2 } from "lucide-react";
import { useState } from "react";
import { operations, type Secret } from "../../../../src/api/contract/index.ts";
import { secretsQuery } from "../../api/secrets.ts";
import { Button, IconButton } from "../../parts/button.tsx";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { Ago } from "../../parts/format/ago.tsx";
import { EVERYWHERE } from "../../parts/permission.ts";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Row, Table, Td, Th } from "../../parts/table.tsx";
import { text } from "../../text/text.ts";
import { DeleteSecret } from "./delete-secret.tsx";
import { AddSecret, ReplaceSecret } from "./set-secret.tsx";

const words = text.settings.secrets;

type Open = { readonly act: "add" } | { readonly act: "replace" | "delete"; readonly secret: Secret };

/** Stored secrets, without values: list, add, replace, delete. */
export function Secrets() {
  const { data, error, refetch } = useQuery(secretsQuery);
  const [open, setOpen] = useState<Open>();
  const close = () => setOpen(undefined);
  return (
    <section>
      <div className="mb-2 flex flex-wrap items-center gap-2">
        <h2 className="flex-1 text-sm font-semibold">{words.title}</h2>
        <Button
          size="small"
          needs={operations.secret.set}
          disabled={data === undefined}
          onClick={() => setOpen({ act: "add" })}
        >
          <Plus aria-hidden />
          {words.add}
        </Button>
      </div>
      {data !== undefined ? (
        <SecretTable secrets={data} onOpen={setOpen} />
      ) : error === null ? (
        <Skeleton lines={2} />
      ) : (
        <ProblemView error={error} onRetry={() => void refetch()} />
      )}
      {open?.act === "add" ? <AddSecret secrets={data ?? []} onClose={close} /> : null}
      {open?.act === "replace" ? <ReplaceSecret secret={open.secret} onClose={close} /> : null}
      {open?.act === "delete" ? <DeleteSecret secret={open.secret} onClose={close} /> : null}
    </section>
  );
}

type TableProps = { readonly secrets: readonly Secret[]; readonly onOpen: (open: Open) => void };

function SecretTable({ secrets, onOpen }: TableProps) {
  if (secrets.length === 0) return <Empty title={words.none} note={words.noneNote} command={words.command} />;
  return (
    <Table label={words.title}>
      <thead>
        <tr>
          <Th>{words.columns.name}</Th>
          <Th>{words.columns.workspace}</Th>
          <Th>{words.columns.origins}</Th>
          <Th>{words.columns.fingerprint}</Th>
          <Th>{words.columns.created}</Th>
          <Th>{words.columns.updated}</Th>
          <Th>{words.columns.used}</Th>
          <Th>{words.columns.actions}</Th>
        </tr>
      </thead>
      <tbody>
        {secrets.map((secret) => (
          <SecretRow key={`${secret.workspace}/${secret.name}`} secret={secret} onOpen={onOpen} />
        ))}
      </tbody>
    </Table>
  );
}

function SecretRow({ secret, onOpen }: { readonly secret: Secret; readonly onOpen: TableProps["onOpen"] }) {
  const { name, workspace, origins, fingerprint, created_at: createdAt, updated_at: updatedAt } = secret;
  const isForAll = workspace === EVERYWHERE;
  return (
    <Row>
      <Td className="font-mono text-xs font-medium">{name}</Td>
      <Td className="whitespace-nowrap">{isForAll ? words.everywhere : workspace}</Td>
      <Td className="text-xs text-muted">{origins.length === 0 ? words.anyOrigin : origins.join(", ")}</Td>
      <Td className={fingerprint === null ? "text-bad" : "font-mono text-xs"}>{fingerprint ?? words.unreadable}</Td>
      <Td>
        <Ago at={createdAt} />
      </Td>
      <Td>
        <Ago at={updatedAt} />
        <span className="block text-xs text-muted">{words.by(secret.updated_by)}</span>
      </Td>
      <Td>
        {secret.last_used_at === null ? words.never : <Ago at={secret.last_used_at} />}
        <span className="block text-xs text-muted [overflow-wrap:anywhere]">{words.usedBy(secret.used_by)}</span>
      </Td>
      <Td className="whitespace-nowrap">
        <IconButton
          label={words.replaceName(name)}
          needs={isForAll ? operations.secret.rotateKey : operations.secret.rotate}
          onClick={() => onOpen({ act: "replace", secret })}
        >
          <RotateCw aria-hidden />
        </IconButton>
        <IconButton
          label={words.deleteName(name)}
          needs={isForAll ? operations.secret.rotateKey : operations.secret.delete}
          onClick={() => onOpen({ act: "delete", secret })}
        >
          <Trash2 aria-hidden />
        </IconButton>
      </Td>
    </Row>
  );
}
