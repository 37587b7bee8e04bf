import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { MemoryEntity } from "../../../../src/api/contract/index.ts";
import { entitiesQuery, type Narrowing } from "../../api/memory/memory.ts";
import { Ago } from "../../parts/format/ago.tsx";
import { buttonClass } from "../../parts/button.tsx";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { useLastingError } from "../../parts/problems/lasting-error.ts";
import { MoreButton } from "../../parts/more-button.tsx";
import { Row, rowLink, Table, Td, Th } from "../../parts/table.tsx";
import { text } from "../../text/text.ts";
import { beginning } from "./beginning.ts";
import { MemoryProblem } from "./memory-problem.tsx";
import { scopeName } from "./scopes.ts";

/** Characters that a line can have. */
const LINE_CHARS = 300;
const words = text.memory;

type Props = {
  readonly scopes: readonly string[];
  readonly narrowing?: Narrowing;
  /** Whether less was asked for than all there is. */
  readonly isFiltered: boolean;
  /** Text of an empty list; default: that of the page Memory. */
  readonly nothing?: ReactNode;
};

/** Entities by name, page by page. */
export function EntityList({ scopes, narrowing = {}, isFiltered, nothing }: Props) {
  const list = useInfiniteQuery(entitiesQuery({ scopes, ...narrowing }));
  const { data, refetch, hasNextPage, isFetchNextPageError } = list;
  const error = useLastingError(list);
  const problem =
    error === null || isFetchNextPageError ? null : (
      <MemoryProblem error={error} onRetry={() => void refetch()} className="mb-3" />
    );
  if (data === undefined) return problem ?? <Skeleton lines={8} />;
  const items = data.pages.flatMap((page) => page.items);
  if (items.length === 0)
    return (
      <>
        {problem}
        {nothing ?? <Nothing isFiltered={isFiltered} />}
      </>
    );
  return (
    <>
      {problem}
      <EntityTable entities={items} />
      <div className="mt-3 flex items-center gap-3 text-sm">
        <span className="shrink-0 text-muted">{words.shown(items.length, hasNextPage)}</span>
        {hasNextPage ? (
          <MoreButton
            label={words.more}
            isLoading={list.isFetchingNextPage}
            error={isFetchNextPageError ? error : null}
            onMore={() => void list.fetchNextPage()}
          />
        ) : null}
      </div>
    </>
  );
}

const Nothing = ({ isFiltered }: { readonly isFiltered: boolean }) =>
  isFiltered ? (
    <Empty title={words.none} note={words.noneNote}>
      <Link to="/memory" className={buttonClass()}>
        {words.clear}
      </Link>
    </Empty>
  ) : (
    <Empty title={words.empty} note={words.emptyNote} command={words.emptyCommand} />
  );

function EntityTable({ entities }: { readonly entities: readonly MemoryEntity[] }) {
  const { columns } = words;
  return (
    <Table label={words.entities}>
      <thead>
        <tr>
          <Th>{columns.name}</Th>
          <Th className="w-36 max-sm:w-24">{columns.type}</Th>
          <Th className="w-44 max-md:hidden">{columns.scope}</Th>
          <Th className="w-28 text-right max-sm:hidden">{columns.observations}</Th>
          <Th className="w-28 text-right max-sm:hidden">{columns.changed}</Th>
        </tr>
      </thead>
      <tbody>
        {entities.map(({ id, name, type, scope, observations, updated_at: updated }) => (
          <Row key={id}>
            <Td className="max-w-0">
              <Link to="/memory/$id" params={{ id }} data-row-link className={`${rowLink} block truncate`}>
                <bdi>{name}</bdi>
              </Link>
              {observations[0] === undefined ? null : (
                <span className="block truncate text-xs text-muted">
                  <bdi>{beginning(observations[0].text, LINE_CHARS)}</bdi>
                </span>
              )}
            </Td>
            <Td className="max-w-0 truncate text-muted">{type}</Td>
            <Td className="max-w-0 truncate text-muted max-md:hidden">
              <span title={scope}>{scopeName(scope)}</span>
            </Td>
            <Td className="text-right text-muted max-sm:hidden">{observations.length}</Td>
            <Td className="text-right text-muted max-sm:hidden">
              <Ago at={updated} />
            </Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
