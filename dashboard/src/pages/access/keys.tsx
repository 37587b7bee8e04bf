import { useQuery } from "@tanstack/react-query";
import { Plus, RotateCw, Trash2 } from "lucide-react";
import { useState } from "react";
import { operations } from "../../../../src/api/contract/index.ts";
import { type ApiKey, keysQuery } from "../../api/access.ts";
import { Button, IconButton } from "../../parts/button.tsx";
import { cx } from "../../parts/class-names.ts";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { Ago } from "../../parts/format/ago.tsx";
import { fullTime } from "../../parts/format/format.ts";
import { EVERYWHERE } from "../../parts/permission.ts";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Row, Table, Td, Th } from "../../parts/table.tsx";
import { text } from "../../text/text.ts";
import { CreateKey } from "./create-key.tsx";
import { RevokeKey, RotateKey } from "./change-key.tsx";

const words = text.access.keys;

type Open = { readonly act: "create" } | { readonly act: "rotate" | "revoke"; readonly chosen: ApiKey };

/** API keys: list, create, rotate, revoke. */
export function Keys() {
  const { data, error, refetch } = useQuery(keysQuery);
  const [open, setOpen] = useState<Open>();
  const close = () => setOpen(undefined);
  return (
    <section>
      <div className="mb-2 flex flex-wrap items-center gap-2">
        <h2 className="flex-1 text-sm font-semibold">{words.title}</h2>
        <Button size="small" needs={operations.key.create} onClick={() => setOpen({ act: "create" })}>
          <Plus aria-hidden />
          {words.create}
        </Button>
      </div>
      {data !== undefined ? (
        <KeyTable keys={data} onOpen={setOpen} />
      ) : error === null ? (
        <Skeleton lines={4} />
      ) : (
        <ProblemView error={error} onRetry={() => void refetch()} />
      )}
      {open?.act === "create" ? <CreateKey onClose={close} /> : null}
      {open?.act === "rotate" ? <RotateKey chosen={open.chosen} onClose={close} /> : null}
      {open?.act === "revoke" ? <RevokeKey chosen={open.chosen} onClose={close} /> : null}
    </section>
  );
}

type TableProps = { readonly keys: readonly ApiKey[]; readonly onOpen: (open: Open) => void };

function KeyTable({ keys, onOpen }: TableProps) {
  if (keys.length === 0) return <Empty title={words.none} note={words.noneNote} command={words.command} />;
  return (
    <Table label={words.title}>
      <thead>
        <tr>
          <Th>{words.columns.name}</Th>
          <Th>{words.columns.role}</Th>
          <Th>{words.columns.workspace}</Th>
          <Th>{words.columns.state}</Th>
          <Th>{words.columns.expires}</Th>
          <Th>{words.columns.used}</Th>
          <Th>{words.columns.actions}</Th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <KeyRow key={key.id} shown={key} onOpen={onOpen} />
        ))}
      </tbody>
    </Table>
  );
}

function KeyRow({ shown, onOpen }: { readonly shown: ApiKey; readonly onOpen: TableProps["onOpen"] }) {
  const { id, name, role, workspace, state, expires_at: expiresAt, last_used_at: usedAt } = shown;
  return (
    <Row>
      <Td className="font-medium">
        {name}
        <span className="block font-mono text-xs font-normal text-muted">{id}</span>
      </Td>
      <Td>{role}</Td>
      <Td>{workspace === EVERYWHERE ? words.everywhere : workspace}</Td>
      <Td className={cx(state === "active" ? "text-good" : "text-muted")}>{words.states[state]}</Td>
      <Td className="whitespace-nowrap">{expiresAt === null ? words.never : fullTime(expiresAt)}</Td>
      <Td>{usedAt === null ? words.never : <Ago at={usedAt} />}</Td>
      <Td className="whitespace-nowrap">
        {state === "active" ? (
          <>
            <IconButton
              label={words.rotate(name)}
              needs={operations.key.rotate}
              onClick={() => onOpen({ act: "rotate", chosen: shown })}
            >
              <RotateCw aria-hidden />
            </IconButton>
            <IconButton
              label={words.revoke(name)}
              needs={operations.key.revoke}
              onClick={() => onOpen({ act: "revoke", chosen: shown })}
            >
              <Trash2 aria-hidden />
            </IconButton>
          </>
        ) : null}
      </Td>
    </Row>
  );
}
