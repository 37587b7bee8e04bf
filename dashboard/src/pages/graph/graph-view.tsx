import type { Mailbox } from "../../../../src/api/contract/index.ts";
import { cx } from "../../parts/class-names.ts";
import { whoHas } from "../../parts/messages/message-words.ts";
import { text } from "../../text/text.ts";
import { useRoom } from "../../parts/room.ts";
import { drawGraph, type GraphEdge, type GraphNode } from "./layout.ts";
import type { Flow } from "./traffic.ts";

const words = text.graph;

type Props = {
  /** Who is there, whether they talk or not. */
  readonly names: readonly string[];
  readonly flows: readonly Flow[];
  readonly mailboxes: readonly Mailbox[];
  /** Of whom only what concerns them is shown strongly. */
  readonly chosen: string | undefined;
  readonly onChoose: (name: string) => void;
};

/** Names on a ring with lines between those who talk. The lines are for the eye, the names are buttons. */
export function GraphView({ names, flows, mailboxes, chosen, onChoose }: Props) {
  const [ref, roomPx] = useRoom<HTMLDivElement>();
  const { nodes, edges, width, height } = drawGraph(names, flows, roomPx);
  const concerns = ({ flow }: GraphEdge): boolean => chosen === undefined || flow.from === chosen || flow.to === chosen;
  return (
    <div
      ref={ref}
      role="group"
      aria-label={words.title}
      tabIndex={0}
      className="overflow-x-auto rounded-lg border border-line bg-surface shadow-card"
    >
      <div className="relative mx-auto" style={{ width, height }}>
        <svg aria-hidden width={width} height={height} className="absolute inset-0">
          <Heads />
          {edges.map((edge) => {
            const isBad = edge.flow.failures > 0;
            return (
              <path
                key={`${edge.flow.from} ${edge.flow.to}`}
                d={edge.path}
                strokeWidth={edge.width}
                markerEnd={isBad ? "url(#head-bad)" : "url(#head)"}
                className={cx("fill-none", isBad ? "stroke-bad" : "stroke-model", !concerns(edge) && "opacity-15")}
                strokeOpacity={0.7}
              >
                <title>{`${edge.flow.from} → ${edge.flow.to}: ${edge.flow.messages}`}</title>
              </path>
            );
          })}
        </svg>
        <ul>
          {nodes.map((node) => (
            <li key={node.name}>
              <NodeButton
                node={node}
                mailbox={mailboxes.find(({ name }) => name === node.name)}
                isChosen={node.name === chosen}
                onChoose={() => onChoose(node.name)}
              />
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

/** Arrow heads that do not grow with the lines. */
const Heads = () => (
  <defs>
    {[
      { id: "head", tone: "fill-model" },
      { id: "head-bad", tone: "fill-bad" },
    ].map(({ id, tone }) => (
      <marker
        key={id}
        id={id}
        viewBox="0 0 10 10"
        refX="7"
        refY="5"
        markerWidth="11"
        markerHeight="11"
        markerUnits="userSpaceOnUse"
        orient="auto"
      >
        <path d="M0 0 10 5 0 10z" className={tone} />
      </marker>
    ))}
  </defs>
);

type NodeProps = {
  readonly node: GraphNode;
  readonly mailbox: Mailbox | undefined;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
};

function NodeButton({ node: { name, x, y, sent, received }, mailbox, isChosen, onChoose }: NodeProps) {
  const isOpen = mailbox !== undefined && mailbox.breaker !== "closed";
  return (
    <button
      type="button"
      aria-pressed={isChosen}
      title={words.node(name, sent, received)}
      onClick={onChoose}
      className={cx(
        "absolute flex w-27 -translate-x-1/2 -translate-y-1/2 flex-col rounded-md border px-2 py-0.5 text-center",
        isChosen ? "border-accent bg-accent-soft" : "border-line-strong bg-surface hover:bg-hover",
        isOpen && "border-bad",
      )}
      style={{ left: x, top: y }}
    >
      <span className="sr-only">{words.node(name, sent, received)}</span>
      <span aria-hidden className="truncate text-xs font-medium">
        {name}
      </span>
      <span aria-hidden className="truncate text-2xs text-muted">
        {whoHas(name, mailbox)}
      </span>
    </button>
  );
}
