import type { MemoryFigures } from "../../../../src/api/contract/index.ts";
import { Card, Fact } from "../../parts/card.tsx";
import { bytes, count } from "../../parts/format.ts";
import { text } from "../../text.ts";

const words = text.memory;

/** How much is kept; and where it is less than it could be, how far it can be searched and how near it is to its limit. */
export function Figures({ figures }: { readonly figures: MemoryFigures }) {
  const { scopes, model, wanted_model: wanted, indexed, passages_without_vector: bare, bytes: size } = figures;
  const sum = (what: "entities" | "observations" | "relations") =>
    count(scopes.reduce((total, scope) => total + scope[what], 0));
  return (
    <Card className="mb-4">
      <dl aria-label={words.figures} className="flex flex-wrap gap-x-8 gap-y-3">
        <Fact name={words.entities}>{sum("entities")}</Fact>
        <Fact name={words.observations}>{sum("observations")}</Fact>
        <Fact name={words.relations}>{sum("relations")}</Fact>
        <Fact name={words.model}>
          {model ?? wanted ?? words.noModel}
          {model === null || wanted === null || wanted === model ? null : (
            <span className="ml-1 font-normal text-warn">{words.changingTo(wanted)}</span>
          )}
        </Fact>
        <Fact name={words.keptIn}>{figures.backend}</Fact>
        {indexed >= 1 ? null : (
          <Fact name={words.indexed}>
            <span className="text-warn">{Math.floor(indexed * 100)} %</span>
          </Fact>
        )}
        {bare === 0 ? null : <Fact name={words.withoutVector}>{count(bare)}</Fact>}
        {figures.limits
          .filter(({ near }) => near)
          .map(({ what, used, max }) => (
            <Fact key={what} name={words.entityLimit}>
              <span className="text-warn">{words.usedOf(count(used), count(max))}</span>
            </Fact>
          ))}
        {size === null ? null : <Fact name={words.size}>{bytes(size)}</Fact>}
      </dl>
    </Card>
  );
}
