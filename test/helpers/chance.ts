import * as fc from "fast-check";

// The same cases in every run, so that a run that fails says something of the change and not of the day.
// `PROPERTY_SEED=random npm test` draws others; a seed that fast-check reported draws those again.
const SEED = 20_261_121;
const asked = process.env["PROPERTY_SEED"];
if (asked !== "random") fc.configureGlobal({ seed: asked === undefined ? SEED : Number(asked) });
