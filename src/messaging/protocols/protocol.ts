import { type Performative } from "../acl/index.ts";

/**
 * Who makes a step. `participant`: a participant that the initiator addressed. `target`: one to which a recruiter forwarded the request
 * to; enters by answering. `deadline`: no message came by the time that was asked for. `rival`: the initiator did the
 * act to another participant.
 */
export type StepBy = "initiator" | "participant" | "target" | "deadline" | "rival";

/** One line of a protocol's table: in this state, this act by this role leads to that state. */
export type Step = {
  readonly by: StepBy;
  /** Undefined for a deadline. */
  readonly act: Performative | undefined;
  readonly from: string;
  readonly to: string;
  /** What it means, in words of the protocol. */
  readonly means: string;
  /** Counts as a further round of the same exchange. */
  readonly isRound: boolean;
  /** Not in the specification: what Caxton allows beyond it. */
  readonly isExtension: boolean;
};

/** How a participant's part of a conversation came out. */
export const ENDINGS = ["done", "refused", "rejected", "failed", "expired", "cancelled"] as const;
export type Ending = (typeof ENDINGS)[number];

/** One state of a participant's part. */
export type StepState = {
  readonly name: string;
  /** Whose turn it is: a deadline given by the other side holds in it. */
  readonly awaits: "initiator" | "participant" | "none";
  /** The outcome of the part; undefined while it is open. */
  readonly ending: Ending | undefined;
  /** Silence is usual here: an idle conversation does not end because of it. */
  readonly ignoresIdleTimeout: boolean;
  /** Nothing more is owed by this participant: the conversation ends with the others' parts. */
  readonly isPassive: boolean;
};

/** An interaction protocol: one table that holds for the initiator and each of the others. */
export type Protocol = {
  /** As in `fipa-request`. */
  readonly name: string;
  /** Its name in plain words. */
  readonly title: string;
  /** FIPA's document and status, as in `SC00026H, standard`. */
  readonly specification: string;
  /** What it is for, one sentence. */
  readonly purpose: string;
  /** Other names that mean it. */
  readonly aliases: readonly string[];
  /** Acts that may open it; each leads from `start`. */
  readonly opening: readonly Performative[];
  /** Whether the initiator may address further participants while it is open. */
  readonly canGrow: boolean;
  readonly states: ReadonlyMap<string, StepState>;
  readonly steps: readonly Step[];
  /** The step for a state, role and act (a deadline has none), or undefined. */
  step(from: string, by: StepBy, act: Performative | undefined): Step | undefined;
  /** Acts that a role may do in a state, in the table's order. */
  acts(from: string, by: StepBy): readonly Performative[];
};

/** Before the first message. */
export const START = "start";
/** The initiator cancelled it; the participant has not answered that yet. Every protocol has it. */
export const CANCELLING = "cancelling";
/** Cancelled, and the participant confirmed it. Every protocol has it. */
export const CANCELLED = "cancelled";
/** One side did not understand the other. Every protocol has it. */
export const MISUNDERSTOOD = "misunderstood";
/** The message that should have brought the participant in could not be delivered. Every protocol has it. */
export const UNREACHED = "unreached";
/** The conversation ended as a whole while this part was open. Every protocol has it. */
export const CLOSED = "closed";

/** How a table is written: see `tables.ts`. */
export type Draft = {
  readonly name: string;
  readonly title: string;
  readonly specification: string;
  readonly purpose: string;
  readonly aliases?: readonly string[];
  readonly canGrow?: boolean;
  /** Open states: which side acts next, and whether silence is usual. */
  readonly open: Readonly<Record<string, "initiator" | "participant" | "none" | "patient" | "passive">>;
  readonly ends: Readonly<Record<string, Ending>>;
  readonly steps: readonly DraftStep[];
};
type Flag = "round" | "extension";
/** `[by, act, from, to, means, …flags]`. */
export type DraftStep = readonly [
  by: StepBy,
  act: Performative | undefined,
  from: string,
  to: string,
  means: string,
  ...flags: readonly Flag[],
];

const COMMON: readonly StepState[] = [
  { name: CANCELLING, awaits: "participant", ending: undefined, ignoresIdleTimeout: false, isPassive: false },
  ending(CANCELLED, "cancelled"),
  ending(MISUNDERSTOOD, "failed"),
  ending(UNREACHED, "failed"),
  ending(CLOSED, "expired"),
];

/** A protocol from its table; the states that every protocol has are added. */
export function protocol(draft: Draft): Protocol {
  const steps = draft.steps.map(([by, act, from, to, means, ...flags]): Step => ({
    by,
    act,
    from,
    to,
    means,
    isRound: flags.includes("round"),
    isExtension: flags.includes("extension"),
  }));
  const states = new Map<string, StepState>();
  for (const [name, kind] of Object.entries(draft.open)) states.set(name, open(name, kind));
  for (const [name, how] of Object.entries(draft.ends)) states.set(name, ending(name, how));
  for (const state of COMMON) states.set(state.name, state);
  const table = {
    initiator: byState(),
    participant: byState(),
    target: byState(),
    deadline: byState(),
    rival: byState(),
  };
  for (const step of steps) {
    const acts = table[step.by].get(step.from) ?? new Map<Performative | undefined, Step>();
    table[step.by].set(step.from, acts.set(step.act, step));
  }
  const acts = (from: string, by: StepBy) =>
    [...(table[by].get(from)?.keys() ?? [])].filter((act) => act !== undefined);
  return {
    name: draft.name,
    title: draft.title,
    specification: draft.specification,
    purpose: draft.purpose,
    aliases: draft.aliases ?? [],
    opening: acts(START, "initiator"),
    canGrow: draft.canGrow ?? false,
    states,
    steps,
    step: (from, by, act) => table[by].get(from)?.get(act),
    acts,
  };
}

const byState = () => new Map<string, Map<Performative | undefined, Step>>();

function ending(name: string, how: Ending): StepState {
  return { name, awaits: "none", ending: how, ignoresIdleTimeout: false, isPassive: false };
}

function open(name: string, kind: Draft["open"][string]): StepState {
  return {
    name,
    awaits: kind === "patient" || kind === "passive" ? "none" : kind,
    ending: undefined,
    ignoresIdleTimeout: kind === "patient",
    isPassive: kind === "passive",
  };
}
