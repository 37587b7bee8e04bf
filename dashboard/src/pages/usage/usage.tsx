import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Budget, BudgetAmount } from "../../../../src/api/contract/index.ts";
import { budgetsQuery, usageQuery } from "../../api/queries.ts";
import { Skeleton } from "../../parts/empty.tsx";
import { amount } from "../../parts/format/money.ts";
import { PageHeading } from "../../parts/page-heading.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Table, Td, Th } from "../../parts/table.tsx";
import { UsageBar } from "../../parts/usage-bar.tsx";
import { text } from "../../text/text.ts";
import { UsageTable } from "./usage-table.tsx";

/** What runs used and may use: today's budgets, and the last 30 days by day, agent and model. */
export function Usage() {
  const { data } = useQuery(usageQuery("day"));
  return (
    <>
      <PageHeading title={text.usage.title} />
      <div className="space-y-6">
        <Today />
        <UsageTable by="day" title={text.usage.byDay} />
        <UsageTable by="agent" title={text.usage.byAgent} />
        <UsageTable by="model" title={text.usage.byModel} />
        {data?.items.length === 0 ? <p className="text-sm text-muted">{text.usage.nothing}</p> : null}
      </div>
    </>
  );
}

function Today() {
  const { data, error, refetch } = useQuery(budgetsQuery);
  const words = text.usage;
  if (data === undefined) {
    return error === null ? <Skeleton lines={4} /> : <ProblemView error={error} onRetry={() => void refetch()} />;
  }
  const rows = data.items.flatMap((budget) => budget.amounts.map((each) => ({ budget, each })));
  return (
    <section aria-labelledby="todays-budgets" className="space-y-3">
      <div className="flex items-baseline gap-3">
        <h2 id="todays-budgets" className="text-sm font-semibold">
          {words.today}
        </h2>
        <span className="text-xs text-muted">{words.todayNote(data.day, data.time_zone)}</span>
      </div>
      {rows.length === 0 ? (
        <p className="text-sm text-muted">{words.none}</p>
      ) : (
        <Table label={words.today}>
          <thead>
            <tr>
              <Th>{words.columns.of}</Th>
              <Th className="max-sm:hidden">{words.columns.kind}</Th>
              <Th className="w-1/3 min-w-28 max-sm:hidden">{words.columns.share}</Th>
              <Th className="text-right!">{words.columns.used}</Th>
              <Th className="text-right!">{words.columns.limit}</Th>
              <Th className="max-sm:hidden">{words.columns.key}</Th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ budget, each }) => (
              <AmountRow key={`${budget.scope} ${budget.name} ${each.kind}`} budget={budget} amount={each} />
            ))}
          </tbody>
        </Table>
      )}
    </section>
  );
}

function AmountRow({ budget, amount: each }: { readonly budget: Budget; readonly amount: BudgetAmount }) {
  const words = text.usage;
  const of = budget.name === "" ? words.scopes[budget.scope] : `${words.scopes[budget.scope]} ${budget.name}`;
  const used = amount(each.kind, each.used);
  const limit = each.limit === null ? null : amount(each.kind, each.limit);
  const warned = each.state === "warning" || each.state === "used-up" ? words.states[each.state] : null;
  return (
    <tr className="border-b border-line last:border-b-0">
      <Td className="max-sm:[overflow-wrap:anywhere] sm:whitespace-nowrap">
        {budget.scope === "agent" ? (
          <Link to="/agents/$name" params={{ name: budget.name }} className="text-accent hover:underline">
            {budget.name}
          </Link>
        ) : (
          of
        )}
        <span className="block text-xs text-muted sm:hidden">{words.kinds[each.kind]}</span>
      </Td>
      <Td className="max-sm:hidden">{words.kinds[each.kind]}</Td>
      <Td className="max-sm:hidden">
        {each.limit === null || limit === null ? null : (
          <span className="flex items-center gap-3">
            <UsageBar
              label={words.bar(of, words.kinds[each.kind], used, limit)}
              p50={0}
              max={each.used + each.reserved}
              limit={each.limit}
            />
            {warned === null ? null : <span className="shrink-0 text-xs whitespace-nowrap text-warn">{warned}</span>}
          </span>
        )}
      </Td>
      <Td className="text-right whitespace-nowrap">{used}</Td>
      <Td className="text-right whitespace-nowrap text-muted">
        {limit ?? words.noLimit}
        {warned === null ? null : <span className="block text-xs text-warn sm:hidden">{warned}</span>}
      </Td>
      <Td className="text-xs [overflow-wrap:anywhere] text-muted max-sm:hidden" title={each.file ?? undefined}>
        {each.key ?? ""}
      </Td>
    </tr>
  );
}
