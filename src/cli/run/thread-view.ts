import type * as z from "zod";
import type { Thread, threads } from "../../api/contract/index.ts";
import { ageColumn, type Column, renderFields, safeText, type Terminal } from "../terminal/index.ts";
import { STATE_TONES } from "./detail.ts";
import { addedLines, turnText } from "./turn-text.ts";

export const threadColumns = (nowMs: number): readonly Column<Thread>[] => [
  { title: "ID", value: ({ id }) => id },
  { title: "AGENT", value: ({ agent }) => agent },
  {
    title: "STATE",
    value: ({ state }) => state ?? "empty",
    tone: ({ state }) => (state === null ? undefined : STATE_TONES[state]),
  },
  ageColumn("USED", (each) => each.updated_at, nowMs),
  { title: "TITLE", value: ({ title }) => safeText(title), shrinks: true },
];

type Page = z.output<typeof threads.TurnPage>;

/** A thread and a page of its turns, oldest first. */
export const threadText = (thread: Thread, page: Page, terminal: Terminal): string =>
  [
    renderFields([...fieldsOf(thread), ...summaryOf(page)], terminal),
    ...page.items.toReversed().map(turnText),
    ...(page.added.length > 0 ? [["added since:", ...page.added.flatMap(addedLines), ""].join("\n")] : []),
  ].join("\n");

const fieldsOf = (each: Thread) =>
  [
    ["Thread", each.id],
    ["Title", safeText(each.title)],
    ["Agent", `${each.agent} revision ${each.revision ?? "latest"}`],
    ["State", each.state ?? "empty"],
    ["Tags", safeText(each.tags.join(", "))],
    ["Owner", safeText(each.owner)],
    ["Expires", each.expires_at ?? "never"],
  ] as const;

const summaryOf = ({ summary }: Page): (readonly [string, string])[] =>
  summary === null
    ? []
    : [["Summary", `${summary.tokens} tokens stand for the summarized turns: ${safeText(summary.text)}`]];
