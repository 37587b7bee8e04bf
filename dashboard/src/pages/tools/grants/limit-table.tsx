import type { ToolServerRecord } from "../../../../../src/api/contract/index.ts";
import { bytes, duration, shortCount } from "../../../parts/format/format.ts";
import { UsageBar } from "../../../parts/usage-bar.tsx";
import { text } from "../../../text/text.ts";

export type Measure = {
  readonly name: string;
  readonly p50: number;
  readonly max: number;
  /** 0: no limit. */
  readonly limit: number;
  readonly show: (value: number) => string;
};

type Figures = Pick<ToolServerRecord["usage"]["tools"][number], "calls" | "fuel" | "memory_bytes" | "duration_ms">;

/** What calls used against the limits of their server; of several tools the most of all, and the largest median. */
export function measuresOf({ limits, sandboxed }: ToolServerRecord, tools: readonly Figures[]): readonly Measure[] {
  const words = text.tools.usage;
  const most = (pick: (figures: Figures) => number): number => Math.max(0, ...tools.map(pick));
  const time = {
    name: words.time,
    p50: most((figures) => figures.duration_ms.p50),
    max: most((figures) => figures.duration_ms.max),
    limit: limits.deadline_ms,
    show: duration,
  };
  if (!sandboxed) return [time];
  return [
    {
      name: words.fuel,
      p50: most(({ fuel }) => fuel.p50),
      max: most(({ fuel }) => fuel.max),
      limit: limits.fuel_per_call,
      show: shortCount,
    },
    {
      name: words.memory,
      p50: most((figures) => figures.memory_bytes.p50),
      max: most((figures) => figures.memory_bytes.max),
      limit: limits.memory_bytes,
      show: bytes,
    },
    time,
  ];
}

const share = ({ max, limit }: Measure): string => {
  if (limit === 0) return "–";
  const percent = (max / limit) * 100;
  return percent > 0 && percent < 0.1 ? "< 0.1 %" : `${percent.toFixed(percent < 10 ? 1 : 0)} %`;
};

type Props = { readonly label: string; readonly measures: readonly Measure[] };

export function LimitTable({ label, measures }: Props) {
  const words = text.tools.usage;
  const head = "px-3 py-1.5 text-left text-xs font-medium whitespace-nowrap text-muted first:pl-4 last:pr-4";
  const cell = "border-t border-line px-3 py-2 whitespace-nowrap first:pl-4 last:pr-4";
  return (
    <div role="group" aria-label={label} tabIndex={0} className="overflow-x-auto border-t border-line">
      <table aria-label={label} className="w-full border-collapse text-sm">
        <thead>
          <tr>
            <th scope="col" className={head}>
              {words.measure}
            </th>
            <th scope="col" className={`${head} text-right!`} title={words.p50Note}>
              {words.p50}
            </th>
            <th scope="col" className={`${head} text-right!`}>
              {words.max}
            </th>
            <th scope="col" className={`${head} w-1/2 min-w-28`}>
              {words.share}
            </th>
            <th scope="col" className={`${head} text-right!`}>
              {words.limit}
            </th>
          </tr>
        </thead>
        <tbody>
          {measures.map((measure) => (
            <tr key={measure.name}>
              <th scope="row" className={`${cell} text-left font-medium`}>
                {measure.name}
              </th>
              <td className={`${cell} text-right text-muted`}>{measure.show(measure.p50)}</td>
              <td className={`${cell} text-right`}>{measure.show(measure.max)}</td>
              <td className={cell}>
                <span className="flex items-center gap-3">
                  <UsageBar
                    label={words.bar(
                      measure.name,
                      measure.show(measure.p50),
                      measure.show(measure.max),
                      measure.show(measure.limit),
                    )}
                    p50={measure.p50}
                    max={measure.max}
                    limit={measure.limit}
                  />
                  <span className="w-14 shrink-0 text-right text-xs text-muted">{share(measure)}</span>
                </span>
              </td>
              <td className={`${cell} text-right text-muted`}>{measure.show(measure.limit)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
