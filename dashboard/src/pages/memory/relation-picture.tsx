import { Link } from "@tanstack/react-router";
import type { MemoryGraph } from "../../../../src/api/contract/index.ts";
import { cx } from "../../parts/class-names.ts";
import { text } from "../../text.ts";
import { drawGraph } from "../graph/layout.ts";
import { Heads } from "../graph/picture.tsx";
import type { Flow } from "../graph/traffic.ts";

const words = text.memory;
/** How thick a line can become by strength, in the steps of the drawing. */
const STRENGTHS = 10;

type Props = { readonly graph: MemoryGraph; readonly middle: string };

/** Entities on a ring with lines between those that are related; drawn as the traffic between agents is. */
export function RelationPicture({ graph: { entities, relations }, middle }: Props) {
  const known = new Map(entities.map(({ entity }) => [entity.id, entity]));
  const { nodes, edges, width, height } = drawGraph([...known.keys()], flowsOf(relations));
  const label = (from: string, to: string) =>
    relations
      .filter((relation) => relation.from === from && relation.to === to)
      .map(({ type, bidirectional }) => (bidirectional ? `↔ ${type}` : type))
      .join(", ");
  return (
    <div
      role="group"
      aria-label={words.neighbourhood}
      tabIndex={0}
      className="overflow-x-auto rounded-lg border border-line bg-surface shadow-card"
    >
      <div className="relative mx-auto" style={{ width, height }}>
        <svg aria-hidden width={width} height={height} className="absolute inset-0">
          <Heads />
          {edges.map(({ flow: { from, to }, path, width: thickness, middle: { x, y } }) => (
            <g key={`${from} ${to}`}>
              <path
                d={path}
                strokeWidth={thickness / 2}
                markerEnd="url(#head)"
                className="fill-none stroke-model"
                strokeOpacity={0.7}
              />
              <text
                x={x}
                y={y}
                textAnchor="middle"
                className="fill-muted stroke-surface text-2xs [paint-order:stroke]"
                strokeWidth={4}
              >
                {label(from, to)}
              </text>
            </g>
          ))}
        </svg>
        <ul>
          {nodes.map(({ name: id, x, y }) => (
            <li key={id}>
              <Link
                to="/memory/$id"
                params={{ id }}
                aria-current={id === middle ? "page" : undefined}
                title={known.get(id)?.name}
                className={cx(
                  "absolute flex w-27 -translate-x-1/2 -translate-y-1/2 flex-col rounded-md border px-2 py-0.5 text-center",
                  id === middle ? "border-accent bg-accent-soft" : "border-line-strong bg-surface hover:bg-hover",
                )}
                style={{ left: x, top: y }}
              >
                <span className="truncate text-xs font-medium">{known.get(id)?.name ?? id}</span>
                <span className="truncate text-2xs text-muted">{known.get(id)?.type}</span>
              </Link>
            </li>
          ))}
        </ul>
      </div>
      {known.size > nodes.length ? (
        <p className="px-4 pb-2 text-xs text-muted">{words.notDrawn(known.size - nodes.length)}</p>
      ) : null}
    </div>
  );
}

/** Relations as the drawing wants them: one line for each pair, thicker the stronger. */
function flowsOf(relations: MemoryGraph["relations"]): readonly Flow[] {
  const flows = new Map<string, Flow>();
  for (const { from, to, strength, created_at: lastAt } of relations) {
    const key = `${from} ${to}`;
    const messages = Math.max(flows.get(key)?.messages ?? 1, Math.round(strength * STRENGTHS));
    flows.set(key, { from, to, messages, failures: 0, lastAt });
  }
  return [...flows.values()];
}
