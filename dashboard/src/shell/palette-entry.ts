import type { LucideIcon } from "lucide-react";
import { text } from "../text/text.ts";

export type Group = keyof typeof text.palette.groups;

export type Entry = {
  readonly key: string;
  readonly group: Group;
  readonly label: string;
  readonly note: string;
  readonly icon: LucideIcon;
  /** Other words that find it. */
  readonly also: string;
  readonly act: () => void;
  /** Choosing it does not close the palette. */
  readonly stays?: true;
};

type Words = readonly [label: string, note: string, also?: string];

export const item = (group: Group, icon: LucideIcon, [label, note, also = ""]: Words, act: () => void): Entry => ({
  key: `${group} ${label} ${also}`,
  group,
  label,
  note,
  icon,
  also,
  act,
});

/** Maximum number of entries of a group before the rest is asked for. */
const GROUP_MAX = 8;
/** Groups whose entries are always all offered. */
const WHOLE: ReadonlySet<Group> = new Set(["page", "action"]);

/** Shorter words are in many ids. */
const ALSO_CHARS_MIN = 6;

/** Entries in which every word occurs, those with the words beside each other first. */
export function matching(entries: readonly Entry[], words: string): readonly Entry[] {
  const phrase = words.toLowerCase();
  const wanted = phrase.split(/\s+/).filter(Boolean);
  const hayOf = ({ label, note, group }: Entry) => `${label} ${note} ${text.palette.groups[group]}`.toLowerCase();
  const isIn = (word: string, entry: Entry) =>
    hayOf(entry).includes(word) || (word.length >= ALSO_CHARS_MIN && entry.also.toLowerCase().includes(word));
  const fit = entries.filter((entry) => wanted.every((word) => isIn(word, entry)));
  return [...new Set([...fit.filter((entry) => hayOf(entry).includes(phrase)), ...fit])];
}

/** The first entries of each group, then one that shows the rest of it. */
export function shortened(
  entries: readonly Entry[],
  open: ReadonlySet<Group>,
  more: (rest: readonly [Entry, ...Entry[]]) => Entry,
): readonly Entry[] {
  const groups = Map.groupBy(entries, ({ group }) => group);
  return [...groups].flatMap(([group, all]) => {
    const [next, ...rest] = all.slice(GROUP_MAX);
    return next === undefined || WHOLE.has(group) || open.has(group)
      ? all
      : [...all.slice(0, GROUP_MAX), more([next, ...rest])];
  });
}
