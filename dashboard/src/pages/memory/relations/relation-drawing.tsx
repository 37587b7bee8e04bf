import { Maximize, ZoomIn, ZoomOut } from "lucide-react";
import { useMemo, useState } from "react";
import type { MemoryGraph } from "../../../../../src/api/contract/index.ts";
import { IconButton } from "../../../parts/button.tsx";
import { text } from "../../../text/text.ts";
import { layAround } from "./around.ts";
import { AroundName } from "./around-name.tsx";
import { linesBetween, type RelationLine } from "./lines.ts";
import { ArrowHead, Lines, LineWords } from "./line-drawing.tsx";
import { frameOf, namedAt } from "./naming.ts";
import { DrawingLegend } from "./drawing-legend.tsx";
import { tintOf, tintsOf } from "./tints.ts";
import { useDrag } from "./use-drag.ts";
import { useZoom, type Zoomed } from "./use-zoom.ts";

const words = text.memory;
/** With more lines than this, labels would overlap: then only those at the pointer are shown. */
const WORDS_MAX = 24;
/** What stands outermost, and a little: half a name of a few, half a dot of many. */
const FEW = { margin: { x: 72, y: 26 }, least: 0.85 } as const;
const MANY = { margin: { x: 14, y: 14 }, least: 0.5 } as const;
/** Around what is drawn. */
const FREE = 8;
/** Half of a dot; where they stand closer than that it is smaller, so that each can be pointed at. */
const DOT = { most: 5, ofFull: 5.4 } as const;

type Props = { readonly graph: MemoryGraph; readonly middle: string };

/** An entity with those around it on rings, to be zoomed and moved. */
export function RelationDrawing({ graph, middle }: Props) {
  const around = useMemo(() => layAround(graph, middle), [graph, middle]);
  const zoomed = useMemo((): Zoomed => ({ reach: around.reach, ...(around.isCrowded ? MANY : FEW) }), [around]);
  const { frame, zoom, nearer, farther, fit, onKeyDown, onScroll } = useZoom(zoomed);
  const drag = useDrag();
  const types = graph.entities.map(({ entity }) => entity.type);
  const tints = tintsOf(types);
  const shown = useShown(graph, around, zoom);
  const { width, height } = shown;
  return (
    <div className="rounded-lg border border-line bg-surface shadow-card">
      <div
        ref={frame}
        role="group"
        aria-label={words.drawing}
        aria-keyshortcuts="+ - 0"
        tabIndex={0}
        onKeyDown={onKeyDown}
        onScroll={onScroll}
        {...drag}
        className="isolate max-h-136 cursor-grab overflow-auto rounded-lg active:cursor-grabbing"
      >
        <div className="relative mx-auto overflow-hidden" style={{ width, height }}>
          <Drawing shown={shown} middle={middle} tints={tints} origin={{ x: width / 2, y: height / 2 }} />
        </div>
      </div>
      <div className="flex items-start border-t border-line">
        <DrawingLegend
          tints={tints}
          hasOthers={types.some((type) => !tints.has(type))}
          named={shown.named.size - 1}
          all={shown.placed.length - 1}
        />
        <div role="group" aria-label={words.zoom} className="flex shrink-0">
          <IconButton label={words.zoomOut} onClick={farther}>
            <ZoomOut aria-hidden />
          </IconButton>
          <IconButton label={words.zoomIn} onClick={nearer}>
            <ZoomIn aria-hidden />
          </IconButton>
          <IconButton label={words.zoomFit} onClick={fit}>
            <Maximize aria-hidden />
          </IconButton>
        </div>
      </div>
    </div>
  );
}

type Shown = ReturnType<typeof useShown>;

/** What stands where, who is named and which lines there are, at a zoom; names and dots are as large at each. */
function useShown(graph: MemoryGraph, around: ReturnType<typeof layAround>, zoom: number) {
  const known = useMemo(() => new Map(graph.entities.map(({ entity }) => [entity.id, entity])), [graph]);
  return useMemo(() => {
    const hasTypes = !around.isCrowded;
    const frames = new Map([...known.values()].map((entity) => [entity.id, frameOf(entity, hasTypes)]));
    const named = namedAt(around, zoom, frames);
    const dot = Math.min(DOT.most, DOT.ofFull * zoom);
    const placed = around.nodes.map(({ id, x, y, hasRoom }) => ({
      id,
      x: x * zoom,
      y: y * zoom,
      half: (named.has(id) ? frames.get(id) : undefined) ?? { x: dot, y: dot },
      // The keyboard does not stop at each of many: the table has all of them.
      isStop: hasRoom && named.has(id),
    }));
    const across = (axis: "x" | "y") =>
      2 * placed.reduce((most, one) => Math.max(most, Math.abs(one[axis]) + one.half[axis] + FREE), 0);
    const lines = linesBetween(placed, graph.relations);
    return { known, hasTypes, named, placed, lines, width: across("x"), height: across("y") };
  }, [graph, around, zoom, known]);
}

type DrawingProps = {
  readonly shown: Shown;
  readonly middle: string;
  readonly tints: ReadonlyMap<string, string>;
  /** Position of the middle of the drawing. */
  readonly origin: { readonly x: number; readonly y: number };
};

function Drawing({ shown: { known, hasTypes, named, placed, lines }, middle, tints, origin }: DrawingProps) {
  const [near, setNear] = useState<string | undefined>(undefined);
  const concerned = useMemo(
    () => (near === undefined ? [] : lines.filter(({ from, to }) => from === near || to === near)),
    [near, lines],
  );
  // To whom the one that is pointed at is related; all of a hub's would cover one another.
  const shown = new Set(
    concerned.length > WORDS_MAX ? [near] : concerned.flatMap(({ from, to }): (string | undefined)[] => [from, to]),
  );
  const move = `translate(${origin.x} ${origin.y})`;
  return (
    <>
      <svg aria-hidden className="absolute inset-0 size-full">
        <ArrowHead />
        <g transform={move}>
          <Lines lines={lines} isDimmed={near !== undefined} />
          <Lines lines={concerned} isNear />
        </g>
      </svg>
      <ul>
        {placed.map(({ id, x, y, half, isStop }) => (
          <AroundName
            key={id}
            id={id}
            entity={known.get(id)}
            tint={tintOf(tints, known.get(id)?.type)}
            look={id === middle ? "middle" : named.has(id) ? "name" : "dot"}
            hasType={hasTypes}
            isStop={isStop}
            isShown={id === near || shown.has(id)}
            x={x + origin.x}
            y={y + origin.y}
            dotSize={named.has(id) ? undefined : half.x * 2}
            isRight={x > 0}
            isBelow={y > 0}
            onNear={setNear}
          />
        ))}
      </ul>
      <svg aria-hidden className="pointer-events-none absolute inset-0 z-5 size-full">
        <g transform={move}>
          <LineWords lines={wordsOf(near === undefined ? lines : concerned)} />
        </g>
      </svg>
    </>
  );
}

const wordsOf = (lines: readonly RelationLine[]): readonly RelationLine[] => (lines.length > WORDS_MAX ? [] : lines);
