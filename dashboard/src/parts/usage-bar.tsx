import { cx } from "./class-names.ts";

type Props = {
  /** The whole in words, for those who do not see the bar. */
  readonly label: string;
  readonly p50: number;
  readonly max: number;
  readonly limit: number;
};

/** Past this share of a limit a tool is close to being stopped. */
const CLOSE = 0.8;

/** How much of a limit was used: a bar up to the most, a mark at the median. */
export function UsageBar({ label, p50, max, limit }: Props) {
  const percent = (value: number): number => (limit === 0 ? 0 : Math.min(100, (value / limit) * 100));
  const isClose = limit > 0 && max / limit >= CLOSE;
  return (
    <div role="img" aria-label={label} title={label} className="relative h-2 w-full min-w-16 bg-idle-soft">
      <div
        className={cx("absolute inset-y-0 left-0", max > 0 && "min-w-px", isClose ? "bg-warn" : "bg-tool")}
        style={{ width: `${percent(max)}%` }}
      />
      {p50 === 0 ? null : (
        <div className="absolute -inset-y-0.5 w-0.5 rounded-full bg-ink" style={{ left: `${percent(p50)}%` }} />
      )}
    </div>
  );
}
