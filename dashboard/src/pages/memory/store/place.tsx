import type { MemoryFigures } from "../../../../../src/api/contract/index.ts";
import { Card, Fact } from "../../../parts/card.tsx";
import { cx } from "../../../parts/class-names.ts";
import { bytes, count } from "../../../parts/format/format.ts";
import { Progress } from "../../../parts/progress.tsx";
import { STORE } from "../../../text/memory/store.ts";
import { text } from "../../../text/text.ts";
import { percent } from "../entity/entity-words.ts";
import { WhereItIs } from "./location.tsx";

const words = text.memory;

/** Which place it is, what is in it as far as that can be read, and whether memory is on its way to another. */
export const Place = ({ figures }: { readonly figures: MemoryFigures | undefined }) => (
  <Card title={STORE.place}>
    <div className="space-y-4">
      {figures === undefined ? null : <Extent figures={figures} />}
      <div className={cx(figures !== undefined && "border-t border-line pt-3")}>
        <WhereItIs />
      </div>
    </div>
  </Card>
);

/** Size of memory, usage of its limits, and running index builds. */
function Extent({ figures }: { readonly figures: MemoryFigures }) {
  const { backend, bytes: size, model, indexed, passages_by_model: byModel, passages_without_vector: bare } = figures;
  const isAllIndexed = indexed >= 1;
  return (
    <>
      <dl className="flex flex-wrap gap-x-8 gap-y-3">
        <Fact name={words.keptIn}>{backend}</Fact>
        {size === null ? null : <Fact name={words.size}>{bytes(size)}</Fact>}
        <Fact name={words.model}>{model ?? figures.requested_model ?? words.noModel}</Fact>
        <Fact name={words.indexed}>{Math.floor(indexed * 100)} %</Fact>
        <Fact name={words.withoutVector}>{count(bare)}</Fact>
        {Object.entries(byModel)
          .filter(([name]) => name !== model)
          .map(([name, passages]) => (
            <Fact key={name} name={STORE.passages(name)}>
              {count(passages)}
            </Fact>
          ))}
      </dl>
      <Limits figures={figures} />
      {isAllIndexed ? null : (
        <div>
          <Progress label={STORE.indexing} share={indexed}>{`${Math.floor(indexed * 100)} %`}</Progress>
          <p className="mt-1 text-xs text-muted">{STORE.indexingNote}</p>
        </div>
      )}
      <ModelChange figures={figures} />
    </>
  );
}

function Limits({ figures }: { readonly figures: MemoryFigures }) {
  // There is room for millions of vectors: it is no matter before it comes to its end.
  const shown = figures.limits.filter((limit) => limit.what === "entities" || limit.near);
  return shown.map(({ what, used, max, near }) => {
    const said = STORE.usedOf(count(used), count(max), percent(used / max));
    return (
      <div key={what}>
        <div className="flex flex-wrap justify-between gap-x-3 text-xs">
          <span className="font-medium">{STORE.limits[what]}</span>
          <span className="text-muted tabular-nums">{said}</span>
        </div>
        <div
          role="meter"
          aria-label={STORE.used}
          aria-valuemin={0}
          aria-valuenow={used}
          aria-valuemax={max}
          aria-valuetext={said}
          className="mt-1 h-2 overflow-hidden rounded-full bg-idle-soft"
        >
          <div
            className={cx("h-full", used >= max ? "bg-bad" : near ? "bg-warn" : "bg-model")}
            style={{ width: `${Math.min(100, (used / max) * 100)}%` }}
          />
        </div>
        {near ? (
          <p role="status" className={cx("mt-1 text-xs", used >= max ? "text-bad" : "text-warn")}>
            {used >= max ? STORE.full[what] : STORE.near[what]}
          </p>
        ) : null}
      </div>
    );
  });
}

/** How many passages have a vector of the model that is wanted, while searches still go by another. */
function ModelChange({ figures }: { readonly figures: MemoryFigures }) {
  const { model, requested_model: wanted, passages_by_model: byModel, passages_without_vector: bare } = figures;
  if (model === null || wanted === null || model === wanted) return null;
  const all = (byModel[model] ?? 0) + bare;
  const done = Math.min(all, byModel[wanted] ?? 0);
  return (
    <div>
      <Progress label={STORE.changing(wanted)} share={all === 0 ? undefined : done / all}>
        {STORE.ofPassages(count(done), count(all))}
      </Progress>
      <p className="mt-1 text-xs text-muted">{STORE.changingNote}</p>
    </div>
  );
}
