import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useRef, useState } from "react";
import type { RunSummary } from "../../../../src/api/contract/index.ts";
import { Table } from "../../parts/table.tsx";
import { RunHead, RunRow } from "./run-rows.tsx";

const ROW_PX = 42;

type Props = { readonly label: string; readonly runs: readonly RunSummary[]; readonly withAgent?: boolean };

/** A table of any length of which only the rows in view are in the page. */
export function LongRunTable({ label, runs, withAgent = true }: Props) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    setTop((body.current?.getBoundingClientRect().top ?? 0) + scrollY);
  }, []);
  const virtual = useWindowVirtualizer({
    count: runs.length,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => runs[index]?.id ?? index,
    overscan: 12,
    scrollMargin: top,
  });
  const rows = virtual.getVirtualItems();
  const before = (rows[0]?.start ?? top) - top;
  const after = virtual.getTotalSize() - ((rows.at(-1)?.end ?? top) - top);
  return (
    <Table label={label} rows={runs.length + 1}>
      <RunHead withAgent={withAgent} />
      <tbody ref={body}>
        <Gap px={before} />
        {rows.map(({ index, key }) => {
          const run = runs[index];
          return run === undefined ? null : (
            <RunRow key={String(key)} run={run} index={index} measure={virtual.measureElement} withAgent={withAgent} />
          );
        })}
        <Gap px={after} />
      </tbody>
    </Table>
  );
}

const Gap = ({ px }: { readonly px: number }) =>
  px <= 0 ? null : (
    <tr aria-hidden style={{ height: px }}>
      <td colSpan={7} />
    </tr>
  );
