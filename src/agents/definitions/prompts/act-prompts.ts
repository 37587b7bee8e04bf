/** A message for use in a prompt; the content is the request. */
export type PromptMessage = {
  readonly performative: string;
  readonly sender: string;
  readonly conversationId: string;
  readonly protocol: string | undefined;
  /** Earlier messages of the conversation, oldest first, for templates that contain {{history}}. */
  readonly history: readonly { readonly sender: string; readonly performative: string; readonly text: string }[];
};

/** Tables of a definition that say how messages are put to the model, by the acts they are for. */
export const ACT_HANDLERS = {
  request_handler: ["request", "request-when", "request-whenever", "proxy", "propagate"],
  query_handler: ["query-if", "query-ref", "inform-if", "inform-ref"],
  inform_handler: ["inform", "confirm", "disconfirm", "agree"],
  cfp_handler: ["cfp"],
  propose_handler: ["propose"],
  accept_handler: ["accept-proposal"],
  reject_handler: ["reject-proposal"],
  subscribe_handler: ["subscribe"],
  failure_handler: ["failure", "not-understood", "refuse"],
} as const;
export type ActHandler = keyof typeof ACT_HANDLERS;
export const ACT_HANDLER_NAMES = [
  "request_handler",
  "query_handler",
  "inform_handler",
  "cfp_handler",
  "propose_handler",
  "accept_handler",
  "reject_handler",
  "subscribe_handler",
  "failure_handler",
] as const satisfies readonly ActHandler[];

/** The table that is for an act; undefined when none is. */
export const handlerOf = (performative: string): ActHandler | undefined =>
  ACT_HANDLER_NAMES.find((name) => ACT_HANDLERS[name].some((act) => act === performative));

type Wording = { readonly is: string; readonly toDo: string };

const BACK = "Your answer is sent back to the sender";

/** What each kind of message is called, and what a model is asked to do about it. */
const WORDS: { readonly [Handler in ActHandler]: Wording } = {
  request_handler: { is: "request", toDo: `Do what it asks and answer with the result. ${BACK}.` },
  query_handler: { is: "question", toDo: `Answer it. ${BACK}.` },
  inform_handler: {
    is: "information",
    toDo: "Take note of it and do what follows from it, if anything. No answer is expected.",
  },
  cfp_handler: {
    is: "call for proposals",
    toDo: `Propose on which terms you would do it, as one JSON object such as {"cost": 3, "seconds": 20}; do not do it yet. ${BACK} as your proposal.`,
  },
  propose_handler: {
    is: "proposal",
    toDo: "Accept or reject it with the tool reply (accept-proposal or reject-proposal). A plain answer rejects it, with your words as the reason.",
  },
  accept_handler: {
    is: "acceptance of your proposal",
    toDo: `Do now what you proposed and answer with the result. ${BACK}.`,
  },
  reject_handler: { is: "rejection of your proposal", toDo: "Take note of it. No answer is expected." },
  subscribe_handler: {
    is: "subscription",
    toDo: `State briefly which events you will report. ${BACK} as your agreement.`,
  },
  failure_handler: {
    is: "failure",
    toDo: "Take note of it and do what follows from it, if anything. No answer is expected.",
  },
};

/** The calls and awards of auctions, which ask for other answers. */
const CALL_OF_AUCTION: Wording = {
  is: "call of an auction",
  toDo: 'Answer with the highest price that you would pay, as one JSON object such as {"max_price": 30}. The server then bids for you up to it in the whole auction and does not reveal it. To bid only at this call, answer {"price": …}. To pass, refuse with the tool reply. Do no work yet.',
};
const AWARD_OF_AUCTION: Wording = {
  is: "award of an auction",
  toDo: "You have won at this price. Do what follows from it, if anything. No answer is expected.",
};

function wordingOf(content: string, { performative, protocol }: PromptMessage): Wording {
  const isSealed = content.includes('"auction":"sealed"');
  if (performative === "cfp" && (isSealed || protocol?.includes("auction") === true)) return CALL_OF_AUCTION;
  if (performative === "accept-proposal" && protocol === "fipa-auction-dutch") return AWARD_OF_AUCTION;
  const handler = handlerOf(performative);
  return handler === undefined ? OTHER : WORDS[handler];
}

const OTHER: Wording = { is: "message", toDo: `Answer it as is appropriate. ${BACK}.` };

/**
 * The request of a run that a message started: the content, and what is asked for. All that is not the content stands in lines of its own, in square brackets, so that a model and a reader can distinguish them.
 */
export function messageRequest(content: string, message: PromptMessage): string {
  const { performative, sender } = message;
  const { is, toDo } = wordingOf(content, message);
  return [`[${is} (${performative}) from ${sender}]`, content, `[${toDo}]`].join("\n");
}

/** Whether a template of an agent shows the earlier messages itself. */
export const showsHistory = (templates: Readonly<Record<string, string>>): boolean =>
  Object.values(templates).some((template) => /\bhistory\b/.test(template));

/** What templates know of a message besides its content. */
export const messageVariables = ({ performative, sender, conversationId, protocol, history }: PromptMessage) => ({
  performative,
  sender,
  conversation_id: conversationId,
  protocol: protocol ?? "",
  history: history.map((said) => `${said.sender} (${said.performative}): ${said.text}`).join("\n"),
});
