import { cx } from "../../../parts/class-names.ts";
import { text } from "../../../text/text.ts";
import { OTHER } from "./tints.ts";

const words = text.memory;

type Props = {
  readonly tints: ReadonlyMap<string, string>;
  readonly hasOthers: boolean;
  /** How many around the middle have their names beside them, and how many there are. */
  readonly named: number;
  readonly all: number;
};

/** Legend of colors and lines of the drawing. */
export const DrawingLegend = ({ tints, hasOthers, named, all }: Props) => (
  <p
    aria-label={words.legendOfDrawing}
    role="group"
    className="flex min-w-0 flex-1 flex-wrap gap-x-3 gap-y-1 px-3 py-2 text-2xs text-muted"
  >
    {[...tints, ...(hasOthers ? [[words.otherTypes, OTHER] as const] : [])].map(([type, tint]) => (
      <span key={type} className="inline-flex max-w-40 items-center gap-1">
        <span aria-hidden className={cx("size-2 shrink-0 rounded-full", tint)} />
        <bdi className="truncate">{type}</bdi>
      </span>
    ))}
    <span>{words.thickness}</span>
    {named === all ? null : <span className="font-medium">{words.namedOf(named, all)}</span>}
  </p>
);
