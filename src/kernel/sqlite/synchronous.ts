/** How durable a commit is: `normal` survives the death of the process, `full` also a power failure, at the cost of an fsync. */
export type Synchronous = "normal" | "full";
