import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Ban, Check, X, type LucideIcon } from "lucide-react";
import type { GrantUse } from "../../../../../src/api/contract/index.ts";
import { grantUsesQuery } from "../../../api/tool-servers.ts";
import { Ago } from "../../../parts/format/ago.tsx";
import { Button } from "../../../parts/button.tsx";
import { Choices } from "../../../parts/forms/choices.tsx";
import { cx } from "../../../parts/class-names.ts";
import { Empty, Skeleton } from "../../../parts/empty.tsx";
import { Select } from "../../../parts/forms/field.tsx";
import { bytes, duration } from "../../../parts/format/format.ts";
import { ProblemView } from "../../../parts/problems/problem-view.tsx";
import { Row, rowLink, Table, Td, Th } from "../../../parts/table.tsx";
import { USE_KINDS, USE_OUTCOMES } from "../../../search/search.ts";
import { text } from "../../../text/text.ts";
import { KIND_ICONS } from "./grant-list.tsx";

const route = getRouteApi("/tools/$server");

export const USE_LOOKS: {
  readonly [Each in GrantUse["outcome"]]: { readonly icon: LucideIcon; readonly ink: string };
} = {
  allowed: { icon: Check, ink: "text-good" },
  denied: { icon: Ban, ink: "text-bad" },
  failed: { icon: X, ink: "text-warn" },
};

/** What calls asked of the outside, allowed or not, newest first. */
export function UseList({ server }: { readonly server: string }) {
  const words = text.tools.uses;
  const { uses: outcome, kind } = route.useSearch();
  return (
    <section aria-label={words.title}>
      <div className="mb-3 flex flex-wrap items-end gap-x-4 gap-y-2">
        <div className="min-w-0 flex-1 basis-64">
          <h2 className="text-sm font-semibold">{words.title}</h2>
          <p className="text-xs text-muted">{words.note}</p>
        </div>
        <UseFilterBar />
      </div>
      <Uses server={server} outcome={outcome} kind={kind} />
    </section>
  );
}

function UseFilterBar() {
  const words = text.tools.uses;
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <search className="flex flex-wrap items-center gap-2">
      <Choices
        label={words.columns.outcome}
        value={search.uses}
        onChange={(uses) => void navigate({ search: { ...search, uses }, replace: true })}
        choices={[
          { value: undefined, label: words.any },
          ...USE_OUTCOMES.map((value) => ({
            value,
            label: words.outcomes[value],
            icon: <OutcomeIcon outcome={value} />,
          })),
        ]}
      />
      <Select
        data-filter
        aria-label={words.kind}
        value={search.kind ?? ""}
        onChange={(event) => {
          const kind = USE_KINDS.find((each) => each === event.target.value);
          void navigate({ search: { ...search, kind }, replace: true });
        }}
        className="w-auto!"
      >
        <option value="">{words.anyKind}</option>
        {USE_KINDS.map((kind) => (
          <option key={kind} value={kind}>
            {text.tools.grants.kinds[kind]}
          </option>
        ))}
      </Select>
    </search>
  );
}

export function OutcomeIcon({ outcome }: Pick<GrantUse, "outcome">) {
  const { icon: Icon, ink } = USE_LOOKS[outcome];
  return <Icon aria-hidden className={cx("size-3.5 shrink-0", ink)} />;
}

type Props = {
  readonly server: string;
  readonly outcome: GrantUse["outcome"] | undefined;
  readonly kind: GrantUse["kind"] | undefined;
};

function Uses({ server, outcome, kind }: Props) {
  const words = text.tools.uses;
  const list = useInfiniteQuery(grantUsesQuery(server, { outcome, kind }));
  if (list.data === undefined) {
    return list.error === null ? <Skeleton /> : <ProblemView error={list.error} onRetry={() => void list.refetch()} />;
  }
  const uses = list.data.pages.flatMap((page) => page.items);
  if (uses.length === 0) {
    const isFiltered = outcome !== undefined || kind !== undefined;
    return <Empty title={isFiltered ? words.emptyFilter : words.empty} note={words.emptyNote} />;
  }
  return (
    <>
      <Table label={words.title}>
        <thead>
          <tr>
            <Th>{words.columns.outcome}</Th>
            <Th>{words.columns.what}</Th>
            <Th className="max-md:hidden">{words.columns.agent}</Th>
            <Th className="text-right max-md:hidden">{words.columns.bytes}</Th>
            <Th className="text-right max-md:hidden">{words.columns.took}</Th>
            <Th className="text-right">{words.columns.at}</Th>
          </tr>
        </thead>
        <tbody>
          {uses.map((use, index) => (
            <UseRow key={`${use.at} ${index}`} use={use} />
          ))}
        </tbody>
      </Table>
      {list.hasNextPage ? (
        <Button
          size="small"
          className="mt-3"
          disabled={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {list.isFetchingNextPage ? text.actions.loading : text.actions.older}
        </Button>
      ) : null}
    </>
  );
}

function UseRow({ use }: { readonly use: GrantUse }) {
  const words = text.tools.uses;
  const Icon = KIND_ICONS[use.kind];
  return (
    <Row>
      <Td>
        <span className={cx("inline-flex items-center gap-1.5 text-xs font-medium", USE_LOOKS[use.outcome].ink)}>
          <OutcomeIcon outcome={use.outcome} />
          {words.outcomes[use.outcome]}
        </span>
        {use.reason === "" || use.reason === use.outcome ? null : (
          <span className="block font-mono text-2xs text-muted">{use.reason}</span>
        )}
      </Td>
      <Td className="min-w-48">
        <span className="flex items-start gap-2">
          <Icon aria-hidden className="mt-0.5 size-3.5 shrink-0 text-faint" />
          <span className="text-xs">
            <span className="text-muted">{use.operation}</span>{" "}
            <code className="font-mono [overflow-wrap:anywhere]">{use.target}</code>
          </span>
        </span>
      </Td>
      <Td className="text-xs text-muted max-md:hidden">
        {use.agent === null ? (
          words.byHand
        ) : (
          <Link to="/runs/$id" params={{ id: use.session }} data-row-link className={rowLink}>
            {use.agent}
          </Link>
        )}
      </Td>
      <Td className="text-right text-xs text-muted max-md:hidden">{use.bytes === 0 ? "–" : bytes(use.bytes)}</Td>
      <Td className="text-right text-xs text-muted max-md:hidden">
        {use.duration_ms === 0 ? "–" : duration(use.duration_ms)}
      </Td>
      <Td className="text-right text-xs text-muted">
        <Ago at={use.at} />
      </Td>
    </Row>
  );
}
