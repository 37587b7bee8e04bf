const GOOD = "text-good bg-good-soft";
const BAD = "text-bad bg-bad-soft";
const WARN = "text-warn bg-warn-soft";
const BUSY = "text-busy bg-busy-soft";
const PLAIN = "text-idle bg-idle-soft";

/** The colours that the command line gives to acts. */
const LOOKS: { readonly [act: string]: string } = {
  failure: BAD,
  "not-understood": BAD,
  refuse: WARN,
  "reject-proposal": WARN,
  cancel: WARN,
  agree: GOOD,
  confirm: GOOD,
  inform: GOOD,
  "accept-proposal": GOOD,
  cfp: BUSY,
  propose: BUSY,
  request: BUSY,
};

/** How an act is coloured. */
export const actLook = (act: string): string => LOOKS[act] ?? PLAIN;

/** Whether the performative reports a failure. */
export const isFailure = (act: string): boolean => LOOKS[act] === BAD;
