import { type Task, type TaskDistribution, type TaskStatus } from "../../api/contract/index.ts";
import { oneLine, renderFields, renderTable, safeText, type Style, type Tone } from "../terminal/index.ts";

export const STATUS_TONES = {
  created: "dim",
  collecting: "cyan",
  evaluating: "cyan",
  working: "cyan",
  done: "green",
  failed: "red",
  cancelled: "dim",
} as const satisfies Record<TaskStatus, Tone>;

export const isOver = (status: TaskStatus): boolean =>
  status === "done" || status === "failed" || status === "cancelled";

/** How a task stands, as a person reads it. */
export function taskText(task: Task, style: Style, columns: number): string {
  const { name, status, assigned_to: winner, failure, result, due_at: due, bidders, auction } = task;
  const fields: (readonly [string, string])[] = [
    ["task", task.id],
    ["name", safeText(name)],
    ["status", style(STATUS_TONES[status], status)],
    ...(winner === null ? [] : [["given to", safeText(winner)] as const]),
    ...(auction === null ? [] : [["price", safeText(priceLine(task))] as const]),
    ...(due === null ? [] : [["until", due] as const]),
    ...(failure === null ? [] : [["failed", safeText(`${failure.message} [${failure.code}]`)] as const]),
    ...(result === null
      ? []
      : [["result", safeText(typeof result === "string" ? result : JSON.stringify(result))] as const]),
    ...task.subtasks.map((each) => ["subtask", `${each.id}  ${each.status}  ${safeText(each.name)}`] as const),
  ];
  const table =
    bidders.length === 0
      ? ""
      : `\n${renderTable(
          [
            { title: "BIDDER", value: (each) => safeText(each.name) },
            { title: "STATE", value: (each) => each.state },
            { title: "RANK", value: ({ rank }) => (rank === null ? "" : String(rank)) },
            { title: "BID", value: ({ bid }) => (bid === null ? "" : oneLine(JSON.stringify(bid))), shrinks: true },
            { title: "NOTE", value: ({ note }) => oneLine(note), shrinks: true },
          ],
          bidders,
          { widthMax: columns, wide: false, style },
        )}`;
  return `${renderFields(fields, { style, columns })}${table}`;
}

/** How far the price has come: "15 by bob, from 10 in steps of 5". */
function priceLine({ auction, protocol }: Task): string {
  if (auction === null) return "";
  const { start, step, reserve, leader, price, calls } = auction;
  if (protocol === "auction-sealed")
    return `${leader === null ? "sealed bids" : `${price} by ${leader}`}, ${auction.second_price ? "second price, " : ""}reserve ${reserve}`;
  const called = calls.at(-1)?.price ?? start;
  const now = leader === null ? `${called} called` : `${price} by ${leader}`;
  const way = protocol === "auction-dutch" ? "down" : "up";
  return `${now}, from ${start} ${way} in steps of ${step}, reserve ${reserve}`;
}

/** One line that says what has changed. */
export function changeLine(task: Task, style: Style): string {
  const { status, bidders, assigned_to: winner, failure, auction } = task;
  const proposals = bidders.filter(({ bid }) => bid !== null).length;
  const words = {
    created: "not distributed yet",
    collecting: auction === null ? `${proposals} of ${bidders.length} proposed` : priceLine(task),
    evaluating: `${proposals} proposals are compared`,
    working: `given to ${winner ?? ""}`,
    done:
      auction === null || auction.deliver
        ? `done by ${winner ?? ""}`
        : `${winner ?? ""} has it for ${auction.price ?? ""}`,
    failed: failure === null ? "" : `${failure.message} [${failure.code}]`,
    cancelled: "cancelled",
  } as const;
  return `${style(STATUS_TONES[status], status.padEnd(10))}  ${safeText(words[status])}\n`;
}

export function distributionText({
  status,
  assigned_to: winner,
  proposals_received: count,
  winning_bid: won,
  failure,
}: TaskDistribution): string {
  if (winner === null)
    return safeText(`${status}: ${failure === null ? "not awarded" : `${failure.message} [${failure.code}]`}\n`);
  const bid = won === null ? "" : `  ${oneLine(JSON.stringify(won.bid))}`;
  return safeText(`given to ${winner}, out of ${count} ${count === 1 ? "proposal" : "proposals"}${bid}\n`);
}
