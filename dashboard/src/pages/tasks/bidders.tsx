import { useQuery } from "@tanstack/react-query";
import type { Task } from "../../../../src/api/contract/index.ts";
import { performanceQuery } from "../../api/tasks.ts";
import { Card } from "../../parts/card.tsx";
import { clockTime } from "../../parts/format/format.ts";
import { plainWords } from "../../parts/messages/plain-words.ts";
import { Row, Table, Td, Th } from "../../parts/table.tsx";
import { text } from "../../text/text.ts";

const words = text.tasks;
type Bidder = Task["bidders"][number];

const TONES: { readonly [State in Bidder["state"]]?: string } = {
  done: "text-good",
  accepted: "text-busy",
  failed: "text-bad",
  overdue: "text-bad",
  unreached: "text-bad",
};

/** Who was asked, what each proposed, and how each did before; the best first. */
export function Bidders({ task }: { readonly task: Task }) {
  const performance = useQuery(performanceQuery).data?.items ?? [];
  const { bidderColumns: columns } = words;
  if (task.bidders.length === 0) {
    return (
      <Card title={words.bidders}>
        <p className="text-sm text-muted">{words.noBidders}</p>
      </Card>
    );
  }
  const [capability = ""] = task.capabilities;
  const recordOf = (name: string) =>
    performance.find((each) => each.provider === name && each.capability === capability);
  return (
    <section aria-label={words.bidders}>
      <h2 className="mb-2 text-sm font-semibold">{words.bidders}</h2>
      <Table label={words.bidders}>
        <thead>
          <tr>
            <Th>{columns.name}</Th>
            <Th>{columns.state}</Th>
            <Th className="text-right max-sm:hidden">{columns.rank}</Th>
            <Th className="max-sm:hidden">{columns.bid}</Th>
            <Th className="max-sm:hidden">{columns.record}</Th>
            <Th className="max-md:hidden">{columns.note}</Th>
          </tr>
        </thead>
        <tbody>
          {task.bidders.toSorted(byRank).map((bidder) => {
            const record = recordOf(bidder.name);
            return (
              <Row key={bidder.name} className={bidder.name === task.assigned_to ? "bg-accent-soft" : ""}>
                <Td className="font-medium">
                  {bidder.name}
                  <div className="mt-1 text-xs font-normal sm:hidden">
                    <Bid bid={bidder.bid} />
                  </div>
                </Td>
                <Td className={TONES[bidder.state] ?? "text-muted"}>{words.bidderStates[bidder.state]}</Td>
                <Td className="text-right text-muted max-sm:hidden">{bidder.rank ?? ""}</Td>
                <Td className="text-xs max-sm:hidden">
                  <Bid bid={bidder.bid} />
                </Td>
                <Td className="text-muted max-sm:hidden">
                  {record === undefined ? words.newcomer : words.record(record.tasks, record.success_rate)}
                </Td>
                <Td className="text-muted [overflow-wrap:anywhere] max-md:hidden">{bidder.note}</Td>
              </Row>
            );
          })}
        </tbody>
      </Table>
    </section>
  );
}

/** What was proposed, a line for each member. */
const Bid = ({ bid }: Pick<Bidder, "bid">) =>
  bid === null ? null : (
    <ul>
      {Object.entries(bid).map(([name, value]) => (
        <li key={name} className="wrap-break-word">
          <span className="text-muted">{name}:</span>{" "}
          {typeof value === "string" ? value : plainWords(JSON.stringify(value))}
        </li>
      ))}
    </ul>
  );

const byRank = (one: Bidder, other: Bidder): number =>
  (one.rank ?? Number.POSITIVE_INFINITY) - (other.rank ?? Number.POSITIVE_INFINITY) || 0;

type Call = NonNullable<Task["auction"]>["calls"][number];

/** Prices that were called in an auction, in order. */
export function Calls({ calls }: { readonly calls: readonly Call[] }) {
  const { callColumns: columns } = words;
  return (
    <section aria-label={words.calls}>
      <h2 className="mb-2 text-sm font-semibold">{words.calls}</h2>
      <Table label={words.calls}>
        <thead>
          <tr>
            <Th className="text-right">{columns.price}</Th>
            <Th className="text-right">{columns.bids}</Th>
            <Th>{columns.leader}</Th>
            <Th className="text-right">{columns.at}</Th>
          </tr>
        </thead>
        <tbody>
          {calls.map((call) => (
            <Row key={`${call.price} ${call.at}`}>
              <Td className="text-right font-medium">{call.price}</Td>
              <Td className="text-right text-muted">{call.bids}</Td>
              <Td>{call.leader ?? <span className="text-muted">{words.noLeader}</span>}</Td>
              <Td className="text-right text-muted">{clockTime(Date.parse(call.at))}</Td>
            </Row>
          ))}
        </tbody>
      </Table>
    </section>
  );
}
