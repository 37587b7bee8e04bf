import { cx } from "../../../parts/class-names.ts";
import { text } from "../../../text/text.ts";
import { type Part, partsOf, reasonOf, type Score } from "./score-parts.ts";

const words = text.memory;

/** The colour of each part; what words add has that of the words which are marked. */
const FILLS: { readonly [Name in Part]: string } = {
  similarity: "bg-model",
  keyword: "bg-warn",
  graph: "bg-tool",
  recency: "bg-line-strong",
};
const PARTS = ["similarity", "keyword", "graph", "recency"] as const satisfies readonly Part[];
type Props = {
  readonly name: string;
  readonly score: Score;
  /** The score of the best hit: as long as a bar can be. */
  readonly best: number;
};

/** What a score is made of: one bar, with a piece for what each part adds, and the same in words and numbers. */
export function ScoreBars({ name, score, best }: Props) {
  const adds = partsOf(score);
  const shown: { readonly [Name in Part]: string } = {
    similarity: score.similarity === null ? words.notCompared : number(score.similarity),
    keyword: number(score.keyword),
    graph: number(score.graph),
    recency: `× ${number(score.recency)}`,
  };
  // What adds nothing is not worth a look, but for meaning where it was not even asked for.
  const visible = PARTS.filter((part) => adds[part] >= LEAST || (part === "similarity" && score.similarity === null));
  return (
    <div role="group" aria-label={words.scoreOf(name)} className="w-72 max-w-full shrink-0 space-y-1 text-xs">
      <div className="flex items-center gap-3">
        <div aria-hidden className="flex h-2.5 flex-1 gap-px overflow-hidden rounded-full bg-idle-soft">
          {PARTS.map((part) => (
            <span
              key={part}
              title={`${words.parts[part]}: ${shown[part]}`}
              className={cx("h-full", FILLS[part])}
              style={{ width: `${Math.min(100, Math.max(0, (adds[part] / best) * 100))}%` }}
            />
          ))}
        </div>
        <span className="text-sm font-semibold tabular-nums">
          <span className="sr-only">{words.score} </span>
          {number(score.total)}
        </span>
      </div>
      <dl className="flex flex-wrap gap-x-3 gap-y-0.5">
        {visible.map((part) => (
          <div key={part} title={words.partNotes[part]} className="flex items-center gap-1 whitespace-nowrap">
            <Swatch part={part} />
            <dt className="text-muted">{words.parts[part]}</dt>
            <dd className="tabular-nums">{shown[part]}</dd>
          </div>
        ))}
      </dl>
      <p className="text-muted [overflow-wrap:anywhere]">{reasonOf(score)}</p>
    </div>
  );
}

const Swatch = ({ part }: { readonly part: Part }) => (
  <span aria-hidden className={cx("size-2 shrink-0 rounded-xs", FILLS[part])} />
);

/** What the colours of all bars mean, once. */
export const ScoreLegend = () => (
  <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-muted">
    <span>{words.legend}</span>
    {PARTS.map((part) => (
      <span key={part} title={words.partNotes[part]} className="inline-flex items-center gap-1">
        <Swatch part={part} />
        {words.legendParts[part]}
      </span>
    ))}
  </p>
);

const number = (value: number): string => value.toFixed(2);
/** Less would be shown as nothing. */
const LEAST = 0.005;
