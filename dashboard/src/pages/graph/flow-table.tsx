import { Link } from "@tanstack/react-router";
import { Ago } from "../../parts/format/ago.tsx";
import { cx } from "../../parts/class-names.ts";
import { count } from "../../parts/format/format.ts";
import { Row, Table, Td, Th } from "../../parts/table.tsx";
import { text } from "../../text/text.ts";
import type { Flow } from "./traffic.ts";

const words = text.graph;

/** The graph as a table, the busiest pair first; a pair leads to its messages. */
export function FlowTable({ flows }: { readonly flows: readonly Flow[] }) {
  const { columns } = words;
  return (
    <Table label={words.table}>
      <thead>
        <tr>
          <Th>{columns.from}</Th>
          <Th>{columns.to}</Th>
          <Th className="w-28 text-right max-sm:w-0">{columns.messages}</Th>
          <Th className="w-28 text-right max-sm:hidden">{columns.failures}</Th>
          <Th className="w-28 text-right max-sm:hidden">{columns.last}</Th>
        </tr>
      </thead>
      <tbody>
        {flows.map(({ from, to, messages, failures, lastAt }) => (
          <Row key={`${from} ${to}`}>
            <Td className="max-w-0 truncate">
              <Link
                to="/messages"
                search={{ sender: from, recipient: to }}
                className="font-medium text-accent hover:underline"
              >
                {from}
              </Link>
            </Td>
            <Td className="max-w-0 truncate">{to}</Td>
            <Td className="text-right">{count(messages)}</Td>
            <Td className={cx("text-right max-sm:hidden", failures > 0 ? "text-bad" : "text-muted")}>
              {count(failures)}
            </Td>
            <Td className="text-right text-muted max-sm:hidden">
              <Ago at={lastAt} />
            </Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
