/**
 * The 22 communicative acts as they cross the wire. The room of messages has the list it reads by; this one is for the
 * schemas and for the dashboard, which loads nothing of the server's rooms. A pin keeps the two the same.
 */
export const PERFORMATIVES = [
  "accept-proposal",
  "agree",
  "cancel",
  "cfp",
  "confirm",
  "disconfirm",
  "failure",
  "inform",
  "inform-if",
  "inform-ref",
  "not-understood",
  "propagate",
  "propose",
  "proxy",
  "query-if",
  "query-ref",
  "refuse",
  "reject-proposal",
  "request",
  "request-when",
  "request-whenever",
  "subscribe",
] as const;
