import { useQuery } from "@tanstack/react-query";
import type { UsageRow } from "../../../../src/api/contract/index.ts";
import { usageQuery, type UsageGroup } from "../../api/queries.ts";
import { Skeleton } from "../../parts/empty.tsx";
import { calendarDay, count } from "../../parts/format/format.ts";
import { cost } from "../../parts/format/money.ts";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Table, Td, Th } from "../../parts/table.tsx";
import { UsageBar } from "../../parts/usage-bar.tsx";
import { text } from "../../text/text.ts";

type Props = { readonly by: UsageGroup; readonly title: string };

/** The last 30 days by one of three, a bar each: of the cost, or of the tokens where nothing costs anything. Empty without usage. */
export function UsageTable({ by, title }: Props) {
  const { data, error, refetch } = useQuery(usageQuery(by));
  const words = text.usage;
  if (data === undefined) {
    return error === null ? <Skeleton lines={4} /> : <ProblemView error={error} onRetry={() => void refetch()} />;
  }
  if (data.items.length === 0) return null;
  const items = by === "day" ? data.items.toReversed() : data.items;
  const measure = data.total.usd > 0 ? (row: UsageRow) => row.usd : tokensOf;
  const most = Math.max(0, ...items.map(measure));
  return (
    <section aria-labelledby={`usage-by-${by}`} className="space-y-3">
      <div className="flex items-baseline gap-3">
        <h2 id={`usage-by-${by}`} className="text-sm font-semibold">
          {title}
        </h2>
        <span className="text-xs text-muted">{words.period}</span>
      </div>
      <Table label={title}>
        <thead>
          <tr>
            <Th>{words.rows.name}</Th>
            <Th className="w-1/3 min-w-28 max-sm:hidden">{words.rows.share}</Th>
            <Th className="text-right!">{words.rows.cost}</Th>
            <Th className="text-right!">{words.rows.tokens}</Th>
            <Th className="text-right! max-sm:hidden">{words.rows.calls}</Th>
            <Th className="text-right! max-sm:hidden">{words.rows.tools}</Th>
          </tr>
        </thead>
        <tbody>
          {items.map((row) => (
            <tr key={row.name} className="border-b border-line last:border-b-0">
              <Td className="[overflow-wrap:anywhere]">{by === "day" ? calendarDay(row.name) : row.name}</Td>
              <Td className="max-sm:hidden">
                {/* Its end is past the most of its likes: a bar that is not near a limit must not look so. */}
                <UsageBar
                  label={words.rowBar(row.name, cost(row))}
                  p50={0}
                  max={measure(row)}
                  limit={most === 0 ? 1 : most * 1.3}
                />
              </Td>
              <Td className="text-right whitespace-nowrap">{cost(row)}</Td>
              <Td className="text-right whitespace-nowrap text-muted">{count(tokensOf(row))}</Td>
              <Td className="text-right text-muted max-sm:hidden">{count(row.model_calls)}</Td>
              <Td className="text-right text-muted max-sm:hidden">{count(row.tool_calls)}</Td>
            </tr>
          ))}
        </tbody>
      </Table>
    </section>
  );
}

const tokensOf = (row: UsageRow): number => row.input_tokens + row.output_tokens;
