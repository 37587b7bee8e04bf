import type { MemorySearchResult } from "../../../../src/api/contract/index.ts";
import { text } from "../../text.ts";

const words = text.memory;

type Props = {
  readonly name: string;
  readonly score: MemorySearchResult["items"][number]["score"];
  /** The score of the best hit: as long as a bar can be. */
  readonly best: number;
};

/** What a score is made of: a bar for what each part adds to it. */
export function ScoreBars({ name, score: { total, similarity, keyword, graph, recency }, best }: Props) {
  const sum = (similarity ?? 0) + keyword + graph;
  const parts = [
    { part: "similarity", adds: similarity ?? 0, shown: similarity === null ? words.notCompared : share(similarity) },
    { part: "keyword", adds: keyword, shown: share(keyword) },
    { part: "recency", adds: Math.abs(sum) * (recency - 1), shown: `× ${share(recency)}` },
    { part: "graph", adds: graph, shown: share(graph) },
  ] as const;
  return (
    <dl aria-label={words.scoreOf(name)} className="w-64 shrink-0 space-y-0.5 text-xs">
      <div className="flex justify-between">
        <dt className="font-medium">{words.score}</dt>
        <dd className="font-medium tabular-nums">{share(total)}</dd>
      </div>
      {parts.map(({ part, adds, shown }) => (
        <div key={part} title={words.partNotes[part]} className="relative flex items-center gap-2">
          <dt className="w-17 shrink-0 text-muted">{words.parts[part]}</dt>
          <dd className="flex min-w-0 flex-1 items-center gap-2">
            <span aria-hidden className="h-1.5 flex-1 rounded-full bg-idle-soft">
              <span
                className="block h-full rounded-full bg-model"
                style={{ width: `${Math.min(100, Math.max(0, (adds / best) * 100))}%` }}
              />
            </span>
            <span className="w-20 shrink-0 text-right text-muted tabular-nums">{shown}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

const share = (value: number): string => value.toFixed(2);
