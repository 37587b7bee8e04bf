import { Link } from "@tanstack/react-router";
import { memo } from "react";
import type { MemoryEntity } from "../../../../../src/api/contract/index.ts";
import { cx } from "../../../parts/class-names.ts";

type Props = {
  readonly id: string;
  readonly entity: MemoryEntity | undefined;
  readonly tint: string;
  readonly look: "middle" | "name" | "dot";
  /** Whether its type stands under its name. */
  readonly hasType: boolean;
  /** Whether the keyboard stops at it. */
  readonly isStop: boolean;
  /** Whether it is pointed at, or related to what is: a dot says its name then. */
  readonly isShown: boolean;
  readonly x: number;
  readonly y: number;
  /** How large it is as a dot, in pixels. */
  readonly dotSize: number | undefined;
  /** The side of the drawing; the label of a dot faces its middle. */
  readonly isRight: boolean;
  readonly isBelow: boolean;
  /** With its id while it is pointed at or in focus, without when it no longer is. */
  readonly onNear: (id: string | undefined) => void;
};

/** A name or dot of the drawing that links to its entity. Memoized: of hundreds, only changed ones render again. */
export const AroundName = memo(({ look, isShown, ...props }: Props) => {
  const { id, entity, tint, hasType, isStop, x, y, dotSize, onNear } = props;
  const isDot = look === "dot";
  return (
    <li>
      <Link
        to="/memory/$id"
        params={{ id }}
        aria-current={look === "middle" ? "page" : undefined}
        aria-label={isDot ? entity?.name : undefined}
        tabIndex={isStop ? undefined : -1}
        title={isDot ? undefined : entity?.name}
        draggable={false}
        onMouseEnter={() => onNear(id)}
        onMouseLeave={() => onNear(undefined)}
        onFocus={() => onNear(id)}
        onBlur={() => onNear(undefined)}
        className={cx(
          "absolute -translate-x-1/2 -translate-y-1/2",
          LOOKS[look],
          !isDot && (hasType ? "max-w-32" : "max-w-27"),
          isShown && "z-10",
          isDot && tint,
        )}
        style={{ left: x, top: y, width: dotSize, height: dotSize }}
      >
        {isDot ? (
          isShown ? (
            <Label {...props} />
          ) : null
        ) : (
          <>
            <span aria-hidden className={cx("absolute inset-y-1 left-0.5 w-1 rounded-full", tint)} />
            <span className="truncate text-xs leading-4 font-medium">
              <bdi>{entity?.name ?? id}</bdi>
            </span>
            {hasType ? <span className="truncate text-2xs leading-3.5 text-muted">{entity?.type}</span> : null}
          </>
        )}
      </Link>
    </li>
  );
});

/** What a dot says; it is in the way of no other dot. */
const Label = ({ id, entity, isRight, isBelow }: Pick<Props, "id" | "entity" | "isRight" | "isBelow">) => (
  <span
    className={cx(
      "pointer-events-none absolute my-0.5 w-max max-w-60 truncate rounded-md border border-line-strong bg-surface px-1.5 text-xs leading-5 font-medium shadow-pop",
      isRight ? "right-0" : "left-0",
      isBelow ? "bottom-full" : "top-full",
    )}
  >
    <bdi>{entity?.name ?? id}</bdi> <span className="font-normal text-muted">{entity?.type}</span>
  </span>
);

const FRAME = "z-1 flex w-max min-w-10 flex-col rounded-md border py-0.5 pr-2 pl-2.5 text-center";
const LOOKS = {
  middle: `${FRAME} border-accent bg-accent-soft`,
  name: `${FRAME} border-line-strong bg-surface hover:bg-hover`,
  dot: "rounded-full ring-1 ring-surface hover:ring-2 hover:ring-ink",
} as const;
