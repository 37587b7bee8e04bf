import type { ReactNode } from "react";
import type { MemoryFigures } from "../../../../src/api/contract/index.ts";
import { cx } from "../../parts/class-names.ts";
import { bytes, count } from "../../parts/format/format.ts";
import { text } from "../../text/text.ts";

const words = text.memory;

/** Statistics of memory in one line; problems are highlighted. */
export function Figures({ figures }: { readonly figures: MemoryFigures }) {
  const { scopes, model, requested_model: wanted, indexed, passages_without_vector: bare, bytes: size } = figures;
  const sum = (what: "entities" | "observations" | "relations") =>
    count(scopes.reduce((total, scope) => total + scope[what], 0));
  return (
    <dl aria-label={words.figures} className="mb-3 flex flex-wrap gap-x-5 gap-y-1 text-xs">
      <Figure name={words.entities}>{sum("entities")}</Figure>
      <Figure name={words.observations}>{sum("observations")}</Figure>
      <Figure name={words.relations}>{sum("relations")}</Figure>
      <Figure name={words.model} className={model === wanted && model !== null ? "max-sm:hidden" : undefined}>
        {model ?? wanted ?? words.noModel}
        {model === null || wanted === null || wanted === model ? null : (
          <span className="ml-1 font-normal text-warn">{words.changingTo(wanted)}</span>
        )}
      </Figure>
      <Figure name={words.keptIn} className="max-sm:hidden">
        {figures.backend}
      </Figure>
      {size === null ? null : (
        <Figure name={words.size} className="max-sm:hidden">
          {bytes(size)}
        </Figure>
      )}
      {indexed >= 1 ? null : (
        <Figure name={words.indexed}>
          <span className="text-warn">{Math.floor(indexed * 100)} %</span>
        </Figure>
      )}
      {figures.problem === null ? null : (
        <Figure name={words.problem}>
          <span className="text-bad">{figures.problem}</span>
        </Figure>
      )}
      {bare === 0 ? null : <Figure name={words.withoutVector}>{count(bare)}</Figure>}
      {figures.limits
        .filter(({ near }) => near)
        .map(({ what, used, max }) => (
          <Figure key={what} name={words.entityLimit}>
            <span className="text-warn">{words.usedOf(count(used), count(max))}</span>
          </Figure>
        ))}
    </dl>
  );
}

type FigureProps = { readonly name: string; readonly className?: string | undefined; readonly children: ReactNode };

const Figure = ({ name, className, children }: FigureProps) => (
  <div className={cx("flex min-w-0 gap-1.5", className)}>
    <dt className="text-muted">{name}</dt>
    <dd className="min-w-0 font-medium [overflow-wrap:anywhere]">{children}</dd>
  </div>
);
