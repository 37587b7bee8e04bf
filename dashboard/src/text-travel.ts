/** Words about runs that are made from other runs, and of comparing them. */
export const TRAVEL = {
  kin: {
    from: { fork: "Fork of", retry: "Retry of" },
    to: { fork: "Forked as", retry: "Retried as" },
    step: (step: number) => `from step ${step}`,
    compare: "compare",
  },
  fork: {
    open: "Fork from here",
    title: (step: number) => `Fork at step ${step}`,
    note: "A new run takes over the steps before this one and makes this one anew. Nothing before it is done again.",
    request: "Request",
    requestNote: "Changed, the prompts are filled anew",
    model: "Model",
    modelNote: "provider/model; empty: as before",
    revision: "Revision of the agent",
    revisionNote: "Empty: as before",
    start: "Start",
  },
  diff: {
    title: "Two runs compared",
    same: "The runs are alike in all but ids and times.",
    whole: "The runs as a whole",
    onlyA: "Only in the first",
    onlyB: "Only in the second",
    alike: (count: number) => (count === 1 ? "1 step is alike" : `${count} steps are alike`),
  },
};
