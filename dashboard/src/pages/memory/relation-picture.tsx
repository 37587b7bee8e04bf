import { Link } from "@tanstack/react-router";
import { Maximize, ZoomIn, ZoomOut } from "lucide-react";
import { useMemo, useState } from "react";
import type { MemoryEntity, MemoryGraph } from "../../../../src/api/contract/index.ts";
import { IconButton } from "../../parts/button.tsx";
import { cx } from "../../parts/class-names.ts";
import { text } from "../../text.ts";
import { type Around, type AroundEdge, layAround } from "./around.ts";
import { PictureLegend } from "./picture-legend.tsx";
import { tintOf, tintsOf } from "./tints.ts";
import { useDrag } from "./use-drag.ts";
import { useZoom } from "./use-zoom.ts";

const words = text.memory;
/** With more lines their words would cover one another; then only those of the name that is pointed at are told. */
const WORDS_MAX = 24;
/** With more names the keyboard goes by the table, which has all of them. */
const STOPS_MAX = 40;
/** How strongly lines are drawn: few, many, those that are pointed at, and the others then. */
const INK = { few: 0.6, many: 0.25, near: 1, far: 0.1 } as const;

type Props = { readonly graph: MemoryGraph; readonly middle: string };

/** An entity with those around it on rings, to be zoomed and moved. */
export function RelationPicture({ graph, middle }: Props) {
  const picture = useMemo(() => layAround(graph, middle), [graph, middle]);
  const { frame, zoom, nearer, farther, fit, onKeyDown, onScroll } = useZoom(picture);
  const { width, height } = picture;
  const drag = useDrag();
  const types = graph.entities.map(({ entity }) => entity.type);
  const tints = tintsOf(types);
  return (
    <div className="relative rounded-lg border border-line bg-surface shadow-card">
      <div
        ref={frame}
        role="group"
        aria-label={words.picture}
        aria-keyshortcuts="+ - 0"
        tabIndex={0}
        onKeyDown={onKeyDown}
        onScroll={onScroll}
        {...drag}
        className="max-h-136 cursor-grab overflow-auto rounded-lg active:cursor-grabbing"
      >
        <div className="relative mx-auto overflow-hidden" style={{ width: width * zoom, height: height * zoom }}>
          <div className="origin-top-left" style={{ width, height, transform: `scale(${zoom})` }}>
            <Drawing picture={picture} graph={graph} middle={middle} tints={tints} />
          </div>
        </div>
      </div>
      <PictureLegend tints={tints} hasOthers={types.some((type) => !tints.has(type))} />
      <div role="group" aria-label={words.zoom} className="absolute top-1.5 right-1.5 flex rounded-md bg-surface/90">
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
  );
}

type DrawingProps = Props & { readonly picture: Around; readonly tints: ReadonlyMap<string, string> };

function Drawing({ picture, graph, middle, tints }: DrawingProps) {
  const [near, setNear] = useState<string | undefined>(undefined);
  const { nodes, edges, width, height } = picture;
  const ink = edges.length > STOPS_MAX ? INK.many : INK.few;
  const known = new Map(graph.entities.map(({ entity }) => [entity.id, entity]));
  const concerns = ({ from, to }: AroundEdge) => from === near || to === near;
  return (
    <>
      <svg aria-hidden width={width} height={height} className="absolute inset-0">
        <Head />
        {edges.map((edge) => (
          <path
            key={`${edge.from} ${edge.to}`}
            d={edge.path}
            strokeWidth={edge.width}
            markerEnd="url(#relation-head)"
            markerStart={edge.isBoth ? "url(#relation-head)" : undefined}
            className="fill-none stroke-model"
            strokeOpacity={near === undefined ? ink : concerns(edge) ? INK.near : INK.far}
          />
        ))}
      </svg>
      <ul>
        {nodes.map(({ id, x, y }) => (
          <li key={id}>
            <Name
              entity={known.get(id)}
              id={id}
              tint={tintOf(tints, known.get(id)?.type)}
              isMiddle={id === middle}
              isStop={nodes.length <= STOPS_MAX}
              at={{ x, y }}
              onNear={setNear}
            />
          </li>
        ))}
      </ul>
      <svg aria-hidden width={width} height={height} className="pointer-events-none absolute inset-0">
        {edges
          .filter((edge) => (near === undefined ? edges.length <= WORDS_MAX : concerns(edge)))
          .map((edge) => (
            <text
              key={`${edge.from} ${edge.to}`}
              x={edge.middle.x}
              y={edge.middle.y + 4}
              textAnchor="middle"
              className="fill-muted stroke-surface text-2xs [paint-order:stroke]"
              strokeWidth={4}
            >
              {edge.label}
            </text>
          ))}
      </svg>
    </>
  );
}

type NameProps = {
  readonly id: string;
  readonly entity: MemoryEntity | undefined;
  readonly tint: string;
  readonly isMiddle: boolean;
  /** Whether the keyboard stops at it. */
  readonly isStop: boolean;
  readonly at: { readonly x: number; readonly y: number };
  /** With its id while it is pointed at or in focus, without when it no longer is. */
  readonly onNear: (id: string | undefined) => void;
};

const Name = ({ id, entity, tint, isMiddle, isStop, at, onNear }: NameProps) => (
  <Link
    to="/memory/$id"
    params={{ id }}
    aria-current={isMiddle ? "page" : undefined}
    tabIndex={isStop ? undefined : -1}
    title={entity?.name}
    draggable={false}
    onMouseEnter={() => onNear(id)}
    onMouseLeave={() => onNear(undefined)}
    onFocus={() => onNear(id)}
    onBlur={() => onNear(undefined)}
    className={cx(
      "absolute flex w-27 -translate-x-1/2 -translate-y-1/2 flex-col rounded-md border px-2 py-0.5 text-center",
      isMiddle ? "border-accent bg-accent-soft" : "border-line-strong bg-surface hover:bg-hover",
    )}
    style={{ left: at.x, top: at.y }}
  >
    <span aria-hidden className={cx("absolute inset-y-1 left-0.5 w-1 rounded-full", tint)} />
    <span className="truncate text-xs leading-4 font-medium">
      <bdi>{entity?.name ?? id}</bdi>
    </span>
    <span className="truncate text-2xs leading-3.5 text-muted">{entity?.type}</span>
  </Link>
);

/** An arrow's head that does not grow with the line. */
const Head = () => (
  <defs>
    <marker
      id="relation-head"
      viewBox="0 0 10 10"
      refX="8"
      refY="5"
      markerWidth="9"
      markerHeight="9"
      markerUnits="userSpaceOnUse"
      orient="auto-start-reverse"
    >
      <path d="M0 0 10 5 0 10z" className="fill-model" />
    </marker>
  </defs>
);
