import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { ShieldCheck } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { type AuditFilter, type AuditOutcome, auditQuery, type AuditRecord, verifyAudit } from "../../api/audit.ts";
import { Button } from "../../parts/button.tsx";
import { cx } from "../../parts/class-names.ts";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { Field, Input, Select } from "../../parts/forms/field.tsx";
import { fullTime } from "../../parts/format/format.ts";
import { MoreButton } from "../../parts/more-button.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Row, Table, Td, Th } from "../../parts/table.tsx";
import { text } from "../../text/text.ts";

const words = text.audit;
const OUTCOMES = ["allowed", "denied", "failed"] as const satisfies readonly AuditOutcome[];

/** The audit log with filters, and its verification. */
export function Audit() {
  const [filter, setFilter] = useState<AuditFilter>({});
  return (
    <>
      <PageHeading title={text.pages.audit} note={words.note} />
      <div className="space-y-4">
        <Verification />
        <Filters filter={filter} onChange={setFilter} />
        <Records filter={useDeferredValue(filter)} />
      </div>
    </>
  );
}

/** Checks the hash of every record and the signature of every checkpoint. */
function Verification() {
  const { mutate, data, error, isPending } = useMutation({ mutationFn: verifyAudit });
  return (
    <div className="space-y-2">
      <div className="flex flex-wrap items-center gap-3">
        <Button size="small" disabled={isPending} onClick={() => mutate()}>
          <ShieldCheck aria-hidden />
          {isPending ? words.verifying : words.verify}
        </Button>
        <p role="status" className={cx("text-sm", data?.intact === false ? "font-medium text-bad" : "text-muted")}>
          {data === undefined
            ? ""
            : data.broken === null
              ? words.intact(data.records, data.checkpoints)
              : words.broken(data.broken.seq, data.broken.reason)}
        </p>
      </div>
      {error === null ? null : <ProblemView error={error} />}
    </div>
  );
}

type FiltersProps = { readonly filter: AuditFilter; readonly onChange: (filter: AuditFilter) => void };

/** Text of a filter; undefined if it is blank. */
const given = (value: string) => (value.trim() === "" ? undefined : value.trim());

function Filters({ filter, onChange }: FiltersProps) {
  return (
    <div className="grid gap-3 sm:grid-cols-3">
      <Field label={words.outcome}>
        {({ id }) => (
          <Select
            id={id}
            value={filter.outcome ?? ""}
            onChange={({ target }) =>
              onChange({ ...filter, outcome: OUTCOMES.find((outcome) => outcome === target.value) })
            }
          >
            <option value="">{words.any}</option>
            {OUTCOMES.map((outcome) => (
              <option key={outcome} value={outcome}>
                {words.outcomes[outcome]}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field label={words.operation}>
        {({ id }) => (
          <Input
            id={id}
            placeholder="agent.deploy"
            value={filter.operation ?? ""}
            onChange={({ target }) => onChange({ ...filter, operation: given(target.value) })}
          />
        )}
      </Field>
      <Field label={words.principal}>
        {({ id }) => (
          <Input
            id={id}
            placeholder="key_4GfTq1x9ZbLk"
            value={filter.principal ?? ""}
            onChange={({ target }) => onChange({ ...filter, principal: given(target.value) })}
          />
        )}
      </Field>
    </div>
  );
}

function Records({ filter }: { readonly filter: AuditFilter }) {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(auditQuery(filter));
  if (data === undefined)
    return error === null ? <Skeleton lines={6} /> : <ProblemView error={error} onRetry={() => void refetch()} />;
  const records = data.pages.flatMap(({ items }) => items);
  if (records.length === 0) return <Empty title={words.none} note={words.noneNote} command="caxton audit list" />;
  return (
    <>
      <Table label={text.pages.audit}>
        <thead>
          <tr>
            <Th>{words.columns.time}</Th>
            <Th>{words.columns.principal}</Th>
            <Th>{words.columns.operation}</Th>
            <Th>{words.columns.target}</Th>
            <Th>{words.columns.outcome}</Th>
            <Th>{words.columns.address}</Th>
          </tr>
        </thead>
        <tbody>
          {records.map((record) => (
            <RecordRow key={record.seq} record={record} />
          ))}
        </tbody>
      </Table>
      {hasNextPage ? (
        <MoreButton
          label={words.more}
          isLoading={isFetchingNextPage}
          error={error}
          onMore={() => void fetchNextPage()}
        />
      ) : null}
    </>
  );
}

function RecordRow({ record }: { readonly record: AuditRecord }) {
  const { seq, time, name, principal, operation, target, outcome, code, count, address } = record;
  const targets = Object.entries(target).map(([key, value]) => `${key} ${value}`);
  return (
    <Row>
      <Td className="whitespace-nowrap">
        {fullTime(time)}
        <span className="block text-xs text-muted">#{seq}</span>
      </Td>
      <Td>
        {name}
        <span className="block font-mono text-xs text-muted">{principal}</span>
      </Td>
      <Td className="font-mono text-xs">{operation}</Td>
      <Td className="text-xs [overflow-wrap:anywhere]">{targets.join(", ")}</Td>
      <Td className={outcome === "allowed" ? "text-muted" : "font-medium text-bad"}>
        {outcome}
        {count > 1 ? ` × ${count}` : ""}
        {code === null ? null : <code className="block text-xs">{code}</code>}
      </Td>
      <Td className="font-mono text-xs">{address}</Td>
    </Row>
  );
}
