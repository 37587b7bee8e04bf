import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { firesQuery } from "./queries.ts";
import { Skeleton } from "../../parts/empty.tsx";
import { fullTime } from "../../parts/format/format.ts";
import { MoreButton } from "../../parts/more-button.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { StatePill } from "../../parts/state-pill.tsx";
import { Table, Td, Th } from "../../parts/table.tsx";
import { text } from "../../text/text.ts";

const words = text.triggers;

type Props = { readonly id: string; readonly label: string };

/** The events of a trigger, newest first, with links to their runs. */
export function Fires({ id, label }: Props) {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(firesQuery(id));
  if (data === undefined)
    return error === null ? <Skeleton lines={3} /> : <ProblemView error={error} onRetry={() => void refetch()} />;
  const fires = data.pages.flatMap(({ items }) => items);
  if (fires.length === 0) return <p className="mt-2 text-sm text-muted">{words.noFires}</p>;
  const { at, outcome, run, by, reason } = words.columns;
  return (
    <div className="mt-2 space-y-2">
      <Table label={label}>
        <thead>
          <tr>
            {[at, outcome, run, by, reason].map((title) => (
              <Th key={title}>{title}</Th>
            ))}
          </tr>
        </thead>
        <tbody>
          {fires.map((each) => (
            <tr key={each.key} className="border-b border-line last:border-b-0">
              <Td className="whitespace-nowrap">{fullTime(each.at)}</Td>
              <Td>{each.run_state === null ? each.outcome : <StatePill state={each.run_state} />}</Td>
              <Td>
                {each.run === null ? null : (
                  <Link to="/runs/$id" params={{ id: each.run }} className="font-mono text-xs text-accent underline">
                    {each.run.slice(-12)}
                  </Link>
                )}
              </Td>
              <Td>{each.caller?.name}</Td>
              <Td className="[overflow-wrap:anywhere]">{each.reason}</Td>
            </tr>
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
    </div>
  );
}
