import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { cutAtWords, type MemorySearchResult } from "../../../../../src/api/contract/index.ts";
import { memorySearchQuery, type Question } from "../../../api/memory/memory.ts";
import { buttonClass } from "../../../parts/button.tsx";
import { Chip } from "../../../parts/card.tsx";
import { Empty, Skeleton } from "../../../parts/empty.tsx";
import { useLastingError } from "../../../parts/problems/lasting-error.ts";
import { MoreButton } from "../../../parts/more-button.tsx";
import { rowLink } from "../../../parts/table.tsx";
import { text } from "../../../text/text.ts";
import { beginning } from "../beginning.ts";
import { MemoryProblem } from "../memory-problem.tsx";
import { scopeName } from "../scopes.ts";
import { ScoreBars, ScoreLegend } from "./score-bars.tsx";

const words = text.memory;
type Hit = MemorySearchResult["items"][number];

/** What answers the question, best first, with why; and what the search had to do without. */
export function HitList({ question }: { readonly question: Question }) {
  const list = useInfiniteQuery(memorySearchQuery(question));
  const { data, refetch, hasNextPage, isFetchNextPageError } = list;
  const error = useLastingError(list);
  const problem =
    error === null || isFetchNextPageError ? null : (
      <MemoryProblem error={error} onRetry={() => void refetch()} className="mb-3" />
    );
  if (data === undefined) return problem ?? <Skeleton lines={8} />;
  const hits = data.pages.flatMap(({ items }) => items);
  const tokens = data.pages.reduce((sum, page) => sum + page.tokens, 0);
  const notices = [...new Set(data.pages.flatMap((page) => page.notices))];
  const best = Math.max(...hits.map(({ score }) => score.total), Number.EPSILON);
  return (
    <section aria-label={words.hits}>
      {problem}
      <div role="status" className="mb-2 space-y-1 text-xs text-muted">
        <p>{words.hitsFound(hits.length, tokens, hasNextPage)}</p>
        {notices.map((notice) => (
          <p key={notice} className="text-warn">
            {words.notices[notice]}
          </p>
        ))}
      </div>
      {hits.length === 0 ? (
        <Empty title={words.nothingFound} note={words.nothingFoundNote}>
          <Link to="/memory" className={buttonClass()}>
            {words.clear}
          </Link>
        </Empty>
      ) : (
        <>
          <div className="mb-2">
            <ScoreLegend />
          </div>
          <ol className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface shadow-card">
            {hits.map((hit) => (
              <HitItem key={hit.entity.id} hit={hit} best={best} />
            ))}
          </ol>
        </>
      )}
      {hasNextPage ? (
        <MoreButton
          label={words.more}
          isLoading={list.isFetchingNextPage}
          error={isFetchNextPageError ? error : null}
          onMore={() => void list.fetchNextPage()}
          className="mt-3"
        />
      ) : null}
    </section>
  );
}

/** Facts shown of a hit, the best match first and darker; its page has all. */
const SHOWN = 3;
/** Characters of each that can stand in the lines it has. */
const SHOWN_CHARS = 600;

function HitItem({ hit: { entity, score, facts }, best }: { readonly hit: Hit; readonly best: number }) {
  const { id, name, type, scope } = entity;
  return (
    <li className="relative flex flex-wrap gap-x-6 gap-y-2 px-4 py-3 hover:bg-hover">
      <div className="min-w-0 flex-1 basis-72">
        <p className="flex flex-wrap items-center gap-2">
          <Link to="/memory/$id" params={{ id }} data-row-link className={`${rowLink} [overflow-wrap:anywhere]`}>
            <bdi>
              <Marked words={score.matched}>{name}</Marked>
            </bdi>
          </Link>
          <Chip>{type}</Chip>
          <span className="truncate text-xs text-muted" title={scope}>
            {scopeName(scope)}
          </span>
        </p>
        <ul className="mt-1 space-y-0.5 text-sm text-muted">
          {facts.slice(0, SHOWN).map((fact, at) => (
            <li
              key={fact.id}
              dir="auto"
              title={words.factScore(fact.score)}
              className={`line-clamp-3 [overflow-wrap:anywhere] ${at === 0 ? "text-ink" : ""}`}
            >
              <Marked words={score.matched}>{beginning(fact.text, SHOWN_CHARS)}</Marked>
            </li>
          ))}
        </ul>
      </div>
      <ScoreBars name={name} score={score} best={best} />
    </li>
  );
}

const Marked = ({ words: wanted, children }: { readonly words: readonly string[]; readonly children: string }) =>
  cutAtWords(children, wanted).map(({ text: piece, isMatch }, at) =>
    isMatch ? (
      <mark key={at} className="rounded-sm bg-warn-soft text-ink">
        {piece}
      </mark>
    ) : (
      piece
    ),
  );
