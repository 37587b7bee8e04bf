import { memo } from "react";
import type { RelationLine } from "./lines.ts";

/** With more lines they are drawn fainter and thinner, and without heads. */
const FEW = 40;
const MANY = 150;
/** How strongly lines are drawn: few, many, very many, those that are pointed at, and the others then. */
const INK = { few: 0.6, many: 0.25, most: 0.14, near: 1, far: 0.1 } as const;
const THINNER = 0.5;

type Props = {
  readonly lines: readonly RelationLine[];
  /** Of the name that is pointed at. */
  readonly isNear?: boolean;
  /** Others are pointed at. */
  readonly isDimmed?: boolean;
};

export function Lines({ lines, isNear = false, isDimmed = false }: Props) {
  const usual = lines.length > MANY ? INK.most : lines.length > FEW ? INK.many : INK.few;
  const isThin = lines.length > MANY;
  return (
    <g className="fill-none stroke-model" strokeOpacity={isNear ? INK.near : isDimmed ? INK.far : usual}>
      <Paths lines={lines} hasHeads={lines.length <= FEW} thinner={isThin ? THINNER : 1} />
    </g>
  );
}

type PathsProps = Pick<Props, "lines"> & { readonly hasHeads: boolean; readonly thinner: number };

/** Memoized: renders again only if the lines change, not when the pointer moves. */
const Paths = memo(({ lines, hasHeads, thinner }: PathsProps) =>
  lines.map((line) => (
    <path
      key={`${line.from} ${line.to}`}
      d={line.path}
      strokeWidth={line.width * thinner}
      markerEnd={hasHeads ? "url(#relation-head)" : undefined}
      markerStart={hasHeads && line.isBoth ? "url(#relation-head)" : undefined}
    />
  )),
);

/** What each line is. */
export const LineWords = ({ lines }: Pick<Props, "lines">) =>
  lines.map(({ from, to, middle, label }) => (
    <text
      key={`${from} ${to}`}
      x={middle.x}
      y={middle.y + 4}
      textAnchor="middle"
      className="fill-muted stroke-surface text-2xs [paint-order:stroke]"
      strokeWidth={4}
    >
      {label}
    </text>
  ));

/** An arrow's head that does not grow with the line. */
export const ArrowHead = () => (
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
